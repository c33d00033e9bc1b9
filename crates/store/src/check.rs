//! Finds what a failing disk, a power cut or somebody's hand has done to the store, and mends what can be.

use std::fmt;
use std::path::PathBuf;

use fault::Result;
use oci::image::{Digest, Reference};

use crate::blobs::digest_of;
use crate::layers::{bytes_in, sums_hold};
use crate::{Exclusive, Named, Store, files};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A blob of an image is not here. Mended by whoever fetches it again.
    MissingBlob {
        /// Which.
        digest: Digest,
        /// An image that needs it.
        image: Digest,
    },
    /// A blob is not what it is called. Mended by its removal; then it is missing.
    WrongBlob {
        /// Which.
        digest: Digest,
        /// What is wrong with it.
        why: String,
    },
    /// An unpacked layer or root is not what was made. Mended by its removal: it is made again when needed.
    WrongFolder {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A record cannot be read. Mended by its removal.
    WrongRecord {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A name stands for an image that is not kept. Mended by the name's removal.
    LostName {
        /// Which.
        name: Reference,
        /// The image.
        image: Digest,
    },
    /// `index.json` does not say what the records say. Mended by writing it.
    StaleIndex,
}

/// What a check has looked at and found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Blobs that were read.
    pub blobs: usize,
    /// Bytes that were read.
    pub bytes: u64,
    /// What was found, in the order in which it is to be mended.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::MissingBlob { digest, image } => {
                write!(f, "blob `{digest}` of image `{}` is missing", image.short())
            }
            Problem::WrongBlob { digest, why } => write!(f, "blob `{digest}` is damaged: {why}"),
            Problem::WrongFolder { path, why } => write!(f, "`{}` is damaged: {why}", path.display()),
            Problem::WrongRecord { path, why } => write!(f, "`{}` is damaged: {why}", path.display()),
            Problem::LostName { name, image } => {
                write!(f, "`{}` stands for image `{}`, which is not here", name.familiar(), image.short())
            }
            Problem::StaleIndex => write!(f, "`index.json` does not list what is here"),
        }
    }
}

impl Store {
    /// Looks at everything, and reads every byte. `progress` is told of bytes that were read.
    ///
    /// The caller holds the lock, so that what is half done by others is not taken for damage.
    pub fn check(&self, lock: &Exclusive, progress: &mut dyn FnMut(u64)) -> Result<Checked> {
        let mut checked = Checked::default();
        // If that cannot be done, it is told below.
        let _ = self.finish_index(lock);
        self.check_records(&mut checked)?;
        self.check_blobs(&mut checked, progress)?;
        self.check_images(&mut checked)?;
        self.check_folders(&mut checked, progress)?;
        // As values: the order of keys is the writer's.
        let there = std::fs::read(self.at("images/index.json")).unwrap_or_default();
        let value = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).ok();
        if value(&there) != self.index().ok().and_then(|index| value(&index)) {
            checked.problems.push(Problem::StaleIndex);
        }
        Ok(checked)
    }

    /// Mends a problem, as far as it can be without anything from outside; tells whether it is gone.
    pub fn mend(&self, problem: &Problem, lock: &Exclusive) -> Result<bool> {
        match problem {
            Problem::MissingBlob { .. } => return Ok(false),
            Problem::WrongBlob { digest, .. } => drop(self.remove_blob(digest)?),
            Problem::WrongFolder { path, .. } => drop(self.remove_path(path)?),
            Problem::WrongRecord { path, .. } => files::remove(path)?,
            Problem::LostName { name, .. } => self.remove_name(name, lock)?,
            Problem::StaleIndex => self.write_index(lock)?,
        }
        Ok(true)
    }

    fn check_records(&self, checked: &mut Checked) -> Result<()> {
        for id in self.ids()? {
            let path = self.at("kept").join(id.algorithm().as_str()).join(id.hex());
            if let Err(fault) = self.kept(&id) {
                checked.problems.push(Problem::WrongRecord { path, why: fault.sentence() });
            }
        }
        for (name, path) in self.name_files()? {
            let wrong = |why: String| Problem::WrongRecord { path: path.clone(), why };
            let Ok(name) = name.parse::<Reference>() else {
                checked.problems.push(wrong("it is not called as a name is".to_string()));
                continue;
            };
            match self.name(&name) {
                Ok(Some(Named { image, .. })) if matches!(self.kept(&image), Ok(None)) => {
                    checked.problems.push(Problem::LostName { name, image });
                }
                Ok(_) => {}
                Err(fault) => checked.problems.push(wrong(fault.sentence())),
            }
        }
        Ok(())
    }

    fn check_blobs(&self, checked: &mut Checked, progress: &mut dyn FnMut(u64)) -> Result<()> {
        for digest in self.blobs()? {
            let path = self.blob_path(&digest);
            let why = match digest_of(&path, &digest, &mut checked.reading(progress)) {
                Ok(got) if got == digest => None,
                Ok(got) => Some(format!("its digest is `{got}`")),
                Err(err) => Some(err.to_string()),
            };
            checked.problems.extend(why.map(|why| Problem::WrongBlob { digest, why }));
            checked.blobs += 1;
        }
        Ok(())
    }

    /// Blobs that an image needs and that are not here, each once; damaged ones will be missing.
    fn check_images(&self, checked: &mut Checked) -> Result<()> {
        for id in self.ids()? {
            let Ok(Some(kept)) = self.kept(&id) else { continue };
            let mut needed = vec![id.clone()];
            for version in kept.versions() {
                let manifest = version.manifest.digest;
                needed.push(manifest.clone());
                if let Ok(image) = self.image_of(&id, kept.clone().seen_as(&manifest)) {
                    needed.extend(image.blobs().cloned());
                }
            }
            needed.sort();
            needed.dedup();
            for digest in needed {
                if !self.has_blob(&digest) || is_wrong(&checked.problems, &digest) {
                    checked.problems.push(Problem::MissingBlob { digest, image: id.clone() });
                }
            }
        }
        Ok(())
    }

    fn check_folders(&self, checked: &mut Checked, progress: &mut dyn FnMut(u64)) -> Result<()> {
        for path in self.made()? {
            let held = sums_hold(&path, &mut checked.reading(progress));
            if let Err(why) = held {
                checked.problems.push(Problem::WrongFolder { path, why });
            }
        }
        Ok(())
    }

    /// All folders that can be made again.
    fn made(&self) -> Result<Vec<PathBuf>> {
        let mut all = Vec::new();
        for kind in ["layers", "trees", "roots"] {
            let path = |digest: Digest| self.at(kind).join(digest.algorithm().as_str()).join(digest.hex());
            all.extend(self.folders(kind)?.into_iter().map(path));
        }
        Ok(all)
    }

    /// Bytes that a check reads, about.
    pub fn bytes_to_check(&self) -> Result<u64> {
        let size = |path: PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
        let blobs: u64 = self.blobs()?.iter().map(|digest| size(self.blob_path(digest))).sum();
        let folders: u64 = self.made()?.iter().map(|path| bytes_in(path)).sum();
        Ok(blobs + folders)
    }
}

impl Checked {
    /// Counts what is read, and tells of it.
    fn reading<'a>(&'a mut self, progress: &'a mut dyn FnMut(u64)) -> impl FnMut(u64) + 'a {
        |bytes| {
            self.bytes += bytes;
            progress(bytes);
        }
    }
}

fn is_wrong(problems: &[Problem], blob: &Digest) -> bool {
    problems.iter().any(|problem| matches!(problem, Problem::WrongBlob { digest, .. } if digest == blob))
}
