//! What a name stands for in a registry: a manifest or an index.

use std::collections::BTreeSet;

use fault::{Fault, Kind, Result};
use serde::Deserialize;

use super::limits::LONGEST_MANIFEST;
use super::{Family, Index, Manifest, MediaType, strict};
use crate::from_json;

/// What a name stands for in a registry: a manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// An image for one platform.
    Manifest(Box<Manifest>),
    /// The same for several.
    Index(Index),
}

/// Keys that decide what a document is, and that nothing else may be taken for.
const FIELDS: [&str; 9] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
    "fsLayers",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    schema_version: Option<u64>,
    media_type: Option<MediaType>,
}

impl Document {
    /// Reads one. `said` are the types that others gave it, each with who did: the `Content-Type` of an answer, the
    /// descriptor that named it. All of them, the document's own `mediaType` and its form must agree, so that the
    /// same bytes never are two things (CVE-2021-41190).
    ///
    /// Without a `mediaType` of its own a document is OCI's: Docker's must have one.
    ///
    /// # Errors
    /// `Invalid`, naming the field; `Unsupported` for Docker's schema 1.
    pub fn parse(json: &[u8], said: &[(&str, &MediaType)]) -> Result<Document> {
        let keys = strict::keys(json, "manifest", LONGEST_MANIFEST, &FIELDS)?;
        let head: Head = from_json(json, "manifest", "")?;
        check_version(&head, &keys)?;
        let formed = form(&keys)?;
        let own = head.media_type.unwrap_or_else(|| formed(Family::Oci));
        if own != formed(Family::Oci) && own != formed(Family::Docker) {
            return Err(Fault::invalid("mediaType", format!("the document has not the form of `{own}`")));
        }
        for (who, media_type) in said {
            if **media_type != own {
                let cause = format!("the document is `{own}`, the {who} says `{media_type}`");
                return Err(Fault::invalid("mediaType", cause));
            }
        }
        Document::of(&own, json)
    }

    /// What it is.
    pub fn media_type(&self) -> MediaType {
        match self {
            Document::Manifest(manifest) => {
                manifest.media_type.clone().unwrap_or(MediaType::Manifest(Family::Oci))
            }
            Document::Index(index) => index.media_type.clone().unwrap_or(MediaType::Index(Family::Oci)),
        }
    }

    fn of(media_type: &MediaType, json: &[u8]) -> Result<Document> {
        if let MediaType::Index(_) = media_type {
            let index: Index = from_json(json, "index", "")?;
            return index.check().map(|()| Document::Index(index));
        }
        let manifest: Manifest = from_json(json, "manifest", "")?;
        manifest.check().map(|()| Document::Manifest(Box::new(manifest)))
    }
}

fn check_version(head: &Head, keys: &BTreeSet<String>) -> Result<()> {
    match head.schema_version {
        Some(2) => Ok(()),
        Some(1) | None if keys.contains("fsLayers") || head.schema_version == Some(1) => {
            Err(Fault::new(Kind::Unsupported, "read manifest")
                .because("it is of Docker's schema 1")
                .hint("push the image again with a newer client"))
        }
        other => {
            let got = other.map_or_else(|| "nothing".to_string(), |version| version.to_string());
            Err(Fault::invalid("schemaVersion", format!("expected 2, got {got}")))
        }
    }
}

/// What the keys make it.
fn form(keys: &BTreeSet<String>) -> Result<fn(Family) -> MediaType> {
    let has = |key: &str| keys.contains(key);
    match (has("layers") || has("config") || has("fsLayers"), has("manifests")) {
        (true, true) => {
            Err(Fault::new(Kind::Invalid, "read manifest").because("it has both `layers` and `manifests`"))
        }
        (false, true) => Ok(MediaType::Index),
        (true, false) if has("layers") && has("config") => Ok(MediaType::Manifest),
        _ => Err(Fault::new(Kind::Invalid, "read manifest")
            .because("it has neither `layers` and `config` nor `manifests`")),
    }
}
