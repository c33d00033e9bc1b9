//! System calls that rustix lacks, a file for each man page; all the `unsafe` code of the house.
//!
//! Every function here is safe to call: what a caller could get wrong is checked, or cannot be said.

#![expect(unsafe_code, reason = "this crate is the one door to the kernel that rustix does not have")]

pub mod affinity;
pub mod bpf;
pub mod clone;
pub mod environment;
pub mod exec;
pub mod fds;
pub mod io_priority;
pub mod keyring;
pub mod loopback;
pub mod memory;
pub mod memory_policy;
pub mod mount_attr;
pub mod namespaces;
pub mod netlink;
pub mod personality;
pub mod pidfd_info;
pub mod regex;
pub mod remove_tree;
pub mod sched;
pub mod seccomp;
pub mod signals;
pub mod tun;
pub mod writeback;

use std::io;

/// A system call's return value as a result.
fn check(ret: libc::c_long) -> io::Result<libc::c_long> {
    if ret == -1 { Err(io::Error::last_os_error()) } else { Ok(ret) }
}
