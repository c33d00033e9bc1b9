//! The text of `/etc/resolv.conf`. Pure.
//!
//! Sources: resolv.conf(5); moby, `libnetwork/internal/resolvconf/resolvconf.go`.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use super::Naming;

/// Who resolves names for a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolving {
    /// This machine's servers, from this machine's network.
    AsHost,
    /// The servers of its file, which its own network has to reach.
    ByItself,
    /// Its monitor, at [`Resolving::MONITOR`], which asks others for what it does not know.
    ByMonitor,
}

impl Resolving {
    /// Where a container's own name server is.
    pub const MONITOR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
}

/// A server that a monitor asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameServer {
    /// Where it is.
    pub address: IpAddr,
    /// It was asked for, so it is reached from the container's network, or not at all.
    pub inside: bool,
}

/// Where nobody has said which servers to ask. Docker's.
const DEFAULT: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4))];

/// What such a file says.
#[derive(Debug, Default)]
struct Resolv {
    servers: Vec<IpAddr>,
    search: Vec<String>,
    options: Vec<String>,
    /// Lines that mean nothing to us.
    others: Vec<String>,
    invalid: Vec<String>,
}

fn read(text: &str) -> Resolv {
    let mut resolv = Resolv::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        match words[..] {
            [] => {}
            [first, ..] if first.starts_with(['#', ';']) => {}
            ["nameserver", server, ..] => match server.parse() {
                Ok(address) => resolv.servers.push(address),
                Err(_) => resolv.invalid.push(server.to_string()),
            },
            ["search" | "domain", ref suffixes @ ..] if !suffixes.is_empty() => {
                resolv.search = owned(suffixes);
            }
            ["options", ref options @ ..] => resolv.options.extend(owned(options)),
            ["nameserver" | "search" | "domain"] => {}
            _ => resolv.others.push(line.to_string()),
        }
    }
    resolv
}

/// The whole file, and whom the container's monitor asks. `host` is this machine's file.
pub(super) fn resolv_conf(host: &str, naming: &Naming, resolving: Resolving) -> (String, Vec<NameServer>) {
    let asked = !naming.servers.is_empty() || !naming.search.is_empty() || !naming.options.is_empty();
    if resolving == Resolving::AsHost && !asked {
        return (host.to_string(), Vec::new());
    }
    let mut resolv = read(host);
    let mut notes = Notes::default();
    if !naming.servers.is_empty() {
        resolv.servers.clone_from(&naming.servers);
        notes.overrides.push("nameservers");
    }
    if !naming.search.is_empty() {
        resolv.search = naming.search.iter().filter(|suffix| *suffix != ".").cloned().collect();
        notes.overrides.push("search");
    }
    notes.ndots = has_ndots(&resolv.options).then_some("host");
    if !naming.options.is_empty() {
        resolv.options.clone_from(&naming.options);
        notes.overrides.push("options");
        notes.ndots = has_ndots(&resolv.options).then_some("override");
    }
    let inside = !naming.servers.is_empty();
    let mut asks = Vec::new();
    match resolving {
        Resolving::AsHost => {}
        Resolving::ByItself => {
            notes.how = " (legacy)";
            if !inside {
                // What is on this machine's loopback is not on the container's.
                resolv.servers.retain(|address| address.is_ipv4() && !address.is_loopback());
            }
            notes.default = resolv.servers.is_empty();
        }
        Resolving::ByMonitor => {
            notes.how = " (internal resolver)";
            notes.default = resolv.servers.is_empty();
            let servers = if notes.default { &DEFAULT[..] } else { &resolv.servers };
            asks = servers.iter().map(|address| NameServer { address: *address, inside }).collect();
        }
    }
    if notes.default {
        resolv.servers = DEFAULT.to_vec();
    }
    if resolving == Resolving::ByMonitor {
        notes.asks.clone_from(&asks);
        resolv.servers = vec![Resolving::MONITOR.into()];
        resolv.options.retain(|option| ndots(option).is_none_or(|value| value.parse::<u32>().is_ok()));
        if !has_ndots(&resolv.options) {
            // Names of containers have no dots: they are asked for as they are, before any suffix is tried.
            resolv.options.push("ndots:0".to_string());
            notes.ndots = Some("internal");
        }
    }
    (write(&resolv, &notes), asks)
}

/// The value of the option `ndots`, if it is this one.
fn ndots(option: &str) -> Option<&str> {
    let (name, value) = option.split_once(':').unwrap_or((option, ""));
    (name == "ndots").then_some(value)
}

fn has_ndots(options: &[String]) -> bool {
    options.iter().any(|option| ndots(option).is_some())
}

