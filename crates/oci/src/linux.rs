//! `linux`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::seccomp::Seccomp;
use crate::{
    IntelRdt, MemoryPolicy, Personality, Resources, named_objects, nullable, object, objects, optional,
};

/// Everything that only Linux has.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Linux {
    /// New or joined; what is not listed is the caller's.
    #[serde(deserialize_with = "objects")]
    pub namespaces: Vec<Namespace>,
    /// User ids of a new user namespace.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub uid_mappings: Vec<IdMapping>,
    /// Group ids of a new user namespace.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub gid_mappings: Vec<IdMapping>,
    /// `monotonic` and `boottime`: what a new time namespace adds to the host's clocks.
    #[serde(deserialize_with = "named_objects", skip_serializing_if = "BTreeMap::is_empty")]
    pub time_offsets: BTreeMap<String, TimeOffset>,
    /// Device nodes besides the default ones.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
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
    /// The SELinux label of the file systems that are mounted for the container.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub mount_label: String,
    /// Its share of the processors' cache and of the bandwidth to memory.
    #[serde(deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub intel_rdt: Option<IntelRdt>,
    /// What the program takes the kernel for.
    #[serde(deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub personality: Option<Personality>,
    /// Network interfaces of the host that become the container's, by their names on the host.
    #[serde(deserialize_with = "named_objects", skip_serializing_if = "BTreeMap::is_empty")]
    pub net_devices: BTreeMap<String, NetDevice>,
    /// Which memory nodes its memory comes from.
    #[serde(deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub memory_policy: Option<MemoryPolicy>,
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

/// A network interface of the host that becomes the container's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetDevice {
    /// What it is called in there; empty for the same as outside.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub name: String,
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
