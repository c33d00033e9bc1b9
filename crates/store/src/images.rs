//! Images: a config and its layers, under the id that people see, the digest of the config.

use std::path::PathBuf;
use std::time::SystemTime;

use fault::{Fault, Kind, Result};
use oci::image::{Config, Descriptor, Digest, Document, Manifest, MediaType};
use serde::{Deserialize, Serialize};

use crate::{Exclusive, Found, Store, files};

/// What `kept/ALG/HEX` says of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Its manifest.
    pub manifest: Descriptor,
    /// The index that it was chosen from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Descriptor>,
    /// When it came here last: seconds since 1970.
    pub since: u64,
    /// Other manifests that describe it, and that names stand for: with layers sent in another way, for example.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Version>,
}

/// A manifest that describes an image, and the index that it was chosen from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The manifest.
    pub manifest: Descriptor,
    /// The index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Descriptor>,
}

impl Version {
    /// A name that stands for this digest stands for it.
    pub(crate) fn is(&self, target: &Digest) -> bool {
        self.manifest.digest == *target || self.index.as_ref().is_some_and(|index| index.digest == *target)
    }
}

/// An image as its own documents have it.
#[derive(Debug, Clone)]
pub struct Image {
    /// The digest of its config.
    pub id: Digest,
    /// What is kept of it.
    pub kept: Kept,
    /// Which blobs it is.
    pub manifest: Manifest,
    /// What it is and how it runs.
    pub config: Config,
}

impl Kept {
    /// An image that comes here now.
    pub fn now(manifest: Descriptor, index: Option<Descriptor>) -> Kept {
        let since = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        Kept { manifest, index, since, others: Vec::new() }
    }

    /// All manifests that describe it, its own first.
    pub(crate) fn versions(&self) -> Vec<Version> {
        let own = Version { manifest: self.manifest.clone(), index: self.index.clone() };
        [&[own][..], &self.others].concat()
    }

    /// With these manifests: the first one becomes its own.
    fn of(self, mut versions: Vec<Version>) -> Kept {
        if versions.is_empty() {
            return self;
        }
        let Version { manifest, index } = versions.remove(0);
        Kept { manifest, index, others: versions, ..self }
    }

    /// As what a name stands for, if it is one of its manifests or their indexes.
    pub(crate) fn seen_as(self, target: &Digest) -> Kept {
        let mut versions = self.versions();
        versions.sort_by_key(|version| !version.is(target));
        self.of(versions)
    }

    /// With the manifests that were kept before.
    fn over(self, before: &Kept) -> Kept {
        let mut versions = self.versions();
        let others = before.versions().into_iter();
        versions.extend(others.filter(|other| other.manifest.digest != self.manifest.digest));
        self.of(versions)
    }

    /// Without manifests that nobody has a name for; one stays.
    fn named_by(self, targets: &[Digest]) -> Kept {
        let mut versions = self.versions();
        versions.retain(|version| targets.iter().any(|target| version.is(target)));
        if versions.is_empty() { Kept { others: Vec::new(), ..self } } else { self.of(versions) }
    }
}

impl Store {
    fn kept_path(&self, id: &Digest) -> PathBuf {
        self.at("kept").join(id.algorithm().as_str()).join(id.hex())
    }

    /// Keeps an image, all of whose blobs are here; also by the manifests that describe it already.
    pub fn keep(&self, id: &Digest, kept: &Kept, lock: &Exclusive) -> Result<()> {
        self.index_will_change(lock)?;
        // One that cannot be read is replaced.
        let kept = match self.kept(id) {
            Ok(Some(before)) => kept.clone().over(&before),
            _ => kept.clone(),
        };
        self.replace_json(&self.kept_path(id), &kept)
    }

