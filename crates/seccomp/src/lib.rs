//! System call filters: `linux.seccomp` of a config as a program for the kernel. Pure: nothing is installed here.
//!
//! ```text
//! oci::Seccomp -> compile: names to numbers (syscalls, arch) -> rules of each architecture
//!                          -> tree: a binary search over the numbers -> program: jumps and returns
//! ```
//!
//! Our own compiler instead of libseccomp: that is a C library, builds its programs rule by rule in a
//! database, and takes longer than all the rest of a container's start.
//!
//! Source: seccomp(2), <https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html>,
//! <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#seccomp>

mod action;
mod arch;
mod compile;
mod condition;
mod multiplexed;
mod program;
mod syscalls;
mod tree;

pub use action::actions;
pub use arch::{Arch, architectures};
pub use compile::{compile, flags};
pub use condition::operators;
pub use program::{Filter, Instruction};
