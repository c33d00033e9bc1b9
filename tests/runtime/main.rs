//! `nagaya-runtime` as runc's callers know it, bad input, and `kill -9` at every point.

mod bad_config;
mod bad_input;
mod bad_rootfs;
mod cgroups;
mod change;
mod cli;
mod exec;
mod guarded;
mod hooks;
mod killed;
mod lifecycle;
mod many;
mod mounts;
mod process;
mod sealed;
mod seccomp;
mod terminal;
