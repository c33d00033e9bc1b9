//! Who has which address.

use std::fs;
use std::net::IpAddr;

use fault::{Fault, Kind, Result};

use crate::networks::Held;
use crate::{Network, Networks, Pool, Subnet, disk};

impl Networks {
    /// Gives an address away: the one that is asked for, or one that is free. Nothing if the network has none of the family.
    ///
    /// # Errors
    /// In Docker's words: `Exists`, if somebody has it; `Unavailable`, if none is free.
    pub(crate) fn lease(
        &self,
        network: &Network,
        holder: &str,
        (asked, wish): (Option<IpAddr>, Option<IpAddr>),
        ipv4: bool,
        _held: &Held,
    ) -> Result<Option<IpAddr>> {
        match (network.pool(ipv4), asked) {
            (Some(pool), Some(address)) => self.lease_this(network, pool, holder, address).map(Some),
            (Some(pool), None) => self.lease_any(network, pool, holder, wish).map(Some),
            (None, Some(address)) => Err(not_there(network, address)),
            (None, None) => Ok(None),
        }
    }

    fn lease_this(&self, network: &Network, pool: &Pool, holder: &str, address: IpAddr) -> Result<IpAddr> {
        if !pool.subnet.contains(address) {
            return Err(not_there(network, address));
        }
        let doing = || format!("give address {address} of network `{}` away", network.name);
        let used = || Fault::new(Kind::Exists, doing()).because("Address already in use");
        if !is_anybodys(pool, address) {
            return Err(used().hint("it is the network's own"));
        }
        let path = self.path(&network.id).join("leases").join(address.to_string());
        if disk::take(&path, holder)? || disk::holder(&path).is_some_and(|other| other == holder) {
            return Ok(address);
        }
        Err(used().hint(format!("`nagaya network inspect {}` tells who has it", network.name)))
    }

    /// The one that it had before, if it is free; else the first that is, behind the last that was given away: one that was
    /// given back is the last to be given to somebody else.
    fn lease_any(
        &self,
        network: &Network,
        pool: &Pool,
        holder: &str,
        wish: Option<IpAddr>,
    ) -> Result<IpAddr> {
        let area = pool.range.unwrap_or(pool.subnet);
        let leases = self.path(&network.id).join("leases");
        if let Some(address) = wish.filter(|wish| pool.subnet.contains(*wish) && is_anybodys(pool, *wish))
            && disk::take(&leases.join(address.to_string()), holder)?
        {
            return Ok(address);
        }
        let start = self.hint(network, &area).min(area.end());
        for at in (start..=area.end()).chain(0..start) {
            let Some(address) = area.nth(at).filter(|address| is_anybodys(pool, *address)) else { continue };
            if disk::take(&leases.join(address.to_string()), holder)? {
                self.set_hint(network, &area, at + 1);
                return Ok(address);
            }
        }
        let family = if area.is_ipv4() { "IPv4" } else { "IPv6" };
        Err(Fault::new(Kind::Unavailable, format!("give an address of network `{}` away", network.name))
            .because(format!(
                "no available {family} addresses on this network's address pools: {} ({})",
                network.name, network.id
            ))
            .hint("a larger network takes another --subnet, or another --ip-range"))
    }

    /// Takes an address back, if it is this holder's.
    pub(crate) fn release(&self, network: &Network, holder: &str, address: IpAddr) -> Result<()> {
        disk::give_back(&self.path(&network.id).join("leases").join(address.to_string()), holder)
    }

    /// Takes all addresses of a holder back, also those that nothing else tells of.
    pub(crate) fn release_all(&self, network: &Network, holder: &str) -> Result<()> {
        let leases = self.path(&network.id).join("leases");
        for name in disk::names(&leases)? {
            if disk::holder(&leases.join(&name)).is_some_and(|other| other == holder)
                && let Ok(address) = name.parse()
            {
                self.release(network, holder, address)?;
            }
        }
        Ok(())
    }

