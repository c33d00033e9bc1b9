//! The OCI Runtime Specification as types and rules. No I/O.
//!
//! Our own types instead of the `oci-spec` crate: that one refuses a config with a capability, rlimit or
//! seccomp flag that it does not know (the specification says: warn), takes twice as long to read one, and
//! cannot say which field has the wrong type. Field names are those of the specification, so whoever knows
//! `config.json` knows these.
//!
//! Source: <https://github.com/opencontainers/runtime-spec/tree/v1.3.0>

mod id;
pub mod image;
mod intel_rdt;
mod linux;
mod mount;
mod process;
mod read;
mod resources;
mod schedule;
pub mod seccomp;
mod shape;
mod spec;
mod state;
mod template;

pub use id::ContainerId;
pub use intel_rdt::IntelRdt;
pub use linux::{Device, IdMapping, Linux, Namespace, NamespaceKind, NetDevice, TimeOffset};
pub use mount::Mount;
pub use process::{Capabilities, ConsoleSize, Process, Rlimit, User};
pub use read::{LONGEST_CONFIG, from_json, parse, parse_process};
pub use resources::{
    BlockIo, Cpu, DeviceRule, HugepageLimit, InterfacePriority, Memory, Network, Pids, Rdma, Resources,
    ThrottleDevice, WeightDevice,
};
pub use schedule::{CpuAffinity, IoPriority, MemoryPolicy, Personality, Scheduler};
pub use spec::{Hook, Hooks, Root, Spec};
pub use state::{State, Status};
pub use template::template;

/// The version of the specification that we read and write.
pub const VERSION: &str = "1.3.0";

use shape::{named_objects, nullable, object, objects, optional};
