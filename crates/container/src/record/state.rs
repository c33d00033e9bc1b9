//! How a container's program is, and was.

use std::path::PathBuf;

use fault::Fault;
use serde::{Deserialize, Serialize};

/// Where in its life a container is, as far as it was written down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its program was never started.
    #[default]
    Created,
    /// Its program runs.
    Running,
    /// Its program has ended, and is about to be started again.
    Restarting,
    /// Its program has ended.
    Exited,
    /// It is being removed.
    Removing,
}

/// How a container's program is, and was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Where in its life it is.
    pub phase: Phase,
    /// The boot that this is about.
    pub boot_id: String,
    /// The first process, as the host numbers it; 0 without one.
    pub pid: i32,
    /// Its monitor.
    pub monitor: i32,
    /// RFC 3339; empty if never.
    pub started: String,
    /// RFC 3339; empty if never.
    pub finished: String,
    /// Of the last end: the program's own, or 128 and the number of a signal.
    pub exit_code: i32,
    /// Why it could not be started, or what became of it.
    pub error: String,
    /// The same, with all that is known.
    pub fault: Option<Fault>,
    /// Some process of it was ended because the memory was used up.
    pub oom_killed: bool,
    /// How often it started again by itself.
    pub restarts: u32,
    /// Addresses that it had last.
    pub addresses: crate::Before,
    /// How it feels, if it is asked.
    pub health: Option<HealthState>,
    /// The file that tells whether its processes are held still.
    pub freezer: Option<PathBuf>,
}

/// How a container feels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthState {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// Failures in a row.
    pub failing: u32,
    /// The last answers, the oldest first.
    pub log: Vec<HealthCheck>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthCheck {
    /// RFC 3339.
    pub start: String,
    /// RFC 3339.
    pub end: String,
    /// 0 is good.
    pub exit_code: i32,
    /// What it printed, cut.
    pub output: String,
}
