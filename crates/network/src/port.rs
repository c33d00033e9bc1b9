//! Ports of a container that are to be reached from elsewhere: `-p`, `--expose`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use fault::{Fault, Result};
use serde::{Deserialize, Serialize};

/// Of a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// RFC 9293.
    #[default]
    Tcp,
    /// RFC 768.
    Udp,
    /// RFC 9260.
    Sctp,
}

impl Protocol {
    /// In small letters.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }

    /// As packets have it.
    pub fn number(self) -> u8 {
        match self {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Sctp => 132,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Protocol {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Protocol> {
        match name.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Protocol::Tcp),
            "udp" => Ok(Protocol::Udp),
            "sctp" => Ok(Protocol::Sctp),
            _ => Err(Fault::invalid("--publish", format!("invalid proto: {name}"))),
        }
    }
}

/// A port of a container, as its image and people name it: `80/tcp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Exposed {
    /// Its number.
    pub port: u16,
    /// Of what.
    pub protocol: Protocol,
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}

/// A port of a container that one of this machine's is to lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The container's.
    pub port: u16,
    /// Of both.
    pub protocol: Protocol,
    /// This machine's address; nothing means all.
    pub host: Option<IpAddr>,
    /// This machine's port, or the first and the last that may be; nothing means any that is free.
    pub host_port: Option<(u16, u16)>,
}

/// `-p`: `[[IP:][HOST]:]CONTAINER[/PROTOCOL]`, where ports may be ranges, or `published=8080,target=80,protocol=tcp`.
///
/// Source of rules and words: github.com/docker/go-connections, `nat/nat.go`; docker/cli, `opts/port.go`.
pub fn publish(text: &str) -> Result<Vec<Publish>> {
    let standard = if text.contains('=') { from_pairs(text)? } else { text.to_string() };
    let wrong = |why: String| Fault::invalid("--publish", why);
    let (rest, protocol) = match standard.rsplit_once('/') {
        Some((rest, protocol)) => (rest, protocol.parse()?),
        None => (standard.as_str(), Protocol::Tcp),
    };
    let (front, container) = rest.rsplit_once(':').map_or((None, rest), |(front, port)| (Some(front), port));
    let (host, host_port) = match front.and_then(|front| front.rsplit_once(':')) {
        Some((address, port)) => (Some(address), port),
        None => (None, front.unwrap_or_default()),
    };
    if container.is_empty() {
        return Err(wrong(format!("no port specified: {text}<empty>")));
    }
    let host = host.filter(|host| !host.is_empty()).map(address).transpose()?;
    let ports = range(container).ok_or_else(|| wrong(format!("invalid containerPort: {container}")))?;
    let hosts = match host_port {
        "" => None,
        text => Some(range(text).ok_or_else(|| wrong(format!("invalid hostPort: {text}")))?),
    };
    let count = |(first, last): (u16, u16)| u32::from(last) - u32::from(first);
    if hosts.is_some_and(|hosts| count(hosts) != count(ports)) && count(ports) > 0 {
        return Err(wrong(format!(
            "invalid ranges specified for container and host Ports: {container} and {host_port}"
        )));
    }
    let one = |(at, port): (u16, u16)| Publish {
        port,
        protocol,
        host,
        // A range of this machine's for one of the container's: any of them.
        host_port: hosts
            .map(|(first, last)| if ports.0 == ports.1 { (first, last) } else { (first + at, first + at) }),
    };
    Ok((0..).zip(ports.0..=ports.1).map(one).collect())
}

/// Docker's long form.
fn from_pairs(text: &str) -> Result<String> {
    let (mut published, mut target, mut protocol) = (String::new(), String::new(), "tcp".to_string());
    for pair in text.split(',') {
        let wrong = || format!("invalid publish opts format (should be name=value but got '{pair}')");
        let (name, value) = pair.split_once('=').ok_or_else(|| Fault::invalid("--publish", wrong()))?;
        match name {
            "published" | "host_port" => published = value.to_string(),
            "target" | "container_port" => target = value.to_string(),
            "protocol" => protocol = value.to_string(),
            "mode" => {}
            _ => return Err(Fault::invalid("--publish", format!("invalid field key {name}"))),
        }
    }
    Ok(format!("{published}:{target}/{protocol}"))
}

