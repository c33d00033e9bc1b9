//! `nagaya run` as people type it, on real containers.

#[path = "../callers/daemon.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod daemon;
#[path = "../callers/private.rs"]
mod private;
#[path = "../callers/rootfs.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod rootfs;
#[path = "../callers/said.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod said;
#[path = "../callers/traces.rs"]
mod traces;
#[path = "../callers/wait.rs"]
mod wait;
#[path = "../callers/witness.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod witness;

#[path = "../images/disk.rs"]
#[allow(dead_code, reason = "the images' tests use the rest")]
mod disk;
/// What `disk` needs, under the name that it has there.
mod engine {
    pub(crate) use crate::kit::Nagaya;
}

mod capabilities;
mod commit;
mod copy;
mod cut_off;
mod cut_off_commands;
mod cut_off_monitor;
mod damaged;
mod defaults;
mod devices;
mod exec;
mod exit_codes;
mod explain;
mod flags;
mod flood;
mod full_disk;
mod glass_box;
mod hidden;
mod host_image;
mod hostile_copy;
mod inside;
mod interference;
mod journald;
mod kit;
mod known_failures;
mod limits;
mod monitor;
mod more_limits;
mod names;
mod naming;
mod options;
mod ordinary;
mod points;
mod poor_callers;
mod rebooted;
mod root_folder;
mod seccomp;
mod seccomp_peers;
mod security;
mod sharing;
mod signals;
mod terminal;
mod users;
mod volume_kit;
mod volumes;
mod volumes_busy;
mod volumes_commands;
mod volumes_killed;
mod volumes_mount;
mod volumes_named;
mod volumes_parts;
mod watched;
mod world;
