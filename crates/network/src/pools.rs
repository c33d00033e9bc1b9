//! Which addresses a new network gets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fault::{Fault, Kind, Result};
use netlink::{Route, Told};

use crate::make::check_pool;
use crate::{Driver, Networks, Pool, Subnet, Wanted, disk};

/// Docker's: the first and the last number behind 172, of 65,536 addresses each; then 192.168, of 4,096 each.
const FIRST: u8 = 17;
const LAST: u8 = 31;

impl Networks {
    /// Addresses of IPv4 that neither another network has nor this machine has a way to.
    pub(crate) fn free_pool(&self) -> Result<Pool> {
        let taken = self.taken_here()?;
        let free = candidates().find(|candidate| !taken.iter().any(|other| other.overlaps(candidate)));
        let subnet = free.ok_or_else(|| {
            Fault::new(Kind::Unavailable, "choose addresses for a network")
                .because("could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network")
                .hint("name some by --subnet; `nagaya network prune` removes networks that nobody uses")
        })?;
        Ok(with_gateway(Pool { subnet, gateway: None, range: None, taken: Default::default(), asked: false }))
    }

    /// Addresses of all networks, and those that this machine has a way to.
    fn taken_here(&self) -> Result<Vec<Subnet>> {
        let mut taken = self.taken_by_others()?;
        let routes = Route::open().map_err(netlink::Refused::from).and_then(|kernel| kernel.routes());
        let routes = routes.told(|| "list this machine's routes")?;
        taken.extend(routes.iter().filter_map(|route| Subnet::of(route.destination, route.prefix)));
        Ok(taken)
    }

    /// Of those that are written down; the three that are always there may not be.
    fn taken_by_others(&self) -> Result<Vec<Subnet>> {
        let mut taken = Vec::new();
        for id in self.ids()? {
            taken.extend(
                self.read(&id)?.into_iter().flat_map(|network| network.pools).map(|pool| pool.subnet),
            );
        }
        Ok(taken)
    }

    /// Addresses for a network that somebody wants: those that were asked for, and some for each family that it lacks.
    pub(crate) fn pools_for(&self, wanted: &Wanted) -> Result<Vec<Pool>> {
        let mut pools = Vec::new();
        let mut others = self.taken_by_others()?;
        for pool in &wanted.pools {
            check_pool(pool)?;
            if others.iter().any(|other| other.overlaps(&pool.subnet)) && wanted.driver == Driver::Bridge {
                return Err(Fault::invalid("--subnet", "Pool overlaps with other one on this address space")
                    .hint("`nagaya network ls` and `nagaya network inspect` tell who has which addresses"));
            }
            others.push(pool.subnet);
            pools.push(with_gateway(pool.clone()));
        }
        let has = |pools: &[Pool], ipv4| pools.iter().any(|pool| pool.subnet.is_ipv4() == ipv4);
        if !has(&pools, true) {
            pools.insert(0, self.free_pool()?);
        }
        if wanted.ipv6 && !has(&pools, false) {
            pools.push(unique_local()?);
        }
        Ok(pools)
    }
}

fn candidates() -> impl Iterator<Item = Subnet> {
    let large = (FIRST..=LAST).map(|second| (Ipv4Addr::new(172, second, 0, 0), 16));
    let small = (0..=240).step_by(16).map(|third| (Ipv4Addr::new(192, 168, third, 0), 20));
    large.chain(small).filter_map(|(first, prefix)| Subnet::of(IpAddr::V4(first), prefix))
}

/// A subnet of IPv6 that nobody else has, by chance: RFC 4193.
fn unique_local() -> Result<Pool> {
    let mut bytes = [0; 16];
    bytes[0] = 0xfd;
    bytes[1..8].copy_from_slice(&disk::random::<7>()?);
    let subnet = Subnet::of(IpAddr::V6(Ipv6Addr::from(bytes)), 64);
    let subnet = subnet.ok_or_else(|| Fault::new(Kind::Failed, "choose addresses of IPv6"))?;
    Ok(with_gateway(Pool { subnet, gateway: None, range: None, taken: Default::default(), asked: false }))
}

/// The first address that is somebody's, unless another was asked for.
fn with_gateway(pool: Pool) -> Pool {
    Pool { gateway: pool.gateway.or_else(|| pool.subnet.nth(1)), ..pool }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_docker() {
        let all: Vec<_> = candidates().map(|one| one.to_string()).collect();
        assert_eq!((all.len(), all[0].as_str(), all[14].as_str()), (31, "172.17.0.0/16", "172.31.0.0/16"));
        assert_eq!((all[15].as_str(), all[30].as_str()), ("192.168.0.0/20", "192.168.240.0/20"));
        let pool = unique_local().unwrap();
        assert!(pool.subnet.to_string().starts_with("fd") && pool.subnet.prefix() == 64);
        assert_eq!(pool.gateway, pool.subnet.nth(1));
    }
}
