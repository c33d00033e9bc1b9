//! `mounts`.

use serde::{Deserialize, Serialize};

use crate::{IdMapping, nullable, objects};

/// One mount, as asked for.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#mounts>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// Where, in the container. A relative path is taken from `/`.
    pub destination: String,
    /// Type of file system. With `bind` or `rbind` among the options it says nothing.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "String::is_empty"
    )]
    pub kind: String,
    /// A device, a name, or the host's path for a bind; relative to the bundle.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Options, as in fstab(5).
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// User ids of files in the source, as the container sees them.
    #[serde(default, deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub uid_mappings: Vec<IdMapping>,
    /// Group ids of files in the source, as the container sees them.
    #[serde(default, deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub gid_mappings: Vec<IdMapping>,
}
