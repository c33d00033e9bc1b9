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
mod id_words;
mod ids;
mod label;
mod memory_policy;
mod mount;
mod namespaces;
mod net_devices;
mod network;
mod numbers;
mod place;
mod process;
mod rdt;
mod rlimits;
mod schedule;
mod scheduler;
mod scope;
mod step;
mod sysctl;

pub use capabilities::{
    Capability, Sets, all as all_capabilities, name as capability_name, number as capability,
};
pub use create::{Ask, Layers, Plan, create, keyring_name};
pub use exec::{Enter, Standing, exec};
pub use explain::{explain, trace_line};
pub use filter::Filtering;
pub use host::{Cgroups, Host, Place, Unit};
pub use memory_policy::{MemoryNodes, memory_policies};
pub use mount::{Attributes, Link, Mount, MountIds, Propagation, Source, known_options};
pub use network::Connections;
pub use numbers::Numbers;
pub use place::{leaf as cgroup_leaf, update};
pub use process::keeps_groups;
pub use rdt::{groups as resctrl_groups, schemata};
pub use rlimits::Resource;
pub use scheduler::Scheduling;
pub use scope::properties as unit_properties;
pub use step::{
    Clock, Group, Hidden, HostSource, IdMaps, ImageRoot, Interface, InterfaceKind, Join, Limit, Listener,
    Lower, Node, NodeKind, Opening, Overlay, Side, Stage, Step, Stub, Undo, upper_of, work_of,
};
pub use sysctl::sysctl_path;
