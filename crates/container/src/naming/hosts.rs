//! The text of `/etc/hosts`. Pure.

use std::fmt;
use std::net::IpAddr;

/// What every container has. Source: moby, `libnetwork/etchosts/etchosts.go`.
const EVERY: [(&str, &str); 6] = [
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::", "ip6-localnet"),
    ("ff00::", "ip6-mcastprefix"),
    ("ff02::1", "ip6-allnodes"),
    ("ff02::2", "ip6-allrouters"),
];

/// The whole file: the loopback, names that were asked for, and the container itself at each of its addresses.
pub(super) fn hosts(extra: &[(String, IpAddr)], own: &[IpAddr], (host, domain): (&str, &str)) -> String {
    let every = EVERY.iter().map(|(address, names)| line(address, names));
    let mut text: Vec<String> = every.collect();
    text.extend(extra.iter().map(|(name, address)| line(address, name)));
    let names = own_names(host, domain);
    text.extend(own.iter().map(|address| line(address, &names)));
    text.concat()
}

/// The same file, with other addresses of the container itself. What else there is stays.
pub(super) fn with_own(text: &str, own: &[IpAddr], (host, domain): (&str, &str)) -> String {
    let names = own_names(host, domain);
    let others = text.lines().filter(|line| line.split_once('\t').is_none_or(|(_, rest)| rest != names));
    let others = others.map(|line| format!("{line}\n"));
    others.chain(own.iter().map(|address| line(address, &names))).collect()
}

/// The name with its domain, and the bare one.
fn own_names(host: &str, domain: &str) -> String {
    let whole = if domain.is_empty() { host.to_string() } else { format!("{host}.{domain}") };
    match whole.split_once('.') {
        Some((bare, _)) => format!("{whole} {bare}"),
        None => whole,
    }
}

fn line(address: impl fmt::Display, names: &str) -> String {
    format!("{address}\t{names}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_docker_writes_it() {
        let own = ["172.17.0.2".parse().unwrap()];
        let extra = [("db".to_string(), "10.0.0.9".parse().unwrap())];
        let text = hosts(&extra, &own, ("web", "example.com"));
        assert!(
            text.starts_with("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\t"),
            "{text}"
        );
        assert!(
            text.ends_with("ff02::2\tip6-allrouters\n10.0.0.9\tdb\n172.17.0.2\tweb.example.com web\n"),
            "{text}"
        );
        assert!(hosts(&[], &own, ("web", "")).ends_with("172.17.0.2\tweb\n"));
        let other = ["10.0.0.2".parse().unwrap()];
        let changed = with_own(&format!("{text}10.9.9.9\tmine\n"), &other, ("web", "example.com"));
        assert!(
            changed.ends_with("10.0.0.9\tdb\n10.9.9.9\tmine\n10.0.0.2\tweb.example.com web\n"),
            "{changed}"
        );
    }
}
