//! How a process gets processors, disks and memory: parts of `process` and `linux`.

use serde::{Deserialize, Serialize};

use crate::nullable;

/// How it is scheduled.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#linux-process>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduler {
    /// `SCHED_OTHER` and the like.
    #[serde(default, deserialize_with = "nullable")]
    pub policy: String,
    /// -20 (first) to 19 (last).
    #[serde(default, deserialize_with = "nullable")]
    pub nice: i32,
    /// 1 to 99 (first), for real time.
    #[serde(default, deserialize_with = "nullable")]
    pub priority: i32,
    /// `SCHED_FLAG_RESET_ON_FORK` and the like.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Nanoseconds in each period, for `SCHED_DEADLINE`.
    #[serde(default, deserialize_with = "nullable")]
    pub runtime: u64,
    /// Nanoseconds.
    #[serde(default, deserialize_with = "nullable")]
    pub deadline: u64,
    /// Nanoseconds.
    #[serde(default, deserialize_with = "nullable")]
    pub period: u64,
}

/// Which of its requests a disk serves first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IoPriority {
    /// `IOPRIO_CLASS_RT`, `IOPRIO_CLASS_BE` or `IOPRIO_CLASS_IDLE`.
    #[serde(default, deserialize_with = "nullable")]
    pub class: String,
    /// 0 (first) to 7.
    #[serde(default, deserialize_with = "nullable")]
    pub priority: i32,
}

/// The processors that one who is put into a container may use: lists such as `0-3,7`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CpuAffinity {
    /// Until it is in the container's cgroup.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub initial: String,
    /// From then on.
    #[serde(rename = "final", deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub last: String,
}

/// What the program takes the kernel for.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#personality>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personality {
    /// `LINUX` or `LINUX32`.
    #[serde(default, deserialize_with = "nullable")]
    pub domain: String,
    /// There are none.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// Which memory nodes its memory comes from.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#memory-policy>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryPolicy {
    /// `MPOL_BIND` and the like.
    #[serde(default, deserialize_with = "nullable")]
    pub mode: String,
    /// A list such as `0-3,7`.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub nodes: String,
    /// `MPOL_F_STATIC_NODES` and the like.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}
