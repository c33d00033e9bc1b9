//! Folders of things that can be made again from blobs: unpacked layers, and what several are together.

use std::fs;
use std::path::{Path, PathBuf};

use oci::image::Digest;

use crate::Store;
use crate::blobs::digest_of;
use crate::land::SUMS;

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder<'a> {
    /// One layer, by the digest of its tar.
    Layer(&'a Digest),
    /// The layers of an image together, by a digest over all of theirs.
    Root(&'a Digest),
    /// One layer as a folder, by a digest over it and all below: what it is depends on those.
    Tree(&'a Digest),
}

impl Folder<'_> {
    fn digest(&self) -> &Digest {
        match self {
            Folder::Layer(digest) | Folder::Root(digest) | Folder::Tree(digest) => digest,
        }
    }
}

impl Store {
    /// Where it is, or would be.
    pub fn folder_path(&self, folder: Folder) -> PathBuf {
        let kind = match folder {
            Folder::Layer(_) => "layers",
            Folder::Root(_) => "roots",
            Folder::Tree(_) => "trees",
        };
        let digest = folder.digest();
        self.at(kind).join(digest.algorithm().as_str()).join(digest.hex())
    }

    /// Where it is, if it is.
    pub fn folder(&self, folder: Folder) -> Option<PathBuf> {
        Some(self.folder_path(folder)).filter(|path| path.is_dir())
    }
}

/// The files that have sums are as they were; or tells what is wrong. `progress` is told of bytes that were read.
pub(crate) fn sums_hold(folder: &Path, progress: &mut dyn FnMut(u64)) -> Result<(), String> {
    let text = fs::read_to_string(folder.join(SUMS)).map_err(|err| format!("`{SUMS}`: {err}"))?;
    for line in text.lines() {
        let (digest, name) = line
            .split_once(' ')
            .and_then(|(digest, name)| Some((digest.parse::<Digest>().ok()?, name)))
            .ok_or_else(|| format!("`{SUMS}` has a line `{line}`"))?;
        let path = folder.join(name);
        let got = digest_of(&path, &digest, progress).map_err(|err| format!("`{name}`: {err}"))?;
        if got != digest {
            return Err(format!("the digest of `{name}` is `{got}`, expected `{digest}`"));
        }
    }
    Ok(())
}

/// Bytes of the files in a folder, without those in folders in it.
pub(crate) fn bytes_in(folder: &Path) -> u64 {
    let files =
        fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.metadata().ok());
    files.filter(fs::Metadata::is_file).map(|file| file.len()).sum()
}
