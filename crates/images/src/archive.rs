//! An archive of images: a tar whose members become blobs, each under the digest of its own bytes.
//!
//! It is read once, front to back, as it may come from a pipe; what of it is an image is said by a member that can
//! be the last one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;

use fault::{Doing, Fault, Kind as FaultKind, Result};
use hash::Hasher;
use oci::image::{Algorithm, Digest};
use snapshot::compression::decompress;
use snapshot::tar::{Entry, Kind, Reader, Source, Stream};
use store::{Flow, Staged, Store};

use crate::layers;

/// Members that could be documents are read as a whole; longer ones are none.
const LONGEST_DOCUMENT: u64 = oci::image::limits::LONGEST_CONFIG;
/// Members of one archive: thousands of layers would be many.
const MOST_MEMBERS: usize = 100_000;
/// Bytes of the names of all members, and of what they link to.
const LONGEST_NAMES: usize = 16 << 20;
/// Links from member to member, one after the other.
const MOST_LINKS: usize = 16;

/// What an archive holds.
#[derive(Debug)]
pub(crate) struct Archive {
    members: BTreeMap<String, Member>,
    files: BTreeMap<Digest, Blob>,
    /// Members' bytes, each in a file of its own: there may be more of them than a process may have open.
    staged: Staged,
}

#[derive(Debug, PartialEq, Eq)]
enum Member {
    File(Digest),
    /// Docker used to save a layer that two images share once, and link to it.
    Link(String),
}

/// A member's bytes.
#[derive(Debug)]
pub(crate) struct Blob {
    path: PathBuf,
    pub(crate) size: u64,
}

impl Archive {
    /// Reads an archive, compressed or not.
    pub(crate) fn read(store: &Store, input: impl Read) -> Result<Archive> {
        let staged = store.stage_folder()?;
        let mut archive = Archive { members: BTreeMap::new(), files: BTreeMap::new(), staged };
        let plain = decompress(input, None, layers::free(store)?).map_err(|fault| fault.during(doing()))?;
        let mut reader = Reader::new(Stream(plain));
        let mut names = 0;
        while let Some(entry) = reader
            .next_entry()
            .map_err(|fault| fault.during(doing()).or_hint(Some(WHAT_IT_MUST_BE.to_string())))?
        {
            names += entry.name.len() + link_bytes(&entry);
            if archive.members.len() >= MOST_MEMBERS {
                return Err(beyond(format!("it has more than {MOST_MEMBERS} members")));
            }
            if names > LONGEST_NAMES {
                return Err(beyond(format!("the names of its members have more than {LONGEST_NAMES} bytes")));
            }
            archive.take(&entry, &mut reader)?;
        }
        Ok(archive)
    }

    fn take<S: Source>(&mut self, entry: &Entry, reader: &mut Reader<S>) -> Result<()> {
        let name = clean(&String::from_utf8_lossy(&entry.name));
        let member = match &entry.kind {
            Kind::File => {
                let path = self.staged.path().join(entry.number.to_string());
                let (digest, size) = keep(&path, reader.contents())
                    .map_err(|fault| fault.during(format!("read `{name}` of the archive")))?;
                if self.files.contains_key(&digest) {
                    fs::remove_file(&path).doing(|| format!("remove `{}`", path.display()))?;
                } else {
                    self.files.insert(digest.clone(), Blob { path, size });
                }
                Member::File(digest)
            }
            Kind::HardLink(target) => Member::Link(clean(&String::from_utf8_lossy(target))),
            Kind::Symlink(target) => Member::Link(relative(&name, &String::from_utf8_lossy(target))),
            _ => return Ok(()),
        };
        // Of two, one reader takes the first and another the last.
        if self.members.get(&name).is_some_and(|before| *before != member) {
            return Err(beyond(format!("it has two members `{name}` that differ")));
        }
        self.members.insert(name, member);
        Ok(())
    }

    /// The digest of a member, by its name.
    pub(crate) fn digest(&self, name: &str) -> Option<&Digest> {
        let mut name = clean(name);
        for _ in 0..MOST_LINKS {
            match self.members.get(&name)? {
                Member::File(digest) => return Some(digest),
                Member::Link(target) => name.clone_from(target),
            }
        }
        None
    }

    /// What is known of bytes of this digest.
    pub(crate) fn blob(&self, digest: &Digest) -> Option<&Blob> {
        self.files.get(digest)
    }

    /// A member that is a document.
    pub(crate) fn document(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.digest(name)
            .and_then(|digest| self.files.get(digest))
            .map(|blob| blob.document(name))
            .transpose()
    }

