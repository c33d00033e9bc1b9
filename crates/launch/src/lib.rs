//! Walks the steps: makes, starts, signals and removes containers.
//!
//! ```text
//! Host::read        what this machine is                            host.rs
//! Containers        one folder for each container                   state.rs
//! create / run      plan -> folder -> clone -> walk                 create.rs, walk.rs
//!   hands/*         one file for each kind of step                  hands/
//! start             opens the gate                                  gate.rs
//! events            what it uses, and what happens to it            stats.rs, events.rs
//! roots             files from outside: laid, or as they are        roots.rs, rootfs.rs
//! kill, delete      by what the folder says                         container.rs, undo.rs
//! ```
//!
//! Nothing here starts a thread: a process with threads could not clone itself.

mod boot;
mod bus;
mod console;
mod container;
mod create;
mod diagnose;
mod events;
mod exec;
mod foreground;
mod freezer;
mod gate;
mod hands;
mod hooks;
mod host;
mod message;
mod network;
mod notify;
mod own_root;
mod pidfd;
mod proc;
mod resctrl;
mod rootfs;
mod roots;
mod scope;
mod seal;
mod signal;
mod state;
mod stats;
mod undo;
mod update;
mod walk;

pub use boot::id as boot_id;
pub use console::{Console, connect as connect_console};
pub use container::Container;
pub use create::{Options, Started, Trace, create, run};
pub use events::{Event, events};
pub use exec::{Entering, Subgroup, exec, exec_steps, leave_pid_namespace};
pub use foreground::{Ended, Foreground, end_of, ended};
pub use freezer::is_held;
pub use hands::NameSockets;
pub use host::{CgroupManager, read as read_host};
pub use network::ContainerNetwork;
pub use notify::{INSIDE as NOTIFY_FOLDER, Notify};
pub use own_root::{beside, in_own_root, remove_folder};
pub use pidfd::PidfdSocket;
pub use rootfs::RootFd;
pub use roots::{lay, lay_lower};
pub use seal::{seal, sealed};
pub use signal::{from_number as signal_from_number, name as signal_name, parse as parse_signal};
pub use state::{Containers, Folder};
pub use stats::stats;
pub use update::{update, update_share};
