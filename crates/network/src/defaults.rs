//! The networks that are always there.

use fault::Result;

use crate::{Driver, Network, Networks};

/// Ids are the digests of the names, so that they are the same wherever they are made.
pub const BRIDGE: &str = "95f776a4a49abb7b33b402378067b6a03d515f3b3659b0c3949147c60feb0c8c";
/// The id of the network `host`.
pub const HOST: &str = "076f1800e37d6ab3ca2303760c59d76924b7d65c070bc415d6109aab62214c20";
/// The id of the network `none`.
pub const NONE: &str = "a7060357feb525c26f1e3a8db1cf868074d9b66407e9eca8b4ec0b0b0a7acd2d";

/// The default network's bridge.
pub(crate) const INTERFACE: &str = "nagaya0";

pub(crate) fn ids() -> [(&'static str, &'static str); 3] {
    [("bridge", BRIDGE), ("host", HOST), ("none", NONE)]
}

/// The id of one of them by its name.
pub(crate) fn id_of(name: &str) -> Option<&'static str> {
    ids().into_iter().find(|(other, _)| *other == name).map(|(_, id)| id)
}

impl Networks {
    /// One of the three; it is written down the first time that somebody wants it. Without a lock: the first who writes it
    /// has chosen its addresses, and no other network is made before it is there.
    pub(crate) fn predefined(&self, id: &str) -> Result<Network> {
        if let Some(there) = self.read(id)? {
            return Ok(there);
        }
        self.make_folders()?;
        let name = ids().into_iter().find(|(_, other)| *other == id).map_or("", |(name, _)| name);
        let mut network = Network {
            name: name.to_string(),
            id: id.to_string(),
            created: crate::disk::now(),
            ..Network::default()
        };
        match name {
            "host" => network.driver = Driver::Host,
            "none" => network.driver = Driver::Null,
            _ => {
                network.interface = INTERFACE.to_string();
                network.options.insert(crate::option::BRIDGE.to_string(), INTERFACE.to_string());
                network.pools = vec![self.free_pool()?];
            }
        }
        self.write(&network)?;
        Ok(self.read(id)?.unwrap_or(network))
    }
}
