//! Garbage: what nothing on disk names.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use oci::image::Digest;
use sys::remove_tree::remove_tree;

use crate::chain::root_id;
use crate::images::{Image, Kept, Version};
use crate::{Exclusive, Folder, Store, files};

/// What a collection has removed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Collected {
    /// Blobs.
    pub blobs: Vec<Digest>,
    /// Unpacked layers, by their `diff_id`.
    pub layers: Vec<Digest>,
    /// Bytes of the blobs, and of the files in the folders.
    pub bytes: u64,
}

/// What somebody names.
#[derive(Debug, Default)]
pub(crate) struct Marked {
    pub(crate) blobs: BTreeSet<Digest>,
    pub(crate) layers: BTreeSet<Digest>,
    pub(crate) roots: BTreeSet<Digest>,
    pub(crate) trees: BTreeSet<Digest>,
}

impl Store {
    /// Removes every blob, layer and root that no image, container or living process needs. What processes
    /// that were killed have left goes as well.
    pub fn collect(&self, _lock: &Exclusive) -> Result<Collected> {
        self.sweep()?;
        let marked = self.mark()?;
        let mut collected = Collected::default();
        for digest in self.blobs()? {
            if !marked.blobs.contains(&digest) {
                collected.bytes += self.remove_blob(&digest)?;
                collected.blobs.push(digest);
            }
        }
        for digest in self.folders("layers")? {
            if !marked.layers.contains(&digest) {
                collected.bytes += self.remove_folder(Folder::Layer(&digest))?;
                collected.layers.push(digest);
            }
        }
        for digest in self.folders("trees")? {
            if !marked.trees.contains(&digest) {
                collected.bytes += self.remove_folder(Folder::Tree(&digest))?;
            }
        }
        for digest in self.folders("roots")? {
            if !marked.roots.contains(&digest) {
                collected.bytes += self.remove_folder(Folder::Root(&digest))?;
            }
        }
        Ok(collected)
    }

    /// Removes an unpacked layer or root: first from its name, so that nobody finds half of it.
    pub fn remove_folder(&self, folder: Folder) -> Result<u64> {
        self.remove_path(&self.folder_path(folder))
    }

    pub(crate) fn remove_path(&self, path: &Path) -> Result<u64> {
        let doing = || format!("remove `{}`", path.display());
        let grave = self.at("staging").join(files::random_name());
        if files::absent_is_none(std::fs::rename(path, &grave)).doing(doing)?.is_none() {
            return Ok(0);
        }
        let bytes = files::size_of(&grave);
        match remove_tree(&grave) {
            Err(err) if err.kind() == io::ErrorKind::CrossesDevices => {
                return Err(Fault::new(Kind::WrongState, doing())
                    .because("something is mounted in it")
                    .hint("umount(8) it: what is mounted is not removed"));
            }
            removed => removed.doing(doing)?,
        }
        Ok(bytes)
    }

    pub(crate) fn mark(&self) -> Result<Marked> {
        let mut marked = Marked::default();
        for digest in self.leased()? {
            marked.layers.insert(digest.clone());
            marked.roots.insert(digest.clone());
            marked.trees.insert(digest.clone());
            marked.blobs.insert(digest);
        }
        for id in self.ids()? {
            if let Some(kept) = self.kept(&id)? {
                self.mark_image(&id, &kept, &mut marked)?;
            }
        }
        for (_, used) in self.all_uses()? {
            self.mark_image(&used.image, &used.kept, &mut marked)?;
        }
        Ok(marked)
    }

    /// An image whose documents are damaged or gone keeps what is known of it: that is `check`'s to tell. While they
    /// cannot be read for another reason, nobody knows what is garbage.
    fn mark_image(&self, id: &Digest, kept: &Kept, marked: &mut Marked) -> Result<()> {
        marked.blobs.insert(id.clone());
        for Version { manifest, index } in kept.versions() {
            marked.blobs.extend(index.map(|index| index.digest));
            marked.blobs.insert(manifest.digest.clone());
            match self.image_of(id, kept.clone().seen_as(&manifest.digest)) {
                Ok(image) => mark_parts(&image, marked),
                Err(fault) if fault.errno().is_some() && fault.kind() != Kind::NotFound => {
                    return Err(fault.during("find out what nobody needs"));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    pub(crate) fn blobs(&self) -> Result<Vec<Digest>> {
        self.folders("images/blobs")
    }

    /// Digests that something in a folder is called by.
    pub(crate) fn folders(&self, folder: &str) -> Result<Vec<Digest>> {
        let mut digests = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            for hex in files::names_in(&self.at(folder).join(algorithm))? {
                digests.extend(format!("{algorithm}:{hex}").parse::<Digest>().ok());
            }
        }
        digests.sort();
        Ok(digests)
    }
}

/// All that an image is made of: blobs, layers, and their roots.
pub(crate) fn parts_of(image: &Image) -> BTreeSet<Digest> {
    let mut marked = Marked::default();
    mark_parts(image, &mut marked);
    [marked.blobs, marked.layers, marked.roots, marked.trees].into_iter().flatten().collect()
}

fn mark_parts(image: &Image, marked: &mut Marked) {
    marked.blobs.extend(image.blobs().cloned());
    marked.layers.extend(image.diff_ids().iter().cloned());
    // Roots are shared by images whose lower layers are the same.
    let diff_ids = image.unpacked();
    marked.roots.insert(root_id(&diff_ids));
    marked.trees.extend((0..=diff_ids.len()).map(|count| root_id(&diff_ids[..count])));
}
