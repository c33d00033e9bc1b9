//! An image's config.

use fault::{Fault, Result};
use serde::{Deserialize, Serialize};

use super::limits::{LONGEST_CONFIG, LONGEST_TEXTS, MOST_ENTRIES, MOST_LAYERS};
use super::{Digest, Execution, Platform, strict};
use crate::{from_json, nullable, optional};

/// An image's config: what it runs on, what it runs, and what its layers are when they are unpacked.
///
/// Source: <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// When it was made, as RFC 3339 has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Why; Docker's.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// What it was made with; Docker's.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub docker_version: String,
    /// What it runs on.
    #[serde(flatten)]
    pub platform: Platform,
    /// What it runs.
    #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")]
    pub config: Option<Execution>,
    /// Its layers.
    pub rootfs: RootFs,
    /// How it was made, the oldest first.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
}

/// The layers of an image, the lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digests of the tars, unpacked.
    #[serde(default, deserialize_with = "nullable")]
    pub diff_ids: Vec<Digest>,
}

impl Default for RootFs {
    fn default() -> RootFs {
        RootFs { kind: LAYERS.into(), diff_ids: Vec::new() }
    }
}

/// A step of how an image was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// When, as RFC 3339 has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// By which command.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// Why.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// It made no layer.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// The one kind of root folder that there is.
const LAYERS: &str = "layers";

/// Keys that nothing else may be taken for.
const FIELDS: [&str; 14] = [
    "created",
    "author",
    "comment",
    "docker_version",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "config",
    "rootfs",
    "history",
    "container_config",
    "id",
];

impl Config {
    /// Reads one.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn parse(json: &[u8]) -> Result<Config> {
        strict::keys(json, "image config", LONGEST_CONFIG, &FIELDS)?;
        let config: Config = from_json(json, "image config", "")?;
        config.check().map(|()| config)
    }

    /// As it is stored and sent. Not for one that was read: those stay the bytes that they were.
    pub fn to_json(&self) -> Vec<u8> {
        super::json(self)
    }

    fn check(&self) -> Result<()> {
        if self.rootfs.kind != LAYERS {
            return Err(Fault::invalid(
                "rootfs.type",
                format!("expected `{LAYERS}`, got `{}`", self.rootfs.kind),
            ));
        }
        let execution = self.config.clone().unwrap_or_default();
        at_most("rootfs.diff_ids", self.rootfs.diff_ids.len(), MOST_LAYERS)?;
        at_most("history", self.history.len(), MOST_ENTRIES)?;
        at_most("config.Env", execution.env.len(), MOST_ENTRIES)?;
        at_most("config.Labels", execution.labels.len(), MOST_ENTRIES)?;
        let labels = execution.labels.iter().flat_map(|(name, value)| [name, value]);
        let texts: usize = labels.chain(&execution.env).map(String::len).sum();
        if texts > LONGEST_TEXTS {
            let cause = format!("environment and labels have {texts} bytes, more than {LONGEST_TEXTS}");
            return Err(Fault::invalid("config", cause));
        }
        Ok(())
    }
}

fn at_most(field: &str, got: usize, most: usize) -> Result<()> {
    if got > most {
        return Err(Fault::invalid(field, format!("{got} entries are more than {most}")));
    }
    Ok(())
}
