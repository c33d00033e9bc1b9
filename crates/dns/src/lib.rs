//! A small name server: names of containers are answered, the rest is passed on to others.
//!
//! ```text
//! answer            a question's bytes -> what is to be done about it, pure     message.rs, name.rs
//! Server            sockets, for a loop that polls                              server/
//!   Forwarded       a question that another server was asked                    server/forwarded.rs
//!   Stream          somebody who asks by TCP                                    server/stream.rs
//! ```
//!
//! Nothing here waits, has a thread, or looks a name up: whoever polls lends the names.

mod message;
mod name;
mod server;

pub use message::{Names, Said, Way, answer, failure};
pub use server::{Open, Server, Source, Upstream};
