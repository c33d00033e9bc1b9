//! `linux.intelRdt`.

use serde::{Deserialize, Serialize};

use crate::nullable;

/// A share of the processors' cache and of the bandwidth to memory.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#intelrdt>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IntelRdt {
    /// Name of the group, which others may be in too; empty for one of the container's own.
    #[serde(rename = "closID", deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub clos_id: String,
    /// Any lines of the group's `schemata`, after the next two.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub schemata: Vec<String>,
    /// Parts of the cache: `L3:0=ff;1=c0`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub l3_cache_schema: String,
    /// Bandwidth to memory: `MB:0=20;1=70`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub mem_bw_schema: String,
    /// What it uses is counted apart from others of its group.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "std::ops::Not::not")]
    pub enable_monitoring: bool,
}
