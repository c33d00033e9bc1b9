//! The programs that call a runtime, on top of ours.
//!
//! - `docker`: a private dockerd, and `docker` as people type it.
//! - `podman`: the same command lines under ours and under runc.
//!
//! `NAGAYA_RUNTIME` names another program in the place of ours: with runc there, the tests tell what is true of
//! dockerd itself.

mod daemon;
mod docker;
mod podman;
mod traces;
mod wait;
