//! The programs that call a runtime, on top of ours.
//!
//! - `docker`: a private dockerd, and `docker` as people type it.
//! - `docker_parity`: the same command lines under ours and under runc.
//! - `swarm`: a service of the same dockerd, which scales.
//! - `ctr`: a private containerd by its own command line, under ours and under runc.
//! - `cri`: the same containerd as a kubelet calls it: pods, their network, their containers.
//! - `podman`, `rootless` (podman of an ordinary user), `buildah`: the same command lines under ours and under runc.
//!
//! `NAGAYA_RUNTIME` names another program in the place of ours: with runc there, the tests tell what is true of
//! dockerd itself.

mod buildah;
mod containerd;
mod cri;
mod ctr;
mod docker;
mod docker_parity;
mod parity;
mod podman;
mod rootless;
mod swarm;
