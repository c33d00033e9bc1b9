//! The address of a content.

use std::collections::BTreeMap;

use fault::{Fault, Kind, Result};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Digest, MediaType, Platform};
use crate::{nullable, optional};

/// The address of a content: what it is, its digest and its size. It is believed when all three are true.
///
/// `urls` and `data` are left out on purpose: a content comes from the registry that was asked, never from a place
/// that a document names (CVE-2020-15157), and never from the document itself.
///
/// Source: <https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: MediaType,
    /// Its digest.
    pub digest: Digest,
    /// Bytes.
    #[serde(deserialize_with = "size")]
    pub size: u64,
    /// What it runs on; in an index.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Anything, by name.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What an artifact is.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub artifact_type: String,
}

impl Descriptor {
    /// With nothing but what it must have.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Descriptor {
        Descriptor {
            media_type,
            digest,
            size,
            platform: None,
            annotations: BTreeMap::new(),
            artifact_type: String::new(),
        }
    }
}

impl Descriptor {
    /// What came under its digest is as long as it says, and of its type.
    ///
    /// # Errors
    /// `Invalid`, naming the digest.
    pub fn check(&self, bytes: usize, media_type: &MediaType) -> Result<()> {
        let cause = if bytes as u64 != self.size {
            format!("expected {} bytes, got {bytes}", self.size)
        } else if *media_type != self.media_type {
            format!("expected mediaType `{}`, got `{media_type}`", self.media_type)
        } else {
            return Ok(());
        };
        Err(Fault::new(Kind::Invalid, format!("use document `{}`", self.digest)).because(cause))
    }
}

/// Others read a size as a signed number of 64 bits.
fn size<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<u64, D::Error> {
    let size = u64::deserialize(from)?;
    if i64::try_from(size).is_err() {
        return Err(D::Error::custom(format!("{size} bytes are more than there can be")));
    }
    Ok(size)
}
