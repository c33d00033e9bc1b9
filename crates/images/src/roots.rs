//! From the tars of an image's layers to what a container's root is laid over.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use hash::Summed;
use oci::image::{Config, Digest};
use snapshot::erofs::{self, Device};
use snapshot::tar::{OnDisk, Reader};
use snapshot::tree::{self, Content, Tree, What};
use store::{Folder, root_id};

use crate::images::Way;
use crate::progress::Progress;
use crate::{Images, layers, trees};

/// What a container's root is laid over, and what the root says of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The layers.
    pub layers: Layers,
    /// A folder with copies of its `/etc/passwd` and `/etc/group`.
    pub accounts: PathBuf,
}

/// The layers of an image, ready to be laid over each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layers {
    /// An index, and the tars that it speaks of, the lowest layer's first.
    Index {
        /// The index.
        index: PathBuf,
        /// The tars.
        tars: Vec<PathBuf>,
    },
    /// Folders, the topmost first.
    Folders(Vec<PathBuf>),
}

/// Names in the folder of a root.
const INDEX: &str = "index";
const ACCOUNTS: [(&str, [&[u8]; 2]); 2] = [("passwd", [b"etc", b"passwd"]), ("group", [b"etc", b"group"])];

/// Account files are text for people; more than this is none.
const LONGEST_FILE: u64 = 1 << 20;

impl Images {
    /// The root of an image, if it is ready to be used. Looks at few files, however many images there are.
    pub fn ready(&self, config: &Config) -> Result<Option<Root>> {
        let diff_ids = &config.rootfs.diff_ids;
        let digest = root_id(diff_ids);
        let Some((way, folder)) = self.made(&digest) else { return Ok(None) };
        let layers = match way {
            Way::Index => Layers::Index {
                index: folder.join(INDEX),
                tars: diff_ids.iter().map(|diff_id| self.tar(diff_id)).collect(),
            },
            Way::Folders => {
                let tree = |digest: Digest| self.store.folder_path(Folder::Tree(&digest)).join(trees::TREE);
                let mut folders: Vec<_> = chain(diff_ids).map(tree).collect();
                folders.reverse();
                Layers::Folders(folders)
            }
        };
        Ok(Some(Root { layers, accounts: folder }))
    }

    /// Makes the root of an image ready, if it is not: it was lost, or made in another way.
    pub fn make_ready(&self, config: &Config, progress: &dyn Progress) -> Result<()> {
        self.make_root(&config.rootfs.diff_ids, progress)
    }

    /// How a root was made, and where it is. An index is for those who may mount it.
    fn made(&self, digest: &Digest) -> Option<(Way, PathBuf)> {
        let index = || self.store.folder(Folder::Root(digest)).map(|folder| (Way::Index, folder));
        let tree = || self.store.folder(Folder::Tree(digest)).map(|folder| (Way::Folders, folder));
        self.may_index.then(index).flatten().or_else(tree)
    }

    pub(crate) fn tar(&self, diff_id: &Digest) -> PathBuf {
        self.store.folder_path(Folder::Layer(diff_id)).join(layers::TAR)
    }

    /// Makes the root of some layers, unless it is there.
    pub(crate) fn make_root(&self, diff_ids: &[Digest], progress: &dyn Progress) -> Result<()> {
        let digest = root_id(diff_ids);
        if self.made(&digest).is_some() {
            return Ok(());
        }
        let _claim = self.store.claim(&format!("root-{}", digest.hex()))?;
        if self.made(&digest).is_some() {
            return Ok(());
        }
        let made = match self.way() {
            Way::Index => self.build(diff_ids, &digest),
            Way::Folders => self.make_trees(diff_ids, progress),
        };
        made.map_err(|fault| fault.during(format!("put the layers of root `{digest}` together")))
    }

    fn build(&self, diff_ids: &[Digest], digest: &Digest) -> Result<()> {
        let tars = self.open_tars(diff_ids)?;
        let tree = merge(&tars, diff_ids)?;
        let staged = self.store.stage_folder()?;
        let mut sums = write_accounts(&tree, &tars, staged.path())?;
        let device = |(tar, diff_id)| Device { tag: tag(diff_id), tar };
        let devices: Vec<_> = tars.iter().zip(diff_ids).map(device).collect();
        sums.push((INDEX, write(&staged.path().join(INDEX), |file| erofs::write(&tree, &devices, file))?));
        self.store.land(vec![self.store.ready_folder(staged, Folder::Root(digest), &sums)?])
    }

