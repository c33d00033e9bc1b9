//! An image for one platform.

use std::collections::BTreeMap;

use fault::{Fault, Kind, Result};
use serde::{Deserialize, Serialize};

use super::limits::MOST_LAYERS;
use super::{Compression, Config, Descriptor, Digest, Family, MediaType};
use crate::{nullable, optional};

/// An image for one platform: its config and its layers, the lowest first.
///
/// Source: <https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u64,
    /// What it calls itself; OCI's need not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// What an artifact is.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub artifact_type: String,
    /// What to run.
    pub config: Descriptor,
    /// The root folder, in layers.
    #[serde(default, deserialize_with = "nullable")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Anything, by name.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// One layer of an image, as manifest and config have it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// As it is stored and sent.
    pub blob: Descriptor,
    /// How its tar is packed.
    pub compression: Compression,
    /// A registry need not have it, and we do not fetch it.
    pub foreign: bool,
    /// Digest of its tar, unpacked.
    pub diff_id: Digest,
}

impl Manifest {
    /// One that we make.
    pub fn new(family: Family, config: Descriptor, layers: Vec<Descriptor>) -> Manifest {
        Manifest {
            schema_version: 2,
            media_type: Some(MediaType::Manifest(family)),
            artifact_type: String::new(),
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// As it is stored and sent. Not for one that was read: those stay the bytes that they were.
    pub fn to_json(&self) -> Vec<u8> {
        super::json(self)
    }

    /// Bytes of config and layers, as they are sent.
    pub fn size(&self) -> u64 {
        self.layers.iter().fold(self.config.size, |sum, layer| sum.saturating_add(layer.size))
    }

    /// The layers, each with the digest that its tar must have.
    ///
    /// # Errors
    /// `Invalid`: this is an artifact and not an image, or the two do not have the same number of layers.
    pub fn layers_of(&self, config: &Config) -> Result<Vec<Layer>> {
        self.check_is_image()?;
        let (blobs, ids) = (self.layers.len(), config.rootfs.diff_ids.len());
        if blobs != ids {
            let cause = format!("the manifest has {blobs} layers, the config {ids}");
            return Err(Fault::invalid("rootfs.diff_ids", cause));
        }
        let pairs = self.layers.iter().zip(&config.rootfs.diff_ids).enumerate();
        pairs.map(|(number, (blob, diff_id))| layer(number, blob, diff_id)).collect()
    }

    /// An artifact has the form of an image, with another type of config.
    ///
    /// # Errors
    /// `Invalid`, with the type that it has.
    pub fn check_is_image(&self) -> Result<()> {
        match &self.config.media_type {
            MediaType::Config(_) => Ok(()),
            other => Err(Fault::new(Kind::Invalid, "use this as an image")
                .because(format!("its config is of type `{other}`"))
                .hint("it is an artifact of another kind")),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.layers.len() {
            many if many > MOST_LAYERS => {
                Err(Fault::invalid("layers", format!("{many} layers are more than {MOST_LAYERS}")))
            }
            _ => Ok(()),
        }
    }
}

fn layer(number: usize, blob: &Descriptor, diff_id: &Digest) -> Result<Layer> {
    let (compression, foreign) = match blob.media_type {
        MediaType::Layer(_, compression) => (compression, false),
        MediaType::Foreign(_, compression) => (compression, true),
        ref other => {
            let cause = format!("`{other}` is not a type of layer that we can read");
            return Err(Fault::invalid(format!("layers[{number}].mediaType"), cause));
        }
    };
    Ok(Layer { blob: blob.clone(), compression, foreign, diff_id: diff_id.clone() })
}