fn address(text: &str) -> Result<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| Fault::invalid("--publish", format!("invalid IP address: {text}")))
}

/// One port, or the first and the last of several.
fn range(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    (first <= last && first > 0).then_some((first, last))
}

/// `--expose`: `PORT[-PORT][/PROTOCOL]`.
pub fn exposed(text: &str) -> Result<Vec<Exposed>> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if text.contains(':') {
        return Err(Fault::invalid("--expose", format!("invalid port format for --expose: {text}")));
    }
    let wrong =
        || format!("invalid range format for --expose: {text}, error: invalid containerPort: {ports}");
    let (first, last) = range(ports).ok_or_else(|| Fault::invalid("--expose", wrong()))?;
    let protocol = protocol
        .parse::<Protocol>()
        .map_err(|fault| Fault::invalid("--expose", fault.cause().unwrap_or_default().to_string()))?;
    Ok((first..=last).map(|port| Exposed { port, protocol }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let one = |one: Publish| {
            let host = one.host.map_or_else(|| "*".to_string(), |host| host.to_string());
            let ports =
                one.host_port.map_or_else(|| "any".to_string(), |(first, last)| format!("{first}-{last}"));
            format!("{host} {ports} {}/{}", one.port, one.protocol)
        };
        publish(text).unwrap().into_iter().map(one).collect()
    }

    #[test]
    fn all_forms() {
        for (text, expected) in [
            ("80", &["* any 80/tcp"][..]),
            ("8080:80", &["* 8080-8080 80/tcp"]),
            ("8080:80/udp", &["* 8080-8080 80/udp"]),
            ("8080:80/SCTP", &["* 8080-8080 80/sctp"]),
            ("127.0.0.1:8080:80", &["127.0.0.1 8080-8080 80/tcp"]),
            ("127.0.0.1::80", &["127.0.0.1 any 80/tcp"]),
            ("[::1]:8080:80", &["::1 8080-8080 80/tcp"]),
            ("::1:8080:80", &["::1 8080-8080 80/tcp"]),
            ("8000-8001:80-81", &["* 8000-8000 80/tcp", "* 8001-8001 81/tcp"]),
            ("8000-8009:80", &["* 8000-8009 80/tcp"]),
            ("80-81", &["* any 80/tcp", "* any 81/tcp"]),
            ("published=8080,target=80,protocol=udp", &["* 8080-8080 80/udp"]),
            ("target=80", &["* any 80/tcp"]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_dockers_words() {
        for (text, word) in [
            ("", "no port specified"),
            ("8080:", "no port specified"),
            ("x", "invalid containerPort: x"),
            ("0", "invalid containerPort: 0"),
            ("65536", "invalid containerPort: 65536"),
            ("+80", "invalid containerPort"),
            ("81-80", "invalid containerPort"),
            ("x:80", "invalid hostPort: x"),
            ("1-3:80-81", "invalid ranges specified"),
            ("80/icmp", "invalid proto: icmp"),
            ("300.0.0.1:80:80", "invalid IP address"),
            ("target=80,nope=1", "invalid field key nope"),
            ("target=80,x", "should be name=value"),
        ] {
            let refused = publish(text).unwrap_err().to_string();
            assert!(refused.contains(word), "{text}: {refused}");
        }
    }

    #[test]
    fn exposed_ports() {
        let all: Vec<_> = exposed("80-82/udp").unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(all, ["80/udp", "81/udp", "82/udp"]);
        for bad in ["x", "80:80", "80/x", ""] {
            assert!(exposed(bad).is_err(), "{bad}");
        }
    }
}
