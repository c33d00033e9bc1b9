//! The whole house, tested from its doors.
//!
//! - `tests/article`: what the article "How Docker works" shows, row by row, on real containers.
//! - `tests/runtime`: `nagaya-runtime` as runc's callers know it, bad input, and `kill -9` at every point.
//! - `tests/callers`: a real dockerd on top of us.
//! - `tests/engine`: `nagaya run` as people type it.
//! - `tests/vm`: cgroup v2 and systemd on a real kernel, in a virtual machine.
