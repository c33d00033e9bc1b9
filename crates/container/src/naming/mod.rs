//! How a container's programs resolve names: what was asked for, and the files that say so.
//!
//! ```text
//! Naming            `--dns` and the like, understood              this file
//! hosts             the text of `/etc/hosts`, pure                hosts.rs
//! resolv            the text of `/etc/resolv.conf`, pure          resolv.rs
//! files             the three files, and their mounts             files.rs
//! ```

mod files;
mod hosts;
mod resolv;

use std::net::IpAddr;

use fault::{Fault, Result};
use serde::{Deserialize, Serialize};

pub(crate) use files::mounts;
pub use files::{Names, change_names, name_servers, write_names};
pub use resolv::{NameServer, Resolving};

/// How a container's programs resolve names; nothing means as this machine does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Naming {
    /// Name servers.
    pub servers: Vec<IpAddr>,
    /// Suffixes that are tried behind a name; `.` alone is none at all.
    pub search: Vec<String>,
    /// Options of resolv.conf(5).
    pub options: Vec<String>,
    /// Names that have an address by `/etc/hosts`.
    pub hosts: Vec<(String, HostAddress)>,
    /// Other containers, under names that are known in this one alone.
    pub links: Vec<Link>,
}

/// The address of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostAddress {
    /// This one.
    Ip(IpAddr),
    /// By which this machine can be reached: `host-gateway`.
    Gateway,
}

/// Another container, under a name that is known in one alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its id.
    pub container: String,
    /// The name.
    pub alias: String,
}

/// Letters of the longest name with a domain, as Docker has it.
const LONGEST_DOMAIN: usize = 255;

impl Naming {
    /// `--dns`.
    pub fn server(text: &str) -> Result<IpAddr> {
        text.trim()
            .parse()
            .map_err(|_| Fault::invalid("--dns", format!("IP address is not correctly formatted: {text}")))
    }

    /// `--dns-search`.
    pub fn search(text: &str) -> Result<String> {
        let domain = text.trim();
        if domain == "." {
            return Ok(domain.to_string());
        }
        let plain = domain.strip_suffix('.').unwrap_or(domain);
        let label = |label: &str| {
            let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        };
        let letters = plain.bytes().any(|byte| byte.is_ascii_alphabetic());
        if letters && plain.len() < LONGEST_DOMAIN && plain.split('.').all(label) {
            return Ok(plain.to_string());
        }
        Err(Fault::invalid("--dns-search", format!("{text} is not a valid domain"))
            .hint("`--dns-search .` for none at all"))
    }

    /// `--dns-option`: one line of the file, so it has no end of a line in it.
    pub fn option(text: &str) -> Result<String> {
        if text.chars().any(char::is_control) {
            return Err(Fault::invalid("--dns-option", "it has a character in it that is no text"));
        }
        Ok(text.to_string())
    }

    /// `--add-host NAME:ADDRESS`, or with `=` between them.
    pub fn host(text: &str) -> Result<(String, HostAddress)> {
        let wrong =
            |why: String| Err(Fault::invalid("--add-host", why).hint("NAME:ADDRESS, or NAME:host-gateway"));
        let split = text.split_once('=').or_else(|| text.split_once(':'));
        let Some((name, address)) = split.filter(|(name, _)| !name.is_empty() && !name.contains(':')) else {
            return wrong(format!("bad format for add-host: {text:?}"));
        };
        if name.chars().any(|letter| letter.is_whitespace() || letter.is_control() || letter == '#') {
            return wrong(format!("bad format for add-host: {text:?}: a name has no such letter in it"));
        }
        if address == "host-gateway" {
            return Ok((name.to_string(), HostAddress::Gateway));
        }
        let plain = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        match plain.trim().parse() {
            Ok(ip) => Ok((name.to_string(), HostAddress::Ip(ip))),
            Err(_) => wrong(format!("invalid IP address in add-host: {plain:?}")),
        }
    }

    /// `--link CONTAINER[:ALIAS]`: name and alias. Source: moby, `opts.ParseLink`.
    pub fn link(text: &str) -> Result<(String, String)> {
        let wrong = |why: String| Err(Fault::invalid("--link", why));
        if text.is_empty() {
            return wrong("empty string specified for links".to_string());
        }
        let parts: Vec<&str> = text.split(':').collect();
        let (name, alias) = match parts[..] {
            [name] => (name, name),
            [name, alias] => (name, alias),
            _ => return wrong(format!("bad format for links: {text}")),
        };
        let alias = alias.rsplit('/').next().unwrap_or_default();
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        if name.is_empty() || alias.is_empty() || !alias.chars().all(plain) {
            return wrong(format!("bad format for links: {text}"));
        }
        Ok((name.to_string(), alias.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(Naming::server("1.2.3.4").unwrap().to_string(), "1.2.3.4");
        for (text, domain) in [(".", "."), ("a.example", "a.example"), ("a.example.", "a.example")] {
            assert_eq!(Naming::search(text).unwrap(), domain);
        }
        let v6 = HostAddress::Ip("::1".parse().unwrap());
        for text in ["x:::1", "x:[::1]", "x=[::1]", "x=::1"] {
            assert_eq!(Naming::host(text).unwrap(), ("x".to_string(), v6), "{text}");
        }
        assert_eq!(Naming::host("x:host-gateway").unwrap().1, HostAddress::Gateway);
        let pair = |name: &str, alias: &str| (name.to_string(), alias.to_string());
        assert_eq!(Naming::link("/web:/app/db").unwrap(), pair("/web", "db"));
        assert_eq!(Naming::link("web").unwrap(), pair("web", "web"));
    }

    /// What docker's command line says to each of these.
    #[test]
    fn refused_in_dockers_words() {
        let said = |fault: Fault| fault.cause().unwrap_or_default().to_string();
        for bad in ["x", "1.2.3"] {
            let why = format!("IP address is not correctly formatted: {bad}");
            assert_eq!(said(Naming::server(bad).unwrap_err()), why);
        }
        for bad in ["a b", "", "x..y", "-a", "1.2"] {
            assert_eq!(said(Naming::search(bad).unwrap_err()), format!("{bad} is not a valid domain"));
        }
        for (bad, why) in [
            ("x", "bad format for add-host: \"x\""),
            (":1.2.3.4", "bad format for add-host: \":1.2.3.4\""),
            ("x:y", "invalid IP address in add-host: \"y\""),
            ("x:", "invalid IP address in add-host: \"\""),
        ] {
            assert_eq!(said(Naming::host(bad).unwrap_err()), why);
        }
        for (bad, why) in [("", "empty string specified for links"), ("a:b:c", "bad format for links: a:b:c")]
        {
            assert_eq!(said(Naming::link(bad).unwrap_err()), why);
        }
    }

    /// Nothing that is typed for one line of a file makes another one in it.
    #[test]
    fn a_line_stays_a_line() {
        assert!(Naming::option("a\nnameserver 6.6.6.6").is_err());
        assert!(Naming::host("a\n6.6.6.6 bank:1.2.3.4").is_err());
        assert!(Naming::search("a\nnameserver").is_err());
        assert!(Naming::link("a:b\n6.6.6.6 bank").is_err());
    }
}
