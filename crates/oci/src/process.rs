//! `process`.

use serde::{Deserialize, Serialize};

use crate::{CpuAffinity, IoPriority, Scheduler, nullable, object, objects, optional};

/// What runs in the container.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#process>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// A terminal of its own.
    #[serde(default, deserialize_with = "nullable")]
    pub terminal: bool,
    /// Size of the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_size: Option<ConsoleSize>,
    /// Who it runs as.
    #[serde(default, deserialize_with = "object")]
    pub user: User,
    /// The program and its arguments.
    #[serde(default, deserialize_with = "nullable")]
    pub args: Vec<String>,
    /// `NAME=value`, each.
    #[serde(default, deserialize_with = "nullable")]
    pub env: Vec<String>,
    /// An absolute path in the container.
    pub cwd: String,
    /// Without it: none.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// Limits of setrlimit(2).
    #[serde(default, deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub rlimits: Vec<Rlimit>,
    /// Programs with the setuid bit or file capabilities gain nothing.
    #[serde(default, deserialize_with = "nullable")]
    pub no_new_privileges: bool,
    /// How gladly the kernel kills it when memory is short: -1000 (never) to 1000 (first).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i32>,
    /// The AppArmor profile that confines it; without it, the caller's.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub apparmor_profile: String,
    /// The SELinux label of the program; without it, the policy decides.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub selinux_label: String,
    /// How it is scheduled; without it, as the caller is.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<Scheduler>,
    /// Which of its requests a disk serves first.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub io_priority: Option<IoPriority>,
    /// The processors of those that `exec` puts into the container.
    #[serde(
        default,
        rename = "execCPUAffinity",
        deserialize_with = "optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub exec_cpu_affinity: Option<CpuAffinity>,
}

/// Rows and columns of a terminal, in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleSize {
    /// Rows.
    pub height: u16,
    /// Columns.
    pub width: u16,
}

/// Numbers, as the container's user namespace has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// User.
    #[serde(default, deserialize_with = "nullable")]
    pub uid: u32,
    /// Group.
    #[serde(default, deserialize_with = "nullable")]
    pub gid: u32,
    /// Mode bits that new files do not get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<u32>,
    /// Supplementary groups.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub additional_gids: Vec<u32>,
}

/// The five sets, by name (`CAP_KILL`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// What a program may ever get.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub bounding: Vec<String>,
    /// What the kernel checks.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub effective: Vec<String>,
    /// What execve(2) keeps of the permitted set where the file allows it.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub inheritable: Vec<String>,
    /// What may become effective.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub permitted: Vec<String>,
    /// What an ordinary user keeps across execve(2).
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ambient: Vec<String>,
}

/// One limit of setrlimit(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimit {
    /// `RLIMIT_NOFILE` and the like.
    #[serde(rename = "type")]
    pub kind: String,
    /// The limit that the soft one may be raised to.
    pub hard: u64,
    /// The limit in force.
    pub soft: u64,
}
