//! Walks the steps: makes, starts, signals and removes containers.
//!
//! ```text
//! Host::read        what this machine is                            host.rs
//! Containers        one folder for each container                   state.rs
//! create / run      plan -> folder -> clone -> walk                 create.rs, walk.rs
//!   hands/*         one file for each kind of step                  hands/
//! start             opens the gate                                  gate.rs
//! kill, delete      by what the folder says                         container.rs, undo.rs
//! ```
//!
//! Nothing here starts a thread: a process with threads could not clone itself.

mod boot;
mod console;
mod container;
mod create;
mod diagnose;
mod exec;
mod foreground;
mod freezer;
mod gate;
mod hands;
mod hooks;
mod host;
mod message;
mod proc;
mod rootfs;
mod seal;
mod signal;
mod state;
mod undo;
mod update;
mod walk;

pub use console::{Console, connect as connect_console};
pub use container::Container;
pub use create::{Options, Started, Trace, create, run};
pub use exec::{Entering, Subgroup, exec};
pub use foreground::{Ended, Foreground};
pub use host::read as read_host;
pub use rootfs::RootFd;
pub use seal::seal;
pub use signal::parse as parse_signal;
pub use state::{Containers, Folder};
pub use update::update;
