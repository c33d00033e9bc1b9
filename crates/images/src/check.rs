//! `system check`: what is here is what it is called.

use std::collections::BTreeSet;

use fault::Result;
use oci::image::{Digest, Platform, Reference};
use registry::Client;
use store::{Checked, Folder, Problem};

use crate::landing::Landing;
use crate::load::InStore;
use crate::progress::{Progress, Quiet};
use crate::{Images, layers};

impl Images {
    /// Reads everything, and compares it with what it is called. `progress` is told of bytes.
    pub fn check(&self, progress: &mut dyn FnMut(u64)) -> Result<Checked> {
        let lock = self.store.exclusive()?;
        self.store.check(&lock, progress)
    }

    /// Bytes that a check reads, about.
    pub fn bytes_to_check(&self) -> Result<u64> {
        self.store.bytes_to_check()
    }

    /// Mends what can be mended without others; tells which problems stay.
    pub fn mend(&self, problems: Vec<Problem>) -> Result<Vec<Problem>> {
        let mut stay = Vec::new();
        let lock = self.store.exclusive()?;
        for problem in problems {
            if !self.store.mend(&problem, &lock)? {
                stay.push(problem);
            }
        }
        // Whoever makes things needs what this lock keeps from everybody.
        drop(lock);
        self.unpack_again()?;
        Ok(stay)
    }

    /// A tar that was removed, and whose blob is here, is made again: roots count on it.
    fn unpack_again(&self) -> Result<()> {
        for id in self.store.ids()? {
            let Ok((image, _lease)) = self.store.lease_image(&id) else { continue };
            for layer in image.manifest.layers_of(&image.config)? {
                let gone = self.store.folder(Folder::Layer(&layer.diff_id)).is_none();
                if gone && self.store.has_blob(&layer.blob.digest) {
                    let landing = Landing::new(&self.store, &Quiet);
                    layers::bring(&landing, &layer, &InStore(&self.store))?;
                    landing.land()?;
                }
            }
        }
        Ok(())
    }

    /// Fetches what is missing of images that have a name in a registry; tells what could not be had.
    pub fn fetch_missing(
        &self,
        problems: &[Problem],
        client: &Client,
        progress: &dyn Progress,
    ) -> Result<Vec<String>> {
        let missing: BTreeSet<&Digest> = problems.iter().filter_map(image_of).collect();
        let names = self.store.names()?;
        let mut failed = Vec::new();
        for id in missing {
            // For what it was pulled for, if that can still be read.
            let platform = self.store.config(id).map_or_else(|_| Platform::host(), |config| config.platform);
            let of_image = names.iter().filter(|(_, named)| named.image == *id);
            let digests: Vec<_> = of_image
                .map(|(name, named)| (name, name.repository().with_digest(named.target.clone())))
                .collect();
            let fetched =
                digests.iter().map(|(name, digest)| self.fetch(name, digest, &platform, client, progress));
            let outcomes: Vec<_> = fetched.collect();
            if !outcomes.iter().any(Result::is_ok) {
                let why = outcomes.into_iter().find_map(Result::err);
                let why = why.map_or_else(|| "it has no name".to_string(), |fault| fault.sentence());
                failed.push(format!("image `{}` cannot be fetched again: {why}", id.short()));
            }
        }
        Ok(failed)
    }

    /// By digest, so that it is the same again; under the name that it had.
    fn fetch(
        &self,
        name: &Reference,
        digest: &Reference,
        platform: &Platform,
        client: &Client,
        progress: &dyn Progress,
    ) -> Result<()> {
        let resolved = client.resolve(digest)?;
        self.pull_resolved(client, name, resolved, platform, progress).map(drop)
    }
}

fn image_of(problem: &Problem) -> Option<&Digest> {
    match problem {
        Problem::MissingBlob { image, .. } => Some(image),
        _ => None,
    }
}
