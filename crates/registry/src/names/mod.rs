//! Which address a name has, and which addresses we do not go to.
//!
//! Names are looked up without the C library: linked statically, it still loads the modules that nsswitch.conf
//! names, and with them the machine's own C library, which may be of another version. So there is `/etc/hosts`, then
//! the servers of `/etc/resolv.conf`; what only a module knows (mDNS, LDAP) is not found.

mod ask;
mod files;
mod message;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use fault::{Fault, Kind, Result};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::url::Origin;

/// Who has said where to go: addresses that only this machine can reach are not for others to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Guard {
    /// The user: anywhere.
    User,
    /// A registry on this machine: not to what a cloud tells its machines alone.
    Loopback,
    /// A registry elsewhere: not to this machine either.
    Registry,
}

impl Guard {
    /// For places that a registry at `origin` names.
    pub(crate) fn named_by(origin: &Origin) -> Guard {
        if origin.is_loopback() { Guard::Loopback } else { Guard::Registry }
    }

    /// # Errors
    /// `Denied`.
    pub(crate) fn check(self, ip: IpAddr) -> Result<()> {
        let (link_local, local) = kinds(ip);
        let refused = match self {
            Guard::User => false,
            Guard::Loopback => link_local,
            Guard::Registry => link_local || local,
        };
        if refused {
            let cause = format!("the registry leads to `{ip}`, which only this machine can reach");
            return Err(Fault::new(Kind::Denied, "follow the registry").because(cause));
        }
        Ok(())
    }
}

/// Link-local (the metadata services of clouds are there), and this machine itself.
fn kinds(ip: IpAddr) -> (bool, bool) {
    match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.is_loopback() || ip.is_unspecified()),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => kinds(IpAddr::V4(ip)),
            // fd00:ec2::254 is the metadata service of one cloud.
            None => (
                ip.is_unicast_link_local() || ip.segments()[..2] == [0xfd00, 0x0ec2],
                ip.is_loopback() || ip.is_unspecified(),
            ),
        },
    }
}

/// Looks names up, and refuses what the guard does not let through.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) guard: Guard,
    /// A file as `/etc/hosts` is.
    pub(crate) hosts: PathBuf,
    /// A file as `/etc/resolv.conf` is.
    pub(crate) resolv_conf: PathBuf,
}

/// Addresses of one host that are tried.
const MOST: usize = 16;

impl Names {
    /// The addresses of a name, those of IPv4 first: without a way to the others there is no need to try them.
    fn look_up(&self, name: &str) -> std::io::Result<Option<Vec<IpAddr>>> {
        if let Ok(ip) = name.trim_matches(['[', ']']).parse() {
            return Ok(Some(vec![ip]));
        }
        // Files that are not there say nothing.
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let mut found = files::in_hosts(&read(&self.hosts), name);
        found.sort_by_key(IpAddr::is_ipv6);
        if !found.is_empty() {
            return Ok(Some(found));
        }
        // Never asked of others (RFC 6761, section 6.3).
        if name == "localhost" || name.ends_with(".localhost") {
            return Ok(Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]));
        }
        ask::look_up(&files::Resolv::read(&read(&self.resolv_conf)), name)
    }
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        let tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let name = uri.host().unwrap_or_default().to_ascii_lowercase();
        let addresses = self.look_up(&name)?.ok_or(ureq::Error::HostNotFound)?;
        let mut found = self.empty();
        for ip in addresses.into_iter().take(MOST) {
            self.guard.check(ip).map_err(|fault| ureq::Error::Other(Box::new(fault)))?;
            found.push((ip, port).into());
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_does_not_lead_to_what_only_this_machine_can_reach() {
        let through = |guard: Guard, ip: &str| guard.check(ip.parse().unwrap()).is_ok();
        for metadata in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254"] {
            assert!(!through(Guard::Registry, metadata) && !through(Guard::Loopback, metadata), "{metadata}");
            assert!(through(Guard::User, metadata), "{metadata}");
        }
        for this in ["127.0.0.1", "127.8.0.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"] {
            assert!(!through(Guard::Registry, this), "{this}");
            assert!(through(Guard::Loopback, this), "{this}");
        }
        for other in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1"] {
            assert!(through(Guard::Registry, other), "{other}");
        }
    }
}
