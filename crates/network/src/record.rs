//! What is known of a network.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use fault::{Fault, Kind, Result};
use serde::{Deserialize, Serialize};

use crate::Subnet;

/// Who carries its packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// A bridge of this machine's.
    #[default]
    Bridge,
    /// Interfaces with hardware addresses of their own on one of this machine's.
    Macvlan,
    /// Interfaces with the hardware address of one of this machine's.
    Ipvlan,
    /// This machine's own network.
    Host,
    /// Nobody.
    Null,
}

impl Driver {
    /// In Docker's words.
    pub fn name(self) -> &'static str {
        match self {
            Driver::Bridge => "bridge",
            Driver::Macvlan => "macvlan",
            Driver::Ipvlan => "ipvlan",
            Driver::Host => "host",
            Driver::Null => "null",
        }
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Driver {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Driver> {
        match name {
            "" | "bridge" => Ok(Driver::Bridge),
            "macvlan" => Ok(Driver::Macvlan),
            "ipvlan" => Ok(Driver::Ipvlan),
            "host" => Ok(Driver::Host),
            "null" | "none" => Ok(Driver::Null),
            _ => Err(Fault::new(Kind::NotFound, format!("use network driver `{name}`"))
                .because(format!("could not find plugin {name}: plugin \"{name}\" not found"))
                .hint("the drivers are bridge, macvlan and ipvlan")),
        }
    }
}

/// Addresses of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// All of them.
    pub subnet: Subnet,
    /// Where what is for elsewhere is sent. On a bridge, this machine's address on it.
    pub gateway: Option<IpAddr>,
    /// Those that are given away by themselves; nothing means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Subnet>,
    /// Those that somebody else has, by his name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub taken: BTreeMap<String, IpAddr>,
    /// Somebody has asked for these addresses; the others were chosen.
    #[serde(default)]
    pub asked: bool,
}

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// What people call it.
    pub name: String,
    /// 64 hexadecimal digits.
    pub id: String,
    /// Who carries its packets.
    pub driver: Driver,
    /// RFC 3339, with nanoseconds.
    pub created: String,
    /// Its addresses: of IPv4, of IPv6, or both.
    pub pools: Vec<Pool>,
    /// Nothing of it leads anywhere else.
    pub internal: bool,
    /// IPv6 was asked for.
    pub ipv6: bool,
    /// Of the driver, in Docker's words: see [`crate::option`].
    pub options: BTreeMap<String, String>,
    /// Notes of people and programs.
    pub labels: BTreeMap<String, String>,
    /// The bridge's name as an interface; for macvlan and ipvlan, that of their parent.
    pub interface: String,
    /// The bridge was there before the network: it stays when that goes.
    pub foreign: bool,
}

/// Names of options of networks, as Docker has them.
pub mod option {
    /// Name of the bridge.
    pub const BRIDGE: &str = "com.docker.network.bridge.name";
    /// Bytes of the largest packet.
    pub const MTU: &str = "com.docker.network.driver.mtu";
    /// `false`: containers of it do not reach each other.
    pub const TALK: &str = "com.docker.network.bridge.enable_icc";
    /// `false`: what leaves it keeps its address.
    pub const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
    /// Address of this machine at which ports are published.
    pub const HOST: &str = "com.docker.network.bridge.host_binding_ipv4";
    /// The interface that a macvlan or ipvlan is made from.
    pub const PARENT: &str = "parent";
    /// How they reach each other.
    pub const MACVLAN_MODE: &str = "macvlan_mode";
    /// How they reach each other.
    pub const IPVLAN_MODE: &str = "ipvlan_mode";
}

/// Bytes of the largest packet, unless somebody says otherwise.
const MTU: u32 = 1500;

impl Network {
    /// One of the three that are always there.
    pub fn is_predefined(&self) -> bool {
        crate::defaults::ids().iter().any(|(_, id)| *id == self.id)
    }

    /// The one that containers are in for which nothing else is asked for. Names are not resolved on it.
    pub fn is_default(&self) -> bool {
        self.id == crate::defaults::BRIDGE
    }

    /// Digits of the id that people get to see.
    pub fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// Addresses of IPv4, or of IPv6.
    pub fn pool(&self, ipv4: bool) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.subnet.is_ipv4() == ipv4)
    }

    /// An option is on; `usually`, if nobody has said anything.
    pub fn is_on(&self, option: &str, usually: bool) -> bool {
        self.options
            .get(option)
            .map_or(usually, |value| matches!(value.as_str(), "true" | "1" | "t" | "T" | "TRUE" | "True"))
    }

    /// Bytes of the largest packet.
    pub fn mtu(&self) -> u32 {
        self.options.get(option::MTU).and_then(|value| value.parse().ok()).unwrap_or(MTU)
    }

    /// What leaves it looks as if it came from this machine.
    pub fn masquerades(&self) -> bool {
        !self.internal && self.is_on(option::MASQUERADE, true)
    }
}

/// A network that somebody wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What people will call it.
    pub name: String,
    /// Who carries its packets.
    pub driver: Driver,
    /// Addresses that were asked for; of IPv4 some are chosen if there are none.
    pub pools: Vec<Pool>,
    /// Nothing of it leads anywhere else.
    pub internal: bool,
    /// Addresses of IPv6 too: chosen, if none were asked for.
    pub ipv6: bool,
    /// Of the driver.
    pub options: BTreeMap<String, String>,
    /// Notes.
    pub labels: BTreeMap<String, String>,
}
