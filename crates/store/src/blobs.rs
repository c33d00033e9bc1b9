//! Blobs: manifests, configs and layers, byte for byte as they came.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use hash::Hasher;
use oci::image::Digest;

use crate::{Ready, Staged, Store, files};

/// A blob that streams into the store. It has its name once it is whole, and is what was asked for.
#[derive(Debug)]
pub struct Ingest<'a> {
    store: &'a Store,
    staged: Staged,
    digest: Digest,
    hasher: Hasher,
    /// Bytes that have come, and that are to come.
    came: u64,
    size: u64,
}

/// Documents are read as a whole: manifests and configs.
/// Source: a registry may refuse more than 4 MiB (distribution-spec); configs may be twice that, as in containerd.
const MAX_DOCUMENT: u64 = 8 << 20;

impl Store {
    /// Where a blob is, or would be.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.at("images/blobs").join(digest.algorithm().as_str()).join(digest.hex())
    }

    /// A blob is here. It was checked when it came.
    pub fn has_blob(&self, digest: &Digest) -> bool {
        self.blob_path(digest).exists()
    }

    /// Opens a blob.
    ///
    /// # Errors
    /// `NotFound`, with what to try.
    pub fn blob(&self, digest: &Digest) -> Result<File> {
        File::open(self.blob_path(digest)).doing(|| format!("open blob `{digest}`")).map_err(|fault| {
            fault.or_hint(Some("`nagaya system check --repair` fetches what is missing".to_string()))
        })
    }

    /// Reads a manifest or config, and checks it against its digest: it is about to be believed.
    pub fn document(&self, digest: &Digest) -> Result<Vec<u8>> {
        let doing = || format!("read blob `{digest}`");
        let mut bytes = Vec::new();
        let read = self.blob(digest)?.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes).doing(doing)?;
        if read as u64 > MAX_DOCUMENT {
            return Err(Fault::new(Kind::Invalid, doing())
                .because(format!("it is longer than {MAX_DOCUMENT} bytes, which no such document is")));
        }
        check(digest, &hash::of(&bytes, digest.algorithm())).map_err(|fault| {
            fault.during(doing()).or_hint(Some("`nagaya system check --repair` fetches it again".to_string()))
        })?;
        Ok(bytes)
    }

    /// A blob that will come: of `digest` and of `size` bytes, and nothing else is taken.
    pub fn ingest(&self, digest: &Digest, size: u64) -> Result<Ingest<'_>> {
        Ok(Ingest {
            store: self,
            staged: self.stage_file()?,
            digest: digest.clone(),
            hasher: Hasher::like(digest),
            came: 0,
            size,
        })
    }

    /// A document that is at hand as a whole; nothing if it is here.
    pub fn ready_document(&self, digest: &Digest, bytes: &[u8]) -> Result<Option<Ready>> {
        if self.has_blob(digest) {
            return Ok(None);
        }
        let mut ingest = self.ingest(digest, bytes.len() as u64)?;
        ingest.write_all(bytes).doing(|| format!("keep blob `{digest}`"))?;
        ingest.ready().map(Some)
    }

    /// Keeps a document that is at hand as a whole.
    pub fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        self.ready_document(digest, bytes)?.map_or(Ok(()), |ready| self.land(vec![ready]))
    }

    pub(crate) fn remove_blob(&self, digest: &Digest) -> Result<u64> {
        let path = self.blob_path(digest);
        // One that was not compressed is its layer's tar, too, and takes its room until that goes.
        let size =
            path.metadata().map_or(0, |metadata| if metadata.nlink() > 1 { 0 } else { metadata.len() });
        files::remove(&path).map(|()| size)
    }
}

impl Ingest<'_> {
    /// Checks it, and gives it its name.
    pub fn commit(self) -> Result<()> {
        let store = self.store;
        store.land(vec![self.ready()?])
    }

    /// Checks it.
    fn ready(self) -> Result<Ready> {
        let Ingest { store, staged, digest, hasher, came, size } = self;
        if came != size {
            return Err(wrong(&digest, format!("it is {came} bytes long, expected {size}")));
        }
        check(&digest, &hasher.finish())?;
        Ok(store.ready_blob(staged, &digest))
    }
}

impl Write for Ingest<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.came + bytes.len() as u64 > self.size {
            let why =
                format!("blob `{}` is longer than the {} bytes that were announced", self.digest, self.size);
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let written = self.staged.handle().write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.came += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn check(expected: &Digest, got: &Digest) -> Result<()> {
    if got == expected { Ok(()) } else { Err(wrong(expected, format!("its digest is `{got}`"))) }
}

fn wrong(digest: &Digest, why: String) -> Fault {
    Fault::new(Kind::Invalid, format!("keep blob `{digest}`")).because(why)
}

/// Computes the digest of a file, a piece at a time; `progress` is told of the bytes of each.
pub(crate) fn digest_of(path: &Path, like: &Digest, progress: &mut dyn FnMut(u64)) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::like(like);
    let mut piece = vec![0; 256 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            read => {
                hasher.update(&piece[..read]);
                progress(read as u64);
            }
        }
    }
}