    /// A document by its digest.
    pub(crate) fn document_of(&self, digest: &Digest) -> Result<Vec<u8>> {
        let blob = self.blob(digest).ok_or_else(|| {
            Fault::new(FaultKind::NotFound, format!("find blob `{digest}`"))
                .because("the archive does not have it")
        })?;
        blob.document(digest.as_str())
    }

    /// Gives those that are wanted their places in the store; the others go with the archive.
    pub(crate) fn adopt<'a>(
        &mut self,
        store: &Store,
        wanted: impl IntoIterator<Item = &'a Digest>,
    ) -> Result<()> {
        let missing = wanted.into_iter().filter(|digest| !store.has_blob(digest));
        let all =
            missing.filter_map(|digest| Some(store.ready_part(self.files.remove(digest)?.path, digest)));
        store.land(all.collect())
    }
}

impl Blob {
    fn document(&self, name: &str) -> Result<Vec<u8>> {
        let doing = || format!("read `{name}`");
        if self.size > LONGEST_DOCUMENT {
            return Err(Fault::new(FaultKind::Invalid, doing())
                .because(format!("it is longer than {LONGEST_DOCUMENT} bytes, which no such document is")));
        }
        let mut bytes = vec![0; usize::try_from(self.size).unwrap_or(0)];
        File::open(&self.path).doing(doing)?.read_exact(&mut bytes).doing(doing)?;
        Ok(bytes)
    }

    /// Its first bytes.
    pub(crate) fn first_bytes(&self) -> Result<[u8; 4]> {
        let mut first = Vec::new();
        let doing = || "read a layer";
        File::open(&self.path).doing(doing)?.take(4).read_to_end(&mut first).doing(doing)?;
        first.resize(4, 0);
        Ok([first[0], first[1], first[2], first[3]])
    }
}

fn link_bytes(entry: &Entry) -> usize {
    match &entry.kind {
        Kind::HardLink(target) | Kind::Symlink(target) => target.len(),
        _ => 0,
    }
}

fn doing() -> &'static str {
    "read the archive"
}

fn beyond(cause: String) -> Fault {
    Fault::new(FaultKind::Invalid, doing()).because(cause)
}

const WHAT_IT_MUST_BE: &str = "it must be a tar as `docker save` writes it, or an OCI image layout in a tar; compressed by gzip or \
                               zstd, or not at all";

/// Bytes that go from one thread to the other at once, and how many such may wait.
const PIECE: usize = 256 << 10;
const WAITING: usize = 8;

/// Writes bytes down in one thread, and takes their digest in another.
fn keep(path: &Path, mut from: impl Read) -> Result<(Digest, u64)> {
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    let file = made.doing(|| format!("make `{}`", path.display()))?;
    let (to, pieces) = sync_channel::<Vec<u8>>(WAITING);
    thread::scope(|scope| {
        let hash = move || {
            let mut hasher = Hasher::new(Algorithm::Sha256);
            for piece in pieces {
                hasher.update(&piece);
            }
            hasher.finish()
        };
        let hasher = thread::Builder::new().spawn_scoped(scope, hash).doing(|| "begin a thread")?;
        let mut copy = || -> io::Result<u64> {
            let mut size = 0;
            let mut file = Flow::new(&file);
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                from.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
                if piece.is_empty() {
                    return Ok(size);
                }
                file.write_all(&piece)?;
                size += piece.len() as u64;
                // It ends only when we do.
                let _ = to.send(piece);
            }
        };
        let size = copy();
        drop(to);
        let digest = hasher.join();
        let size = size.doing(|| "write it down")?;
        let digest = digest.map_err(|_| {
            Fault::new(FaultKind::Failed, "take its digest").because("a thread of ours has ended early")
        })?;
        Ok((digest, size))
    })
}

/// `./a//b` is `a/b`; what leads upwards stays, and is then found by nobody.
fn clean(name: &str) -> String {
    let parts = name.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

/// Where a link leads, from the folder that it is in.
fn relative(name: &str, target: &str) -> String {
    let mut way: Vec<&str> = name.split('/').collect();
    way.pop();
    for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            way.pop();
        } else {
            way.push(part);
        }
    }
    way.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members() {
        assert_eq!(clean("./blobs//sha256/ab"), "blobs/sha256/ab");
        assert_eq!(clean("../etc/passwd"), "../etc/passwd");
        assert_eq!(relative("two/layer.tar", "../one/layer.tar"), "one/layer.tar");
        assert_eq!(relative("layer.tar", "../../x"), "x");
    }
}
