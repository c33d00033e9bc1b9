//! Uses: containers that need an image, whatever becomes of its names.

use std::fs;

use fault::Result;
use oci::image::Digest;
use serde::{Deserialize, Serialize};

use crate::images::{Image, Kept};
use crate::{Store, files, images};

/// The image that a container was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Use {
    pub(crate) image: Digest,
    pub(crate) kept: Kept,
}

impl Store {
    /// A container, by its id, needs an image from here on: one that is kept, or that the caller has leased before
    /// somebody removed it. `lasting`: also after a power cut, which a container that goes with its program does not survive.
    pub fn begin_use(&self, container: &str, image: &Digest, lasting: bool) -> Result<()> {
        let _shared = self.shared()?;
        let kept = match self.kept(image)? {
            Some(kept) => kept,
            None => self.leased_image(image)?.ok_or_else(|| images::not_here(image))?,
        };
        let (path, used) = (self.at("uses").join(container), Use { image: image.clone(), kept });
        if lasting { self.replace_json(&path, &used) } else { self.note_json(&path, &used) }
    }

    /// It needs it no more.
    pub fn end_use(&self, container: &str) -> Result<()> {
        files::remove(&self.at("uses").join(container))
    }

    /// Containers that need an image: the container's id, and the image's.
    pub fn uses(&self) -> Result<Vec<(String, Digest)>> {
        Ok(self.all_uses()?.into_iter().map(|(container, used)| (container, used.image)).collect())
    }

    /// Images that containers need, once for each; those that can be read.
    pub fn used_images(&self) -> Result<Vec<Image>> {
        let uses = self.all_uses()?.into_iter();
        Ok(uses.filter_map(|(_, used)| self.image_of(&used.image, used.kept).ok()).collect())
    }

    pub(crate) fn all_uses(&self) -> Result<Vec<(String, Use)>> {
        let folder = self.at("uses");
        let mut uses = Vec::new();
        for container in files::names_in(&folder)? {
            let path = folder.join(&container);
            // One that was not to last, and did not.
            if fs::metadata(&path).is_ok_and(|data| data.len() == 0) {
                continue;
            }
            uses.extend(files::read_json(&path)?.map(|used| (container, used)));
        }
        uses.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(uses)
    }
}
