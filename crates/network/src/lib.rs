//! Networks: what is kept of them, who has which address, and what the kernel is told.
//!
//! ```text
//! ROOT/networks/                       locked: shared by who joins one, alone by who makes or removes some
//! ├── ID/                              ID has 64 hexadecimal digits
//! │   ├── network.json                 what it was made with: Network                     record.rs, make.rs
//! │   ├── leases/ADDRESS               a link to the id of who has the address           lease.rs
//! │   ├── next                         where to look for a free one first: a hint
//! │   ├── endpoints/CONTAINER          how a container is connected: Endpoint            endpoint.rs
//! │   └── names/NAME/CONTAINER         addresses, one on each line; NAME in small letters directory.rs
//! └── busy/CONTAINER                   a link: it is being connected or disconnected     busy.rs
//! ROOT/network-names/NAME              a link to the ID of the network that has the name names.rs
//! ```
//!
//! Whoever makes a link has what it stands for; a link is there as a whole or not at all. What is kept is written before
//! the kernel is told anything, and removed after: so whoever finds it can take the rest back. To answer a question for
//! a name, one folder is read; to connect a container, none.
//!
//! ```text
//! Subnet, Pool     ranges of addresses; which are free here      subnet.rs, pools.rs
//! Publish          ports of a container, as they were asked for  port.rs
//! firewall         one table of nftables, for all networks       firewall/
//! bridge           interfaces of networks                        bridge.rs
//! ```
//!
//! Nothing here knows containers but by their ids.

mod bridge;
mod busy;
mod defaults;
mod directory;
mod disk;
mod endpoint;
mod firewall;
mod lease;
mod make;
mod manage;
mod names;
mod networks;
mod pools;
mod port;
mod record;
mod republish;
mod subnet;
#[cfg(test)]
mod tests;

pub use bridge::Closed;
pub use busy::CutOff;
pub use defaults::{BRIDGE, HOST, NONE};
pub use endpoint::{Connect, Endpoint, Published};
pub use firewall::{Opened, TABLE};
pub use networks::{Held, Networks};
pub use port::{Exposed, Protocol, Publish, exposed, publish};
pub use record::{Driver, Network, Pool, Wanted, option};
pub use subnet::{NoSubnet, Subnet};
