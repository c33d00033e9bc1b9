//! What a container of an image runs, if nobody says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::set;
use crate::{nullable, optional};

/// What a container of an image runs, if nobody says otherwise: the `config` of an image's config.
///
/// Sources: <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties>, and for Docker's
/// `Healthcheck`, `OnBuild` and `Shell`
/// <https://github.com/moby/docker-image-spec/blob/v1.3.1/specs-go/v1/image.go>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Execution {
    /// `user`, `uid`, `user:group`, `uid:gid` or a mixture.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// `port`, `port/tcp`, `port/udp`.
    #[serde(with = "set", skip_serializing_if = "BTreeSet::is_empty")]
    pub exposed_ports: BTreeSet<String>,
    /// `NAME=value`, each.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The program and its first arguments. None is not the same as an empty list for a Dockerfile's `FROM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// More arguments; the program, if there is no entry point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Folders that hold data.
    #[serde(with = "set", skip_serializing_if = "BTreeSet::is_empty")]
    pub volumes: BTreeSet<String>,
    /// Where it starts.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Anything, by name.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What `stop` sends: `SIGTERM`, `15`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// `Cmd` is one text with its quotes in it; on Windows.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
    /// How to see that it works; Docker's.
    #[serde(deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Lines of a Dockerfile for the images that are built on this one; Docker's.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub on_build: Vec<String>,
    /// What runs the texts of a Dockerfile's `RUN`, `CMD` and `ENTRYPOINT`; Docker's.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<String>,
}

/// How to see that a container works. Times are in nanoseconds; 0 means Docker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// Nothing: as the image below has it. `["NONE"]`, `["CMD", args...]` or `["CMD-SHELL", text]`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// Between two tests.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_zero")]
    pub interval: u64,
    /// A test that takes longer has failed.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_zero")]
    pub timeout: u64,
    /// In which failures do not count.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_zero")]
    pub start_period: u64,
    /// Between two tests in that period.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_zero")]
    pub start_interval: u64,
    /// Failures in a row that make it unhealthy.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_zero")]
    pub retries: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
