//! How a container is connected to a network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fault::{Fault, Kind, Result};
use netlink::Mac;
use serde::{Deserialize, Serialize};

use crate::networks::Held;
use crate::{Exposed, Network, Networks, Protocol, disk};

/// How a container is connected to a network. There as long as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The container's id.
    pub container: String,
    /// The container's name.
    pub name: String,
    /// Other names that it has on this network.
    pub aliases: Vec<String>,
    /// Its addresses, and the bits that they have in common with those of their subnets.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Its hardware address, as a text; empty if the driver chooses it.
    pub mac: String,
    /// Name of the interface in the container: `eth0`.
    pub interface: String,
    /// Name of its other end, on this machine; empty if it has none.
    pub outside: String,
    /// Ports of this machine that lead to it.
    pub ports: Vec<Published>,
}

/// A port of this machine that leads to a container's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Published {
    /// The port of the container.
    pub port: u16,
    /// Of both.
    pub protocol: Protocol,
    /// This machine's address; all of its family, if it has no bits.
    pub host: IpAddr,
    /// This machine's port.
    pub host_port: u16,
}

impl Published {
    /// The container's: `80/tcp`.
    pub fn exposed(&self) -> Exposed {
        Exposed { port: self.port, protocol: self.protocol }
    }

    /// This machine's: `0.0.0.0:8080`.
    pub fn address(&self) -> std::net::SocketAddr {
        std::net::SocketAddr::new(self.host, self.host_port)
    }
}

/// How somebody wants a container to be connected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connect<'a> {
    /// The container's id.
    pub container: &'a str,
    /// The container's name.
    pub name: &'a str,
    /// Other names.
    pub aliases: &'a [String],
    /// Its addresses; nothing means any.
    pub ip: Option<Ipv4Addr>,
    /// The same of IPv6.
    pub ip6: Option<Ipv6Addr>,
    /// Addresses that it had before, which it has again if they are free.
    pub before: &'a [IpAddr],
    /// Its hardware address; nothing means one that is made from its address.
    pub mac: Option<Mac>,
    /// Name of the interface in the container.
    pub interface: &'a str,
    /// Ports of this machine that are to lead to it.
    pub ports: &'a [Published],
}

impl Endpoint {
    /// Its address of IPv4.
    pub fn ipv4(&self) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|(address, _)| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
    }

    /// Its address of IPv6.
    pub fn ipv6(&self) -> Option<Ipv6Addr> {
        self.addresses.iter().find_map(|(address, _)| match address {
            IpAddr::V6(address) => Some(*address),
            IpAddr::V4(_) => None,
        })
    }

    /// All names that it is found by: its own, the first digits of its id, and its aliases.
    pub fn names(&self) -> Vec<String> {
        let short = self.container.get(..12).unwrap_or(&self.container).to_string();
        let mut names = vec![self.name.clone(), short];
        names.extend(self.aliases.iter().cloned());
        names
    }
}

impl Networks {
    fn endpoint_path(&self, network: &str, container: &str) -> std::path::PathBuf {
        self.path(network).join("endpoints").join(container)
    }

    /// What somebody was killed over while he wrote it.
    pub(crate) fn remove_unfinished_endpoint(&self, network: &str, container: &str) -> Result<()> {
        disk::remove(&disk::unfinished(&self.endpoint_path(network, container)))
    }

    /// How a container is connected to a network; nothing if it is not.
    pub fn endpoint(&self, network: &str, container: &str) -> Result<Option<Endpoint>> {
        disk::read(&self.endpoint_path(network, container))
    }

    /// All that are connected to a network.
    pub fn endpoints(&self, network: &str) -> Result<Vec<Endpoint>> {
        let ids = disk::names(&self.path(network).join("endpoints"))?;
        Ok(ids.iter().filter_map(|id| self.endpoint(network, id).ok().flatten()).collect())
    }

    /// Somebody is connected to a network.
    pub fn is_used(&self, network: &str) -> Result<bool> {
        Ok(!disk::names(&self.path(network).join("endpoints"))?.is_empty())
    }