    /// Forgets manifests that no name stands for any more.
    pub(crate) fn forget_versions(&self, _lock: &Exclusive) -> Result<()> {
        let all =
            self.ids()?.into_iter().filter_map(|id| self.kept(&id).ok().flatten().map(|kept| (id, kept)));
        let several: Vec<_> = all.filter(|(_, kept)| !kept.others.is_empty()).collect();
        let names = if several.is_empty() { Vec::new() } else { self.names()? };
        for (id, kept) in several {
            let of_image = names.iter().filter(|(_, named)| named.image == id);
            let left =
                kept.clone().named_by(&of_image.map(|(_, named)| named.target.clone()).collect::<Vec<_>>());
            if left != kept {
                self.replace_json(&self.kept_path(&id), &left)?;
            }
        }
        Ok(())
    }

    /// Keeps it no more. Its names and blobs stay until somebody removes them.
    pub fn forget(&self, id: &Digest, lock: &Exclusive) -> Result<()> {
        self.index_will_change(lock)?;
        files::remove(&self.kept_path(id))
    }

    /// What is kept of an image, if it is one.
    pub fn kept(&self, id: &Digest) -> Result<Option<Kept>> {
        files::read_json(&self.kept_path(id))
    }

    /// All ids, in order. For commands that show or clean all; no other looks at more than one.
    pub fn ids(&self) -> Result<Vec<Digest>> {
        let mut ids = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            for hex in files::names_in(&self.at("kept").join(algorithm))? {
                ids.extend(format!("{algorithm}:{hex}").parse::<Digest>().ok());
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// Reads an image.
    pub fn image(&self, id: &Digest) -> Result<Image> {
        let kept = self.kept(id)?.ok_or_else(|| not_here(id))?;
        self.image_of(id, kept)
    }

    /// Reads an image as what somebody has found.
    pub fn found(&self, found: &Found) -> Result<Image> {
        let kept = self.kept(&found.id)?.ok_or_else(|| not_here(&found.id))?;
        self.image_of(&found.id, found.target.iter().fold(kept, Kept::seen_as))
    }

    /// What an image is and how it runs: all that a container needs to know.
    pub fn config(&self, id: &Digest) -> Result<Config> {
        Config::parse(&self.document(id)?)
            .map_err(|fault| fault.during(format!("read the config of image `{id}`")))
    }

    /// Reads an image of which `kept` is known.
    pub(crate) fn image_of(&self, id: &Digest, kept: Kept) -> Result<Image> {
        let manifest = self
            .manifest_of(&kept.manifest)
            .map_err(|fault| fault.during(format!("read the manifest of image `{id}`")))?;
        let config = self.config(id)?;
        Ok(Image { id: id.clone(), kept, manifest, config })
    }
}

impl Store {
    fn manifest_of(&self, descriptor: &Descriptor) -> Result<Manifest> {
        let bytes = self.document(&descriptor.digest)?;
        match Document::parse(&bytes, &[("record", &descriptor.media_type)])? {
            Document::Manifest(manifest) => Ok(*manifest),
            Document::Index(_) => Err(Fault::invalid("mediaType", "expected a manifest, got an index")),
        }
    }
}

/// In Docker's words.
pub(crate) fn not_here(id: &Digest) -> Fault {
    Fault::new(Kind::NotFound, format!("find image `{id}`")).because(format!("No such image: {id}"))
}

fn is_foreign(layer: &Descriptor) -> bool {
    matches!(layer.media_type, MediaType::Foreign(..))
}

impl Image {
    /// Every blob that it is made of, itself included.
    pub fn blobs(&self) -> impl Iterator<Item = &Digest> {
        let documents = [&self.kept.manifest.digest, &self.id];
        let index = self.kept.index.iter().map(|index| &index.digest);
        documents.into_iter().chain(index).chain(self.layers().map(|layer| &layer.digest))
    }

    /// The layers that are here: all but foreign ones, which nobody may pass on.
    pub fn layers(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifest.layers.iter().filter(|layer| !is_foreign(layer))
    }

    /// The unpacked layers that its root is made of.
    pub fn unpacked(&self) -> Vec<Digest> {
        let pairs = self.manifest.layers.iter().zip(self.diff_ids());
        pairs.filter(|(layer, _)| !is_foreign(layer)).map(|(_, diff_id)| diff_id.clone()).collect()
    }

    /// Every layer, by the digest of its tar.
    pub fn diff_ids(&self) -> &[Digest] {
        &self.config.rootfs.diff_ids
    }
}
