//! What a container is right now, as every caller may ask.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// `create` is not through yet.
    Creating,
    /// It waits for `start`.
    Created,
    /// Its program runs.
    Running,
    /// All its processes are held still.
    Paused,
    /// Its program has ended.
    Stopped,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Creating => "creating",
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Stopped => "stopped",
        })
    }
}

/// The answer to `state`, and what hooks read from their stdin. `rootfs`, `created` and `owner` are what
/// runc adds to the specification's fields, and callers read.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#state>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Version of the specification that this answer follows.
    pub oci_version: String,
    /// Name of the container.
    pub id: String,
    /// Where it is in its life.
    pub status: Status,
    /// The container's first process, as the asking process sees it; 0 if there is none.
    pub pid: i32,
    /// An absolute path.
    pub bundle: String,
    /// An absolute path.
    pub rootfs: String,
    /// When, as RFC 3339 has it.
    pub created: String,
    /// The caller's notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Name of the user that created it; empty if the number has no name.
    pub owner: String,
}
