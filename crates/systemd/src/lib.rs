//! Containers as scopes of systemd. Pure: names, properties and bytes; who sends them is `launch`.
//!
//! ```text
//! slice:prefix:name           -> Scope: the unit, its slice, its cgroup     name.rs
//! memory.max=67108864         -> MemoryMax=67108864                         limits.rs
//! org.systemd.property.NAME   -> NAME, if it is harmless                    annotations.rs, text.rs
//! StartTransientUnit(..)      -> bytes of D-Bus, and what comes back        call.rs, message.rs, wire.rs
//! unix:path=/run/user/1000/bus                                             address.rs
//! ```
//!
//! Source: org.freedesktop.systemd1(5), systemd.resource-control(5).

mod address;
mod annotations;
mod call;
mod limits;
mod message;
mod name;
mod property;
mod text;
mod wire;

pub use address::{Address, Manager};
pub use annotations::{annotations, with_annotations};
pub use call::{Call, Job, control_group, version};
pub use limits::{Limits, needs_version};
pub use message::{Kind, Message, Refusal};
pub use name::Scope;
pub use property::{Property, Value};
