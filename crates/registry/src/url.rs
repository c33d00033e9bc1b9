//! Where a request goes.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use fault::{Fault, Result};

/// An address of HTTP, taken apart. It has no user and no fragment, and nothing that could be read in two ways.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Url {
    origin: Origin,
    /// Path and query.
    target: String,
}

/// Whom credentials are for: they never go to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) tls: bool,
    /// In lower case; IPv6 in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// What may be no part of a host: it would end it for some readers and not for others.
const NOT_IN_HOST: [char; 8] = ['@', '\\', '%', '?', '#', '/', '<', '>'];

/// Bytes of the longest address. Signed ones have up to 2,000.
const LONGEST: usize = 16 << 10;

impl Origin {
    /// Of `host` or `host:port`.
    pub(crate) fn new(tls: bool, authority: &str) -> Option<Origin> {
        let ends_host = authority.rfind(']').map(|at| at + 1).or_else(|| authority.find(':'));
        let (host, port) = authority.split_at(ends_host.unwrap_or(authority.len()));
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => default_port(tls),
            None => return None,
            Some("") => default_port(tls),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let fits =
            !host.is_empty() && !host.contains(NOT_IN_HOST) && (bracketed || !host.contains(['[', ']', ':']));
        fits.then(|| Origin { tls, host: host.to_ascii_lowercase(), port })
    }

    /// As people write it: `host`, or `host:port` if the port is not the usual one.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            port if port == default_port(self.tls) => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }

    /// The address, if the host is one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.trim_matches(['[', ']']).parse().ok()
    }

    /// This machine itself, as Docker sees it: `localhost` and 127.0.0.0/8.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    pub(crate) fn at(&self, target: impl Into<String>) -> Url {
        Url { origin: self.clone(), target: target.into() }
    }
}

impl Url {
    /// # Errors
    /// `Invalid`: not http or https, with a user, or otherwise nothing that a server may send us to.
    pub(crate) fn parse(text: &str) -> Result<Url> {
        let wrong = |cause: &str| Err(Fault::invalid(fault::visible(text), cause));
        if text.len() > LONGEST {
            return wrong("an address is not that long");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("not an address: it has spaces or letters that must be written with `%`");
        }
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return wrong("expected an address of http or https"),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let ends_host = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(ends_host);
        let Some(origin) = Origin::new(tls, authority) else { return wrong("it has no valid host") };
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Url { target: format!("{slash}{target}"), origin })
    }

    /// What a `Location` of this address means: a whole address, or a part of one.
    ///
    /// # Errors
    /// As [`Url::parse`].
    pub(crate) fn join(&self, location: &str) -> Result<Url> {
        // What has a scheme is a whole address (RFC 3986, section 4.2).
        let is_scheme = |text: &str| !text.is_empty() && !text.contains(['/', '?', '#', '.']);
        if location.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme)) {
            return Url::parse(location);
        }
        let scheme = if self.origin.tls { "https" } else { "http" };
        if let Some(rest) = location.strip_prefix("//") {
            return Url::parse(&format!("{scheme}://{rest}"));
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
        let target = match location.chars().next() {
            Some('/') => location.to_string(),
            Some('?') => format!("{path}{location}"),
            _ => format!("{folder}{location}"),
        };
        Url::parse(&format!("{scheme}://{}{target}", self.origin.authority()))
    }

    /// With one more parameter.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Url {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        let _ = write!(self.target, "{name}={}", encoded(value));
        self
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// A value in a query or a form.
pub(crate) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b',' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.target)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(location: &str) -> String {
        let base = Url::parse("https://a.example:5000/v2/x/blobs/uploads/7?_state=s").unwrap();
        base.join(location).map_or_else(|_| "refused".to_string(), |url| url.to_string())
    }

    #[test]
    fn an_address_is_its_parts() {
        for (text, shown) in [
            ("https://A.example", "https://a.example/"),
            ("HTTPS://a.example:443/v2/?x=1#end", "https://a.example/v2/?x=1"),
            ("http://a.example:443", "http://a.example:443/"),
            ("http://[::1]:5000/a", "http://[::1]:5000/a"),
            ("https://a?b", "https://a/?b"),
        ] {
            assert_eq!(Url::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_two_readers_may_read_in_two_ways_is_refused() {
        for bad in [
            "",
            "a",
            "file:///etc/passwd",
            "ftp://a/",
            "https://",
            "https:///a",
            "https://user@a/",
            "https://a.example:5000@b/",
            "https://a:b/",
            "https://a:99999/",
            "https://a:1:2/",
            "https://a\\b/",
            "https://a%2eb/",
            "https://a b/",
            "https://a/\r\nX: y",
            "https://ä/",
            "https://[::1/",
            "https://[::1]x/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Url::parse(&format!("https://a/{}", "x".repeat(LONGEST))).is_err());
    }

    #[test]
    fn a_location_may_be_a_part() {
        assert_eq!(joined("/v2/y"), "https://a.example:5000/v2/y");
        assert_eq!(joined("8?z"), "https://a.example:5000/v2/x/blobs/uploads/8?z");
        assert_eq!(joined("?z=http://b"), "https://a.example:5000/v2/x/blobs/uploads/7?z=http://b");
        assert_eq!(joined("//b/c"), "https://b/c");
        assert_eq!(joined("http://b/c"), "http://b/c");
        assert_eq!(joined("/v2/y:z"), "https://a.example:5000/v2/y:z");
        assert_eq!(joined("file://b/c"), "refused");
        assert_eq!(joined("javascript:x()"), "refused");
        assert_eq!(joined("https://u:p@b/c"), "refused");
    }

    #[test]
    fn values_are_encoded() {
        let url = Url::parse("https://a/token")
            .unwrap()
            .with("service", "a b&c")
            .with("scope", "repository:x/y:pull");
        assert_eq!(url.target(), "/token?service=a%20b%26c&scope=repository:x/y:pull");
    }
}
