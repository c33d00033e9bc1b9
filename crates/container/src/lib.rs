//! A container that somebody wants: from a request to an OCI config, and what is kept of it.
//!
//! ```text
//! Request           what was asked for                              request.rs, volume/, size.rs, restart.rs, log_config.rs
//! Machine, Image    what this machine and that root are             machine.rs, image.rs, subids.rs
//! config            all of them -> an OCI config, pure              config.rs, process.rs, linux.rs and what they use
//! Security          what holds it back: seccomp, labels, masks      security/
//! Naming            how its programs resolve names             naming/
//! host_image        `host`: this machine's own root, laid over      host_image.rs, secrets.rs
//! Prepared          ready to be launched                            prepare.rs, faults.rs
//! Exec              one more process in it                          exec.rs
//! Attached          connected to its networks, as long as it runs   joined.rs, attach.rs
//! Records           all containers, on disk                         record/
//! Volumes           all volumes, on disk                            volumes/
//! Journal           what has happened                               journal.rs
//! rotated           files of lines that make room by renaming       rotated.rs
//! ```
//!
//! Nothing here prints, and nothing here clones: that is `launch`'s.

mod attach;
mod capabilities;
mod cdi;
mod config;
mod device_option;
mod devices;
mod environment;
mod exec;
mod faults;
mod health;
mod host_image;
mod id;
mod image;
mod joined;
mod journal;
mod layers;
mod limits;
mod linux;
mod log_config;
mod machine;
mod mounts;
mod naming;
mod on_device;
mod place;
mod prepare;
mod process;
mod protected;
mod record;
mod request;
mod restart;
pub mod rotated;
mod secrets;
mod security;
mod sharing;
mod size;
mod subids;
mod surroundings;
mod time;
mod ulimit;
mod userns;
mod users;
mod volume;
mod volumes;

pub use attach::{
    Attached, Before, Left, attach, attach_live, detach, detach_ended, rename, take_back, ways_out,
};
pub use device_option::{DeviceNode, Devices};
pub use environment::Variable;
pub use exec::{Exec, env_file};
pub use faults::{advise, exit_code};
pub use health::{Health, OnFailure, health_args, health_check};
pub use id::{name as name_for, new as new_id};
pub use joined::{Joined, Network};
pub use journal::{Event, Journal};
pub use layers::{Part, layers, parts};
pub use limits::Limits;
pub use log_config::{LogConfig, LogDriver};
pub use machine::{can_connect, counts_swap, own_root};
pub use naming::{
    HostAddress, Link, NameServer, Names, Naming, Resolving, change_names, name_servers, write_names,
};
pub use on_device::OnDevice;
pub use place::default_root;
pub use prepare::Prepared;
pub use protected::protected;
pub use record::{Folder, HealthCheck, HealthState, HeldStill, Lock, Phase, Record, Records, State, short};
pub use request::{OfImage, Request, Root, stop_signal};
pub use restart::{Restart, back_off};
pub use secrets::{Secret, secrets};
pub use security::{Filter, Security, builtin};
pub use sharing::{Share, Sharing};
pub use size::{cpus, memory, size};
pub use surroundings::Surroundings;
pub use time::{at_micros, now};
pub use ulimit::Ulimit;
pub use userns::Userns;
pub use volume::{Below, Bind, By, Caller, Mount, OfMounted, OfVolume, Point, What};
pub use volumes::{Held, PrunedVolumes, Users, Volume, VolumeUsage, Volumes};
