//! A list of manifests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use fault::{Fault, Result};

use super::limits::MOST_MANIFESTS;
use super::{Descriptor, Family, MediaType, Platform};
use crate::nullable;

/// A list of manifests: the same image for several platforms, or what a layout holds.
///
/// Source: <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// 2.
    pub schema_version: u64,
    /// What it calls itself; OCI's need not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// What an artifact is.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub artifact_type: String,
    /// Manifests, and indexes of them.
    #[serde(default, deserialize_with = "nullable")]
    pub manifests: Vec<Descriptor>,
    /// Anything, by name.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// One that we make.
    pub fn new(family: Family, manifests: Vec<Descriptor>) -> Index {
        Index {
            schema_version: 2,
            media_type: Some(MediaType::Index(family)),
            artifact_type: String::new(),
            manifests,
            annotations: BTreeMap::new(),
        }
    }

    /// As it is stored and sent. Not for one that was read: those stay the bytes that they were.
    pub fn to_json(&self) -> Vec<u8> {
        super::json(self)
    }

    /// Those that may be for `wanted`, the best first; those of the same worth stay in their order. An entry
    /// that does not say what it is for comes last: its config says so.
    pub fn candidates(&self, wanted: &Platform) -> Vec<&Descriptor> {
        let document =
            |entry: &&Descriptor| matches!(entry.media_type, MediaType::Manifest(_) | MediaType::Index(_));
        let rank = |entry: &Descriptor| match &entry.platform {
            Some(platform) => wanted.rank(platform),
            None => Some(usize::MAX),
        };
        let entries = self.manifests.iter().filter(document);
        let mut ranked: Vec<_> = entries.filter_map(|entry| rank(entry).map(|rank| (rank, entry))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, entry)| entry).collect()
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.manifests.len() {
            many if many > MOST_MANIFESTS => {
                Err(Fault::invalid("manifests", format!("{many} entries are more than {MOST_MANIFESTS}")))
            }
            _ => Ok(()),
        }
    }
}