/// How a file came to be what it is, for people.
#[derive(Debug, Default)]
struct Notes {
    how: &'static str,
    default: bool,
    overrides: Vec<&'static str>,
    ndots: Option<&'static str>,
    asks: Vec<NameServer>,
}

fn write(resolv: &Resolv, notes: &Notes) -> String {
    let mut text = "# Generated by nagaya.\n# This file can be edited; it is written anew when the container starts.\n\n".to_string();
    text.extend(resolv.servers.iter().map(|server| format!("nameserver {server}\n")));
    let line = |word: &str, list: &[String]| {
        if list.is_empty() { String::new() } else { format!("{word} {}\n", list.join(" ")) }
    };
    text += &line("search", &resolv.search);
    text += &line("options", &resolv.options);
    text.extend(resolv.others.iter().map(|line| format!("{line}\n")));
    // Writing to a text does not fail.
    let _ = writeln!(text, "\n# Based on host file: '/etc/resolv.conf'{}", notes.how);
    if notes.default {
        text += "# Used default nameservers.\n";
    }
    if !notes.asks.is_empty() {
        let ask = |one: &NameServer| {
            if one.inside { one.address.to_string() } else { format!("host({})", one.address) }
        };
        let _ =
            writeln!(text, "# ExtServers: [{}]", notes.asks.iter().map(ask).collect::<Vec<_>>().join(" "));
    }
    if !resolv.invalid.is_empty() {
        let _ = writeln!(text, "# Invalid nameservers: [{}]", resolv.invalid.join(" "));
    }
    let _ = writeln!(text, "# Overrides: [{}]", notes.overrides.join(" "));
    if let Some(from) = notes.ndots {
        let _ = writeln!(text, "# Option ndots from: {from}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "# x\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch a.example\n\
                        options edns0 trust-ad\nsortlist 1.2.3.4\n";

    /// The lines that a resolver reads.
    fn lines(host: &str, naming: &Naming, resolving: Resolving) -> Vec<String> {
        let text = resolv_conf(host, naming, resolving).0;
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(String::from).collect()
    }

    fn asked() -> Naming {
        Naming {
            servers: vec!["127.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()],
            search: vec![".".to_string()],
            options: vec!["ndots:3".to_string()],
            ..Naming::default()
        }
    }

    #[test]
    fn as_the_machine_does() {
        assert_eq!(resolv_conf(HOST, &Naming::default(), Resolving::AsHost).0, HOST);
        assert_eq!(
            lines(HOST, &asked(), Resolving::AsHost),
            ["nameserver 127.0.0.1", "nameserver fd00::1", "options ndots:3", "sortlist 1.2.3.4"]
        );
    }

    #[test]
    fn by_itself_without_what_it_cannot_reach() {
        let rest = ["search a.example", "options edns0 trust-ad", "sortlist 1.2.3.4"];
        let found = lines(HOST, &Naming::default(), Resolving::ByItself);
        assert_eq!(found, [&["nameserver 192.0.2.1"], &rest[..]].concat());
        let none = lines("nameserver ::1\n", &Naming::default(), Resolving::ByItself);
        assert_eq!(none, ["nameserver 8.8.8.8", "nameserver 8.8.4.4"]);
        // What was asked for is kept, whatever it is.
        assert_eq!(
            lines(HOST, &asked(), Resolving::ByItself)[..2],
            ["nameserver 127.0.0.1", "nameserver fd00::1"]
        );
    }

    #[test]
    fn by_its_monitor() {
        let (text, asks) = resolv_conf(HOST, &Naming::default(), Resolving::ByMonitor);
        let asks: Vec<_> = asks.iter().map(|one| (one.address.to_string(), one.inside)).collect();
        let expected = ["127.0.0.53", "192.0.2.1", "2001:db8::1"].map(|one| (one.to_string(), false));
        assert_eq!(asks, expected);
        assert!(
            text.contains("\nnameserver 127.0.0.11\nsearch a.example\noptions edns0 trust-ad ndots:0\n"),
            "{text}"
        );
        assert!(text.ends_with(
            "# Based on host file: '/etc/resolv.conf' (internal resolver)\n\
             # ExtServers: [host(127.0.0.53) host(192.0.2.1) host(2001:db8::1)]\n# Overrides: []\n\
             # Option ndots from: internal\n"
        ));
        let (text, asks) = resolv_conf(HOST, &asked(), Resolving::ByMonitor);
        assert!(asks.iter().all(|one| one.inside) && asks.len() == 2);
        assert!(text.contains("\nnameserver 127.0.0.11\noptions ndots:3\n"), "{text}");
        let (text, asks) = resolv_conf("options ndots:x\n", &Naming::default(), Resolving::ByMonitor);
        assert!(asks.len() == 2 && text.contains("\noptions ndots:0\n"), "{text}");
    }
}
