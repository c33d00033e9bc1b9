//! Limits of what a container may use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{named_objects, nullable, object, objects};

/// Limits.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#control-groups>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resources {
    /// Which devices may be used; the last rule that fits decides.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
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
    /// Reading from and writing to block devices.
    #[serde(rename = "blockIO", deserialize_with = "object", skip_serializing_if = "is_empty")]
    pub block_io: BlockIo,
    /// Huge pages, size by size.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub hugepage_limits: Vec<HugepageLimit>,
    /// Marks on what it sends (cgroup v1).
    #[serde(deserialize_with = "object", skip_serializing_if = "is_empty")]
    pub network: Network,
    /// Handles and objects of RDMA devices, by the device's name.
    #[serde(deserialize_with = "named_objects", skip_serializing_if = "BTreeMap::is_empty")]
    pub rdma: BTreeMap<String, Rdma>,
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
    /// The kernel's own memory. No kernel limits it by itself since Linux 5.16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<i64>,
    /// Buffers of TCP (cgroup v1).
    #[serde(rename = "kernelTCP", skip_serializing_if = "Option::is_none")]
    pub kernel_tcp: Option<i64>,
    /// `update` refuses a limit below what is in use. On cgroup v1 the kernel always does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_before_update: Option<bool>,
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
    /// 1: only the time that nobody else wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<i64>,
    /// Microseconds of each real-time period in which its real-time tasks may run (cgroup v1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realtime_runtime: Option<i64>,
    /// Microseconds (cgroup v1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realtime_period: Option<u64>,
}

/// Limit of processes and threads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pids {
    /// How many; -1 means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

/// Reading from and writing to block devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BlockIo {
    /// Share against siblings: 10 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
    /// Share of its own tasks against cgroups below. No kernel has it since Linux 5.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf_weight: Option<u16>,
    /// Shares on single devices.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub weight_device: Vec<WeightDevice>,
    /// Bytes to read in a second.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub throttle_read_bps_device: Vec<ThrottleDevice>,
    /// Bytes to write in a second.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub throttle_write_bps_device: Vec<ThrottleDevice>,
    /// Reads in a second.
    #[serde(
        rename = "throttleReadIOPSDevice",
        deserialize_with = "objects",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub throttle_read_iops_device: Vec<ThrottleDevice>,
    /// Writes in a second.
    #[serde(
        rename = "throttleWriteIOPSDevice",
        deserialize_with = "objects",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub throttle_write_iops_device: Vec<ThrottleDevice>,
}

/// Shares on one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeightDevice {
    /// Driver.
    pub major: i64,
    /// Which of the driver's devices.
    pub minor: i64,
    /// Share against siblings: 10 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
    /// Share of its own tasks against cgroups below. No kernel has it since Linux 5.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf_weight: Option<u16>,
}

/// A limit on one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleDevice {
    /// Driver.
    pub major: i64,
    /// Which of the driver's devices.
    pub minor: i64,
    /// In a second; 0 means no limit.
    pub rate: u64,
}

/// A limit of huge pages of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HugepageLimit {
    /// As the kernel has it: `64KB`, `2MB`, `1GB`.
    pub page_size: String,
    /// Bytes.
    pub limit: u64,
}

/// Marks on what a container sends (cgroup v1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// For tc(8) to tell packets apart by.
    #[serde(rename = "classID", skip_serializing_if = "Option::is_none")]
    pub class_id: Option<u32>,
    /// Priorities, interface by interface.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<InterfacePriority>,
}

/// The priority of what is sent by one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfacePriority {
    /// The interface, as the runtime sees it.
    pub name: String,
    /// Its priority.
    pub priority: u32,
}

/// Limits of one RDMA device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rdma {
    /// Handles that may be open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hca_handles: Option<u32>,
    /// Objects that may be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hca_objects: Option<u32>,
}

fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