    /// Writes down that a container is connected: addresses, the rest, names. The kernel is told after.
    pub fn connect(&self, network: &Network, connect: &Connect<'_>, held: &Held) -> Result<Endpoint> {
        let container = connect.container;
        if self.endpoint_path(&network.id, container).exists() {
            return Err(Fault::new(Kind::Exists, format!("connect to network `{}`", network.name)).because(
                format!("endpoint with name {} already exists in network {}", connect.name, network.name),
            ));
        }
        let connected = self.write_endpoint(network, connect, held);
        connected.inspect_err(|_| {
            drop(self.disconnect(network, container).and_then(|()| self.release_all(network, container)));
        })
    }

    fn write_endpoint(&self, network: &Network, connect: &Connect<'_>, held: &Held) -> Result<Endpoint> {
        let container = connect.container;
        let before = |ipv4| connect.before.iter().copied().find(|address| address.is_ipv4() == ipv4);
        let ip = self.lease(network, container, (connect.ip.map(IpAddr::V4), before(true)), true, held)?;
        let ip6 =
            self.lease(network, container, (connect.ip6.map(IpAddr::V6), before(false)), false, held)?;
        let prefix = |ipv4| network.pool(ipv4).map_or(0, |pool| pool.subnet.prefix());
        let addresses: Vec<_> =
            ip.into_iter().chain(ip6).map(|address| (address, prefix(address.is_ipv4()))).collect();
        let random = disk::random::<5>()?;
        let is_veth = network.driver == crate::Driver::Bridge;
        let mut endpoint = Endpoint {
            id: disk::new_id()?,
            container: container.to_string(),
            name: connect.name.to_string(),
            aliases: connect.aliases.to_vec(),
            addresses,
            mac: String::new(),
            interface: connect.interface.to_string(),
            outside: if is_veth { format!("veth{}", disk::hex(&random)) } else { String::new() },
            ports: connect.ports.to_vec(),
        };
        let mac = connect.mac.map_or_else(|| own_mac(&endpoint), Ok)?;
        if network.driver != crate::Driver::Ipvlan {
            endpoint.mac = mac.to_string();
        }
        disk::write(&self.endpoint_path(&network.id, container), &endpoint)?;
        // On the default network nobody is asked for names.
        if !network.is_default() {
            self.write_names(&network.id, &endpoint)?;
        }
        Ok(endpoint)
    }

    /// Writes down what has changed of an endpoint: its name, its ports.
    pub fn write_changed(&self, network: &Network, endpoint: &Endpoint) -> Result<()> {
        let before = self.endpoint(&network.id, &endpoint.container)?;
        disk::write(&self.endpoint_path(&network.id, &endpoint.container), endpoint)?;
        if network.is_default() || before.as_ref().is_some_and(|before| before.names() == endpoint.names()) {
            return Ok(());
        }
        before.map_or(Ok(()), |before| self.remove_names(&network.id, &before))?;
        self.write_names(&network.id, endpoint)
    }

    /// Takes all of it back that is written down; the kernel was told before.
    pub fn disconnect(&self, network: &Network, container: &str) -> Result<()> {
        match self.endpoint(&network.id, container) {
            Ok(None) => return Ok(()),
            Ok(Some(endpoint)) => {
                self.remove_names(&network.id, &endpoint)?;
                for (address, _) in &endpoint.addresses {
                    self.release(network, container, *address)?;
                }
            }
            // Whatever it was, nothing tells of its addresses.
            Err(_) => {
                self.release_all(network, container)?;
                self.remove_all_names(&network.id, container)?;
            }
        }
        // Whoever was killed over a change of it has left that, too.
        self.remove_unfinished_endpoint(&network.id, container)?;
        disk::remove(&self.endpoint_path(&network.id, container))
    }
}

/// From its address, as Docker has it; by chance without one.
fn own_mac(endpoint: &Endpoint) -> Result<Mac> {
    endpoint.ipv4().map_or_else(any_mac, |address| Ok(Mac::of(address)))
}

/// One that nobody else has, by chance.
pub(crate) fn any_mac() -> Result<Mac> {
    let [a, b, c, d] = disk::random::<4>()?;
    Ok(Mac([0x02, 0x42, a, b, c, d]))
}
