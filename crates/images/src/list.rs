//! `images`: what is here, as data.

use std::collections::BTreeMap;
use std::fs;

use fault::Result;
use oci::image::{Config, Digest, Reference};
use store::{Folder, Image, Lease, Named};

use crate::remove::answer_to;
use crate::{Images, layers};

/// An image, with all that it is called.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The image.
    pub image: Image,
    /// Its names with a tag, in order.
    pub tags: Vec<Reference>,
    /// Its names with a digest, in order.
    pub digests: Vec<Reference>,
    /// Bytes of all its layers, unpacked.
    pub size: u64,
}

impl Images {
    /// All images; one that cannot be read is left out, and told of by `system check`.
    pub fn list(&self) -> Result<Vec<Listed>> {
        let mut names = self.names_by_image()?;
        let mut all = Vec::new();
        for id in self.store.ids()? {
            if let Ok(image) = self.store.image(&id) {
                all.push(self.listed(image, names.remove(&id).unwrap_or_default()));
            }
        }
        Ok(all)
    }

    /// One image, by a name, an id or the beginning of one.
    ///
    /// # Errors
    /// `NotFound`, "No such image".
    pub fn look(&self, text: &str) -> Result<Listed> {
        let found = self.store.find(text)?;
        let names = self.names_by_image()?.remove(&found.id).unwrap_or_default();
        Ok(self.listed(self.store.found(&found)?, names))
    }

    /// The config of an image that is about to be used, with the layers that are here: it stays as long as the lease.
    ///
    /// # Errors
    /// `NotFound`, "No such image".
    pub fn use_image(&self, text: &str) -> Result<(Digest, Config, Lease)> {
        let found = self.store.find(text)?;
        let (image, lease) = self.store.lease_found(&found)?;
        let diff_ids = image.unpacked();
        let mut config = image.config;
        config.rootfs.diff_ids = diff_ids;
        Ok((found.id, config, lease))
    }

    fn names_by_image(&self) -> Result<BTreeMap<Digest, Vec<(Reference, Named)>>> {
        let mut names: BTreeMap<Digest, Vec<_>> = BTreeMap::new();
        for (name, named) in self.store.names()? {
            names.entry(named.image.clone()).or_default().push((name, named));
        }
        Ok(names)
    }

    /// What a registry answered to a name is a name, too: under it the same comes for ever.
    fn listed(&self, image: Image, names: Vec<(Reference, Named)>) -> Listed {
        let mut digests: Vec<_> = names.iter().filter_map(|(name, named)| answer_to(name, named)).collect();
        digests.sort();
        digests.dedup();
        let tags = names.into_iter().map(|(name, _)| name).filter(|name| name.digest().is_none()).collect();
        let size = image.diff_ids().iter().map(|diff_id| self.layer_size(diff_id)).sum();
        Listed { image, tags, digests, size }
    }

    /// Bytes of a layer, unpacked; 0 if it is not.
    pub fn layer_size(&self, diff_id: &Digest) -> u64 {
        let tar = self.store.folder_path(Folder::Layer(diff_id)).join(layers::TAR);
        fs::metadata(tar).map_or(0, |metadata| metadata.len())
    }
}