    pub(crate) fn open_tars(&self, diff_ids: &[Digest]) -> Result<Vec<File>> {
        let open = |diff_id: &Digest| {
            let path = self.tar(diff_id);
            File::open(&path).doing(|| format!("open `{}`", path.display()))
        };
        diff_ids.iter().map(open).collect()
    }
}

/// What all layers up to each one are called by; of an image without any, what that is called by.
pub(crate) fn chain(diff_ids: &[Digest]) -> impl Iterator<Item = Digest> + '_ {
    (1..=diff_ids.len().max(1)).map(|count| root_id(&diff_ids[..count.min(diff_ids.len())]))
}

/// Writes what a root says of its users beside it, where no link of the image leads.
pub(crate) fn write_accounts(tree: &Tree, tars: &[File], into: &Path) -> Result<Vec<(&'static str, Digest)>> {
    let write_one = |(name, path): &(&'static str, [&[u8]; 2])| {
        let text = contents(tree, tars, path)?;
        let doing = || format!("write `{name}`");
        Ok((*name, write(&into.join(name), |file| file.write_all(&text).doing(doing))?))
    };
    ACCOUNTS.iter().map(write_one).collect()
}

/// What is seen when all layers lie over each other.
pub(crate) fn merge(tars: &[File], diff_ids: &[Digest]) -> Result<Tree> {
    let mut all = Tree::default();
    for (number, (tar, diff_id)) in (0..).zip(tars.iter().zip(diff_ids)) {
        all.lay(&layer(tar, number, diff_id, &all)?);
    }
    Ok(all)
}

/// What a layer changes of those below.
pub(crate) fn layer(tar: &File, number: u16, diff_id: &Digest, below: &Tree) -> Result<Tree> {
    let doing = || format!("read layer `{diff_id}`");
    let mut archive = Reader::new(OnDisk::new(tar).doing(doing)?);
    let layer = tree::layer(&mut archive, number, below).map_err(|fault| fault.during(doing()))?;
    Ok(layer.tree)
}

/// Writes a file, and takes its digest on the way.
fn write(path: &Path, fill: impl FnOnce(&mut Summed<BufWriter<File>>) -> Result<()>) -> Result<Digest> {
    let doing = || format!("write `{}`", path.display());
    let file = File::create_new(path).doing(doing)?;
    let mut summed = Summed::new(BufWriter::with_capacity(256 << 10, file));
    fill(&mut summed)?;
    summed.flush().doing(doing)?;
    Ok(summed.sum().digest)
}

/// By which a person can tell what belongs to an index: the first digits, if there are more.
fn tag(digest: &Digest) -> [u8; 64] {
    let mut tag = [b'0'; 64];
    let hex = &digest.hex().as_bytes()[..64.min(digest.hex().len())];
    tag[..hex.len()].copy_from_slice(hex);
    tag
}

/// The bytes of a small file of text. What is not there, is no file or is no text says nothing, as in Docker.
fn contents(tree: &Tree, tars: &[File], path: &[&[u8]]) -> Result<Vec<u8>> {
    let found = tree.resolve(path).map(|id| &tree.node(id).what);
    let Some(What::File(content)) = found else { return Ok(Vec::new()) };
    if content.size > LONGEST_FILE {
        return Ok(Vec::new());
    }
    let bytes = bytes_of(content, tars)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into_bytes())
}

fn bytes_of(content: &Content, tars: &[File]) -> Result<Vec<u8>> {
    let size = usize::try_from(content.size).unwrap_or(0);
    let mut bytes = vec![0; size];
    let tar = tars
        .get(usize::from(content.source))
        .ok_or_else(|| Fault::new(Kind::Failed, "find a layer's tar"))?;
    let mut at = content.offset;
    let whole = [snapshot::tar::Segment { start: 0, length: content.size }];
    for segment in content.sparse.as_deref().unwrap_or(&whole) {
        let start = usize::try_from(segment.start).unwrap_or(usize::MAX).min(size);
        let end = start.saturating_add(usize::try_from(segment.length).unwrap_or(usize::MAX)).min(size);
        tar.read_exact_at(&mut bytes[start..end], at).doing(|| "read a layer's tar")?;
        at += segment.length;
    }
    Ok(bytes)
}
