//! `/etc/hosts` and `/etc/resolv.conf`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The addresses that a hosts(5) file has for a name.
pub(super) fn in_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let line = |line: &str| {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|known| known.eq_ignore_ascii_case(name)).then_some(address)
    };
    text.lines().filter_map(line).collect()
}

/// Whom to ask, and how. Source: resolv.conf(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolv {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) search: Vec<String>,
    pub(super) ndots: usize,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
}

/// Servers and suffixes that count.
const MOST_SERVERS: usize = 3;
const MOST_SUFFIXES: usize = 6;

impl Resolv {
    pub(super) fn read(text: &str) -> Resolv {
        let mut resolv = Resolv {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
        };
        for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") => resolv.servers.extend(words.next().and_then(server)),
                Some("search" | "domain") => {
                    resolv.search = words.map(str::to_string).take(MOST_SUFFIXES).collect();
                }
                Some("options") => words.for_each(|option| resolv.option(option)),
                _ => {}
            }
        }
        resolv.servers.truncate(MOST_SERVERS);
        if resolv.servers.is_empty() {
            resolv.servers.push((Ipv4Addr::LOCALHOST, 53).into());
        }
        resolv
    }

    fn option(&mut self, option: &str) {
        let Some((name, Ok(value))) = option.split_once(':').map(|(name, value)| (name, value.parse::<u8>()))
        else {
            return;
        };
        match name {
            "ndots" => self.ndots = usize::from(value.min(15)),
            "timeout" => self.timeout = Duration::from_secs(value.clamp(1, 30).into()),
            "attempts" => self.attempts = value.clamp(1, 5).into(),
            _ => {}
        }
    }

    /// The names that a name may stand for, the first first.
    pub(super) fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_string()];
        }
        let mut names: Vec<String> = self.search.iter().map(|suffix| format!("{name}.{suffix}")).collect();
        let dots = name.bytes().filter(|byte| *byte == b'.').count();
        let at = if dots >= self.ndots { 0 } else { names.len() };
        names.insert(at, name.to_string());
        names
    }
}

/// An address; a zone (`fe80::1%eth0`) is not understood.
fn server(text: &str) -> Option<SocketAddr> {
    text.parse().ok().map(|ip: IpAddr| (ip, 53).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file() {
        let text = "127.0.0.1 localhost\n# 192.0.2.9 a.example\n192.0.2.1\ta.example A b # c\n::2 a.EXAMPLE\nbad a.example\n";
        let found = |name| in_hosts(text, name).iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(found("a.example"), "192.0.2.1 ::2");
        assert_eq!(found("b"), "192.0.2.1");
        assert_eq!(found("c"), "");
    }

    #[test]
    fn a_resolv_conf() {
        let text = "# x\nnameserver 192.0.2.1\nnameserver bad\nnameserver ::1\nsearch one.example two.example\n\
                    options ndots:2 timeout:1 attempts:9 edns0 rotate\n";
        let resolv = Resolv::read(text);
        assert_eq!(resolv.servers, ["192.0.2.1:53".parse().unwrap(), "[::1]:53".parse().unwrap()]);
        assert_eq!((resolv.timeout, resolv.attempts), (Duration::from_secs(1), 5));
        assert_eq!(resolv.candidates("a.b"), ["a.b.one.example", "a.b.two.example", "a.b"]);
        assert_eq!(resolv.candidates("a.b.c"), ["a.b.c", "a.b.c.one.example", "a.b.c.two.example"]);
        assert_eq!(resolv.candidates("a."), ["a."]);
        assert_eq!(Resolv::read("").servers, ["127.0.0.1:53".parse().unwrap()]);
        assert_eq!(Resolv::read("").candidates("a"), ["a"]);
    }
}
