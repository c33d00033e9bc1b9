//! `linux`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::seccomp::Seccomp;
use crate::{Later, nullable, object, optional};

/// Everything that only Linux has.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Linux {
    /// New or joined; what is not listed is the caller's.
    #[serde(deserialize_with = "nullable")]
    pub namespaces: Vec<Namespace>,
    /// User ids of a new user namespace.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub uid_mappings: Vec<IdMapping>,
    /// Group ids of a new user namespace.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub gid_mappings: Vec<IdMapping>,
    /// `monotonic` and `boottime`: what a new time namespace adds to the host's clocks.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub time_offsets: BTreeMap<String, TimeOffset>,
    /// Device nodes besides the default ones.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
    /// Where the container's cgroup is.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub cgroups_path: String,
    /// Limits.
    #[serde(deserialize_with = "object")]
    pub resources: Resources,
    /// Kernel settings of the container's own namespaces: `net.ipv4.ip_forward` and the like.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctl: BTreeMap<String, String>,
    /// How mounts below `/` are shared: `private`, `slave`, `shared`, `unbindable`, or with an `r` in front.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub rootfs_propagation: String,
    /// Paths that read as empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub masked_paths: Vec<String>,
    /// Paths that can only be read.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub readonly_paths: Vec<String>,
    /// Which system calls the program may make.
    #[serde(deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<Seccomp>,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub mount_label: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub intel_rdt: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub personality: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub net_devices: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub memory_policy: Later,
}

/// One of the eight kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamespaceKind {
    /// Ids and privileges.
    User,
    /// What is mounted where.
    Mount,
    /// Process numbers.
    Pid,
    /// Network interfaces, addresses, routes, ports.
    Network,
    /// System V IPC and POSIX message queues.
    Ipc,
    /// Host name and domain name.
    Uts,
    /// Which cgroup looks like the root.
    Cgroup,
    /// Monotonic and boot-time clocks.
    Time,
}

impl fmt::Display for NamespaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NamespaceKind::User => "user",
            NamespaceKind::Mount => "mount",
            NamespaceKind::Pid => "pid",
            NamespaceKind::Network => "network",
            NamespaceKind::Ipc => "ipc",
            NamespaceKind::Uts => "uts",
            NamespaceKind::Cgroup => "cgroup",
            NamespaceKind::Time => "time",
        })
    }
}

/// A namespace: new, or an existing one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Which kind.
    #[serde(rename = "type")]
    pub kind: NamespaceKind,
    /// A file such as `/proc/1/ns/net`; empty for a new one.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub path: String,
}

/// `size` ids from `container_id` up are `host_id` and up outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMapping {
    /// First id in the container.
    #[serde(rename = "containerID")]
    pub container_id: u32,
    /// First id outside.
    #[serde(rename = "hostID")]
    pub host_id: u32,
    /// How many.
    pub size: u32,
}

/// What is added to a clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeOffset {
    /// Seconds.
    #[serde(default)]
    pub secs: i64,
    /// Nanoseconds.
    #[serde(default)]
    pub nanosecs: u32,
}

/// A device node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// `c`, `u`, `b` or `p`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where, in the container.
    pub path: String,
    /// Driver.
    #[serde(default, deserialize_with = "nullable")]
    pub major: i64,
    /// Which of the driver's devices.
    #[serde(default, deserialize_with = "nullable")]
    pub minor: i64,
    /// Mode bits; 0666 if it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_mode: Option<u32>,
    /// Owner, as the container sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Group, as the container sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
}

/// Limits.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#control-groups>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resources {
    /// Which devices may be used; the last rule that fits decides.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceRule>,
    /// Memory.
    #[serde(deserialize_with = "object")]
    pub memory: Memory,
    /// Processors.
    #[serde(deserialize_with = "object")]
    pub cpu: Cpu,
    /// Processes and threads.
    #[serde(deserialize_with = "object")]
    pub pids: Pids,
    /// Not honoured yet.
    #[serde(rename = "blockIO", skip_serializing_if = "Later::is_nothing")]
    pub block_io: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub hugepage_limits: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub network: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub rdma: Later,
    /// Files of cgroup v2, and what to write into them.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub unified: BTreeMap<String, String>,
}

/// One rule about devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRule {
    /// Allowed, or denied.
    pub allow: bool,
    /// `a` (all), `c` or `b`; nothing means all.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "String::is_empty"
    )]
    pub kind: String,
    /// Driver; nothing or -1 means any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major: Option<i64>,
    /// Which of the driver's devices; nothing or -1 means any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor: Option<i64>,
    /// Some of `r`, `w`, `m` (make a node).
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub access: String,
}

/// Limits of memory, in bytes; -1 means none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Memory {
    /// Above it the kernel reclaims, then kills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// What the kernel tries to leave to the container when memory is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<i64>,
    /// Memory and swap together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<i64>,
    /// How gladly the kernel swaps: 0 to 100 (cgroup v1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swappiness: Option<u64>,
    /// Processes wait for memory instead of being killed (cgroup v1).
    #[serde(rename = "disableOOMKiller", skip_serializing_if = "Option::is_none")]
    pub disable_oom_killer: Option<bool>,
    /// No kernel has this any more; the specification lets us leave it out.
    #[serde(skip_serializing)]
    pub kernel: Option<i64>,
    /// The same.
    #[serde(rename = "kernelTCP", skip_serializing)]
    pub kernel_tcp: Option<i64>,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub check_before_update: Later,
}

/// Limits of processors; zero means none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cpu {
    /// Share against siblings: 2 to 262144, 1024 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<u64>,
    /// Microseconds of processor time in each period; -1 means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<i64>,
    /// Microseconds that an unused quota may add up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u64>,
    /// Microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u64>,
    /// Processors it may run on: `0-2,7`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub cpus: String,
    /// Memory nodes it may use.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub mems: String,
    /// Only what nobody else wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<i64>,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub realtime_runtime: Later,
    /// Not honoured yet.
    #[serde(skip_serializing_if = "Later::is_nothing")]
    pub realtime_period: Later,
}

/// Limit of processes and threads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pids {
    /// How many; 0 and -1 mean no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}
