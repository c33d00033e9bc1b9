//! `config.json` as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Linux, Mount, Process, nullable, object, objects};

/// All of a `config.json`.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// Version of the specification that it follows.
    pub oci_version: String,
    /// What runs in it. A container without one can be created, and not started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
    /// Its root folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// Host name in a new uts namespace.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// Domain name (of NIS, not of DNS) in a new uts namespace.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub domainname: String,
    /// Mounts, in this order.
    #[serde(default, deserialize_with = "objects")]
    pub mounts: Vec<Mount>,
    /// Programs to run on the way.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
    /// Notes of the caller.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Everything that only Linux has.
    #[serde(default, deserialize_with = "object")]
    pub linux: Linux,
}

/// The root folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Relative to the bundle, or absolute.
    pub path: String,
    /// Nothing in it can be changed.
    #[serde(default, deserialize_with = "nullable")]
    pub readonly: bool,
}

/// A program to run at some point of the container's life. It gets the container's state on its stdin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// An absolute path of the host.
    pub path: String,
    /// Arguments; the first is the program's name.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Its whole environment.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Seconds until it is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// The six kinds of hooks, in the order of the container's life.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#posix-platform-hooks>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Hooks {
    /// Deprecated: in the runtime's namespaces, after the container's were made.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub prestart: Vec<Hook>,
    /// The same, under its new name.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub create_runtime: Vec<Hook>,
    /// In the container's namespaces, before the root is changed.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub create_container: Vec<Hook>,
    /// In the container, just before its program.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub start_container: Vec<Hook>,
    /// In the runtime's namespaces, after the program was started.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub poststart: Vec<Hook>,
    /// In the runtime's namespaces, after the container was deleted.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub poststop: Vec<Hook>,
}

impl Hooks {
    fn is_empty(&self) -> bool {
        *self == Hooks::default()
    }
}
