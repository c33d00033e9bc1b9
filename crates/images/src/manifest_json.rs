//! `manifest.json`: what `docker save` has written since 1.10. Source: moby, image/spec/spec.md, version 1.2.

use std::collections::BTreeMap;

use fault::{Fault, Kind, Result};
use oci::image::{Compression, Descriptor, Digest, Family, Manifest, MediaType, Reference, limits};
use serde::Deserialize;

use crate::archive::Archive;
use crate::incoming::Incoming;
use crate::load::Offered;
use crate::oci_layout;

/// The member's name.
const NAME: &str = "manifest.json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// The images of an archive; none if it is of another kind.
pub(crate) fn images(archive: &Archive) -> Result<Vec<Offered>> {
    let mut bytes = 0;
    let offer = |(number, item): (usize, &Item)| {
        let offered = offered(archive, number, item)?;
        bytes += offered.incoming.document_bytes();
        if bytes > limits::LONGEST_DOCUMENTS {
            return Err(Fault::invalid(format!("{NAME}[{number}]"), oci_layout::too_long()));
        }
        Ok(offered)
    };
    items(archive)?.iter().enumerate().map(offer).collect()
}

/// The names that it has, by the digest of the config.
pub(crate) fn names(archive: &Archive) -> Result<BTreeMap<Digest, Vec<Reference>>> {
    let mut names: BTreeMap<Digest, Vec<Reference>> = BTreeMap::new();
    for (number, item) in items(archive)?.iter().enumerate() {
        if let Some(config) = archive.digest(&item.config) {
            names.entry(config.clone()).or_default().extend(tags(number, item)?);
        }
    }
    Ok(names)
}

fn items(archive: &Archive) -> Result<Vec<Item>> {
    let Some(json) = archive.document(NAME)? else { return Ok(Vec::new()) };
    let wrong = |cause: &dyn std::fmt::Display| {
        Fault::new(Kind::Invalid, format!("read `{NAME}` of the archive")).because(cause)
    };
    if json.len() as u64 > limits::LONGEST_MANIFEST {
        return Err(wrong(&format!("it has more than {} bytes", limits::LONGEST_MANIFEST)));
    }
    let items: Vec<Item> = serde_json::from_slice(&json).map_err(|err| wrong(&err))?;
    if items.len() > limits::MOST_MANIFESTS {
        return Err(wrong(&format!("{} images are more than {}", items.len(), limits::MOST_MANIFESTS)));
    }
    Ok(items)
}

fn offered(archive: &Archive, number: usize, item: &Item) -> Result<Offered> {
    let missing =
        |field: String, name: &str| Fault::invalid(field, format!("the archive has no member `{name}`"));
    let config = archive
        .digest(&item.config)
        .ok_or_else(|| missing(format!("{NAME}[{number}].Config"), &item.config))?;
    let config_json = archive.document_of(config)?;
    let count = item.layers.as_ref().map_or(0, Vec::len);
    if count > limits::MOST_LAYERS {
        let cause = format!("{count} layers are more than {}", limits::MOST_LAYERS);
        return Err(Fault::invalid(format!("{NAME}[{number}].Layers"), cause));
    }
    let mut layers = Vec::new();
    for (at, name) in item.layers.iter().flatten().enumerate() {
        let field = || format!("{NAME}[{number}].Layers[{at}]");
        let digest = archive.digest(name).ok_or_else(|| missing(field(), name))?;
        layers.push(layer(archive, digest)?);
    }
    let config = Descriptor::new(MediaType::Config(Family::Oci), config.clone(), config_json.len() as u64);
    let manifest_json = Manifest::new(Family::Oci, config, layers).to_json();
    let manifest = crate::load::descriptor(MediaType::Manifest(Family::Oci), &manifest_json);
    Ok(Offered {
        names: tags(number, item)?,
        incoming: Incoming { manifest, manifest_json, index: None, config_json },
    })
}

/// Its bytes say how it is compressed; the archive does not.
fn layer(archive: &Archive, digest: &Digest) -> Result<Descriptor> {
    let missing = || Fault::new(Kind::NotFound, format!("find blob `{digest}`"));
    let blob = archive.blob(digest).ok_or_else(missing)?;
    let compression = match blob.first_bytes()? {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Compression::Zstd,
        _ => Compression::None,
    };
    Ok(Descriptor::new(MediaType::Layer(Family::Oci, compression), digest.clone(), blob.size))
}

fn tags(number: usize, item: &Item) -> Result<Vec<Reference>> {
    let parse = |tag: &String| {
        tag.parse::<Reference>()
            .map(Reference::or_latest)
            .map_err(|fault| fault.during(format!("use `{NAME}[{number}].RepoTags`")))
    };
    item.repo_tags.iter().flatten().map(parse).collect()
}
