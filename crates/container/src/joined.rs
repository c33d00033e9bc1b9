//! Networks of a container, as they were asked for.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Request;

/// Whose network namespace a container has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// Its own, with nothing but a loopback in it.
    #[default]
    None,
    /// This machine's.
    Host,
    /// Its own, connected to networks: see [`Request::networks`].
    Own,
    /// That of the container with this id.
    Container(String),
    /// The one that this file stands for.
    Namespace(PathBuf),
}

/// A network that a container is connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Joined {
    /// The network's id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Names that the container has on it besides its own.
    pub aliases: Vec<String>,
    /// Other containers that it calls by names of its own: `CONTAINER:NAME`.
    pub links: Vec<String>,
    /// Its addresses; nothing means any.
    pub ip: Option<Ipv4Addr>,
    /// The same of IPv6.
    pub ip6: Option<Ipv6Addr>,
    /// Its hardware address; nothing means one that is made from its address.
    pub mac: Option<String>,
}

impl Request {
    /// What network was asked for, in Docker's words.
    pub fn network_mode(&self) -> String {
        match &self.network {
            Network::None => "none".to_string(),
            Network::Host => "host".to_string(),
            Network::Own => {
                self.networks.first().map_or_else(|| "none".to_string(), |first| first.name.clone())
            }
            Network::Container(id) => format!("container:{id}"),
            Network::Namespace(path) => format!("ns:{}", path.display()),
        }
    }

    /// Names of all networks that it is in.
    pub fn network_names(&self) -> Vec<String> {
        match &self.network {
            Network::None | Network::Host => vec![self.network_mode()],
            Network::Own => self.networks.iter().map(|joined| joined.name.clone()).collect(),
            Network::Container(_) | Network::Namespace(_) => Vec::new(),
        }
    }
}