    /// Who has an address.
    pub(crate) fn holder_of(&self, network: &str, address: IpAddr) -> Option<String> {
        disk::holder(&self.path(network).join("leases").join(address.to_string()))
    }

    /// Where a free one may be; whatever it says, all are tried.
    fn hint(&self, network: &Network, area: &Subnet) -> u128 {
        let text = fs::read_to_string(self.hint_path(network, area)).unwrap_or_default();
        text.parse().unwrap_or(0)
    }

    fn set_hint(&self, network: &Network, area: &Subnet, at: u128) {
        let _ = fs::write(self.hint_path(network, area), at.to_string());
    }

    fn hint_path(&self, network: &Network, area: &Subnet) -> std::path::PathBuf {
        self.path(&network.id).join(if area.is_ipv4() { "next" } else { "next6" })
    }
}

/// It is neither the subnet's own, nor this machine's, nor somebody's who was named when the network was made.
fn is_anybodys(pool: &Pool, address: IpAddr) -> bool {
    let subnet = pool.subnet;
    address != subnet.first()
        && !(subnet.is_ipv4() && address == subnet.last())
        && pool.gateway != Some(address)
        && !pool.taken.values().any(|taken| *taken == address)
}

fn not_there(network: &Network, address: IpAddr) -> Fault {
    Fault::new(Kind::Invalid, format!("give address {address} of network `{}` away", network.name))
        .because(format!("invalid address {address}: It does not belong to any of this network's subnets"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Place, wanted};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_is_given_once_and_again_when_it_is_free() {
        let place = Place::new();
        let networks = place.networks();
        let held = networks.alone().unwrap();
        let network = networks.create(wanted("small", "10.9.0.0/29"), &held).unwrap();
        let lease = |holder: &str| networks.lease(&network, holder, (None, None), true, &held);
        let given: Vec<_> = (0..5).map(|at| lease(&format!("c{at}")).unwrap().unwrap()).collect();
        assert_eq!(given, [2, 3, 4, 5, 6].map(|at| address(&format!("10.9.0.{at}"))));
        let none = lease("c6").unwrap_err().sentence();
        assert!(none.contains("no available IPv4 addresses"), "{none}");
        networks.release(&network, "somebody else", given[1]).unwrap();
        assert!(lease("c6").is_err(), "only who has it can give it back");
        networks.release(&network, "c1", given[1]).unwrap();
        assert_eq!(lease("c6").unwrap(), Some(given[1]));
        // Who had one before has it again, unless somebody else has.
        networks.release(&network, "c2", given[2]).unwrap();
        let again = networks.lease(&network, "c2", (None, Some(given[2])), true, &held);
        assert_eq!(again.unwrap(), Some(given[2]));
        assert!(
            networks.lease(&network, "c8", (None, Some(given[2])), true, &held).is_err(),
            "all are given away"
        );
        networks.release_all(&network, "c6").unwrap();
        assert_eq!(networks.holder_of(&network.id, given[1]), None);
        assert_eq!(
            networks.lease(&network, "c7", (None, None), false, &held).unwrap(),
            None,
            "it has no IPv6"
        );
    }

    #[test]
    fn one_that_is_asked_for() {
        let place = Place::new();
        let networks = place.networks();
        let held = networks.alone().unwrap();
        let network = networks.create(wanted("small", "10.9.0.0/29"), &held).unwrap();
        let lease = |text: &str, holder: &str| {
            networks.lease(&network, holder, (Some(address(text)), None), true, &held)
        };
        assert!(lease("10.9.0.5", "a").is_ok());
        assert!(lease("10.9.0.5", "a").is_ok(), "it is its own");
        for (text, word) in [
            ("10.9.0.5", "Address already in use"),
            ("10.9.0.0", "Address already in use"),
            ("10.9.0.1", "Address already in use"),
            ("10.9.0.7", "Address already in use"),
            ("10.9.0.8", "does not belong"),
        ] {
            let refused = lease(text, "b").unwrap_err().sentence();
            assert!(refused.contains(word), "{text}: {refused}");
        }
    }
}
