//! From what is asked and what the host is, to a list of steps. Pure: no files, no clock, no environment.
//!
//! - [`create`]: config and host to steps; the only place that decides anything.
//! - [`Step`]: everything that can be done to make a container, as data.
//! - [`Host`]: what we know about this machine and this caller, read once.

mod capabilities;
mod check;
mod create;
mod exec;
mod explain;
mod files;
mod filter;
mod host;
mod ids;
mod mount;
mod namespaces;
mod place;
mod process;
mod rlimits;
mod step;

pub use capabilities::{
    Capability, Sets, all as all_capabilities, name as capability_name, number as capability,
};
pub use create::{Ask, Plan, create, keyring_name};
pub use exec::{Enter, Standing, exec};
pub use explain::{explain, trace_line};
pub use filter::Filtering;
pub use host::{Cgroups, Host, Place};
pub use mount::{Attributes, Mount, Propagation, Source, known_options};
pub use place::{leaf as cgroup_leaf, update};
pub use rlimits::Resource;
pub use step::{
    Clock, Hidden, IdMaps, Join, Limit, Listener, Node, NodeKind, Overlay, Side, Stage, Step, Stub, Undo,
};
