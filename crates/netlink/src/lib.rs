//! Network interfaces, addresses, routes and packet filters, by messages to the kernel.
//!
//! ```text
//! Message          one request: a header and attributes, which nest        message.rs
//! Connection       requests there, answers back, many at once              connection.rs
//! Route            interfaces, addresses, routes: rtnetlink(7)             route/
//! nft              tables, chains, rules, sets: nfnetlink                  nft/
//! ```
//!
//! No other program is started for any of it. All numbers are in the machine's own byte order but those of nftables,
//! all parts begin at multiples of four. Source: netlink(7), rtnetlink(7), linux/rtnetlink.h, linux/if_link.h,
//! linux/if_addr.h, linux/netfilter/nf_tables.h.

mod connection;
mod mac;
mod message;
pub mod nft;
mod refused;
mod route;

pub use connection::Connection;
pub use mac::Mac;
pub use message::{Message, attributes};
pub use refused::{Refused, Told};
pub use route::{Address, Bridge, Interface, Kind, Namespace, Plug, Route, RouteEntry};
