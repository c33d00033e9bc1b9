//! Proxies.

use std::env;
use std::net::IpAddr;

use crate::url::Url;

/// Proxies, as most programs have them: from the environment.
///
/// A proxy is asked for a tunnel (`CONNECT`) also for addresses of http.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For https: `http://user:password@host:port`.
    pub https: Option<String>,
    /// For http.
    pub http: Option<String>,
    /// Hosts that are reached without, divided by commas: names, names of all below them, addresses,
    /// networks as `10.0.0.0/8`, or `*`.
    pub except: String,
}

impl Proxies {
    /// From `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not. What is there and empty counts.
    pub fn of_the_environment() -> Proxies {
        let one = |names: [&str; 2]| names.iter().find_map(|name| env::var(name).ok());
        let named = |names| one(names).filter(|value| !value.is_empty());
        Proxies {
            https: named(["HTTPS_PROXY", "https_proxy"]),
            http: named(["HTTP_PROXY", "http_proxy"]),
            except: one(["NO_PROXY", "no_proxy"]).unwrap_or_default(),
        }
    }

    /// The one for an address. There is none for this machine itself.
    pub(crate) fn of(&self, url: &Url) -> Option<&str> {
        let origin = url.origin();
        let proxy = if origin.tls { &self.https } else { &self.http };
        let direct = origin.is_loopback() || self.except.split(',').any(|rule| excepts(rule.trim(), url));
        proxy.as_deref().filter(|_| !direct)
    }

    /// Who is asked, for messages: the host, and the proxy without what is secret of its address.
    pub(crate) fn shown(&self, url: &Url) -> String {
        let host = url.origin().authority();
        let Some(proxy) = self.of(url) else { return host };
        let proxy = proxy.rsplit(['/', '@']).find(|part| !part.is_empty()).unwrap_or_default();
        format!("{host} (through proxy {})", fault::visible(proxy))
    }
}

/// Never the addresses: they may have passwords in them.
impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies").field("except", &self.except).finish_non_exhaustive()
    }
}

/// Source: the rules of Go's `golang.org/x/net/http/httpproxy`, which docker and podman have.
fn excepts(rule: &str, url: &Url) -> bool {
    let origin = url.origin();
    if rule == "*" {
        return true;
    }
    if let (Some(ip), Some((network, bits))) = (origin.ip(), rule.split_once('/')) {
        return network.parse().is_ok_and(|network| bits.parse().is_ok_and(|bits| within(ip, network, bits)));
    }
    let (name, port) = match rule.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && !name.contains(':') || name.ends_with(']') => {
            (name, Some(port))
        }
        _ => (rule, None),
    };
    if port.is_some_and(|port| port.parse() != Ok(origin.port)) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
        return origin.ip() == Some(address);
    }
    let (name, below_only) = match name.strip_prefix("*.").or_else(|| name.strip_prefix('.')) {
        Some(name) => (name.to_string(), true),
        None => (name, false),
    };
    let below = origin.host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'));
    !name.is_empty() && (below || !below_only && origin.host == name)
}

pub(crate) fn within(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    let same = |ip: u128, network: u128, width: u32| {
        bits <= width && (ip ^ network).checked_shr(width - bits).unwrap_or(0) == 0
    };
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => same(ip.to_bits().into(), network.to_bits().into(), 32),
        (IpAddr::V6(ip), IpAddr::V6(network)) => same(ip.to_bits(), network.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_reached_without_a_proxy() {
        let through = |except: &str, url: &str| {
            let proxies = Proxies { https: Some("http://p:1".into()), http: None, except: except.into() };
            proxies.of(&Url::parse(url).unwrap()).is_some()
        };
        assert!(through("", "https://a.example/"));
        assert!(!through("", "http://a.example/"), "another proxy for http");
        assert!(!through("", "https://localhost:5000/"));
        assert!(!through("", "https://127.0.0.9/"));
        for except in ["*", "a.example", "example", ".example", "*.example", "A.Example:443", "b, a.example"]
        {
            assert!(!through(except, "https://a.example/"), "{except}");
        }
        for except in ["b.example", "xample", ".a.example", "a.example:444", "10.0.0.0/8", "", ","] {
            assert!(through(except, "https://a.example/"), "{except}");
        }
        for except in ["10.1.2.3", "10.0.0.0/8", "0.0.0.0/0", "10.1.2.3:443", "10.1.2.3/32"] {
            assert!(!through(except, "https://10.1.2.3/"), "{except}");
        }
        for except in ["10.1.2.4", "11.0.0.0/8", "10.0.0.0/99", "10.1.2.4/32", "::/0"] {
            assert!(through(except, "https://10.1.2.3/"), "{except}");
        }
        assert!(!through("[fd00::1]:443", "https://[fd00::1]/"));
        assert!(!through("fd00::/8", "https://[fd00::1]/"));
    }
}
