//! Follows a packet from outside to a container, and tells where it was dropped.
//!
//! ```text
//! packet            the first packet of a connection, and the answer to it, as bytes; pure    packet.rs
//! follow            sends one, and hears of every rule that it meets                          follow.rs
//! ```
//!
//! The packet comes by an interface that is made for it and goes with it, from an address that is nobody's. It meets what
//! every packet from outside meets; nothing of this machine is changed, but for a table of nftables that marks this one
//! packet, and that the kernel removes with us.

mod follow;
mod packet;

pub use follow::{Followed, Hop, follow};
pub use packet::{Answer, Protocol};
