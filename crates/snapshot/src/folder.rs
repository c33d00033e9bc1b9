//! A layer as a folder: the other way, for ordinary users and for kernels without file-backed EROFS.
//!
//! What is made comes from a [`Tree`], whose names are names and whose links were followed already, so no path of
//! the archive is ever looked up. Nobody else may write in the folder meanwhile.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Result, visible};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use crate::limits;
use crate::tar::{Segment, Time};
use crate::tree::{Content, Folder, Meta, NodeId, Tree, What};

/// What can be had where the folder is made.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Users and groups that there are. Files of others are root's.
    pub owners: &'a dyn Fn(u32, u32) -> bool,
    /// Device nodes can be made; in a user namespace they cannot.
    pub devices: bool,
    /// overlayfs's marks are kept in attributes that ordinary users can set.
    pub userxattr: bool,
}

/// What could not be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// Device nodes that were left out.
    pub devices: u64,
    /// Files whose owner is not theirs.
    pub owners: u64,
}

/// Makes what a layer has in an empty folder, as overlayfs wants it: marks for what is gone are devices 0:0.
/// `tars` are those that the tree speaks of.
///
/// # Errors
/// With the path in the layer.
pub fn write(tree: &Tree, tars: &[File], into: BorrowedFd<'_>, rules: Rules<'_>) -> Result<Lost> {
    let mut making = Making {
        tree,
        tars,
        root: into,
        rules,
        us: us(into).doing(|| "look at the folder of the layer")?,
        names: names(tree),
        first: HashMap::new(),
        lost: Lost::default(),
    };
    let root = tree.folder(Tree::ROOT).ok_or_else(|| Fault::invalid("layer", "its root is no folder"))?;
    making.fill(into, Path::new(""), root)?;
    making.finish_folder(into, Tree::ROOT, root).doing(|| "make the root of the layer")?;
    Ok(making.lost)
}

fn is_small(what: &What) -> bool {
    !matches!(what, What::File(content) if content.size > limits::COPIED_AGAIN)
}

struct Making<'a> {
    tree: &'a Tree,
    tars: &'a [File],
    root: BorrowedFd<'a>,
    rules: Rules<'a>,
    /// Whom a new file belongs to, where that is sure.
    us: Option<(u32, u32)>,
    /// How many names each file has.
    names: Vec<u32>,
    /// Where a file with several names was made first; the others are links to that.
    first: HashMap<NodeId, PathBuf>,
    lost: Lost,
}

impl Making<'_> {
    fn fill(&mut self, at: BorrowedFd<'_>, path: &Path, folder: &Folder) -> Result<()> {
        for (name, id) in &folder.entries {
            let name = OsStr::from_bytes(name);
            let path = path.join(name);
            match &self.tree.node(*id).what {
                What::Folder(inner) => self.folder(at, name, &path, *id, inner)?,
                what => {
                    let doing = || format!("make `{}`", visible(&path.to_string_lossy()));
                    self.other(at, name, &path, *id, what).doing(doing)?;
                }
            }
        }
        Ok(())
    }

    fn folder(
        &mut self,
        at: BorrowedFd<'_>,
        name: &OsStr,
        path: &Path,
        id: NodeId,
        inner: &Folder,
    ) -> Result<()> {
        let doing = || format!("make `{}`", visible(&path.to_string_lossy()));
        rustix::fs::mkdirat(at, name, Mode::RWXU).doing(doing)?;
        let made = open(at, name, OFlags::RDONLY | OFlags::DIRECTORY).doing(doing)?;
        self.fill(made.as_fd(), path, inner)?;
        self.finish_folder(made.as_fd(), id, inner).doing(doing)
    }

    /// Its time last: what is made in it changes that.
    fn finish_folder(&mut self, made: BorrowedFd<'_>, id: NodeId, folder: &Folder) -> io::Result<()> {
        if folder.opaque {
            let name = if self.rules.userxattr { "user.overlay.opaque" } else { "trusted.overlay.opaque" };
            rustix::fs::fsetxattr(made, name, b"y", XattrFlags::empty())?;
        }
        self.finish(made, &self.tree.node(id).meta)
    }

    fn other(
        &mut self,
        at: BorrowedFd<'_>,
        name: &OsStr,
        path: &Path,
        id: NodeId,
        what: &What,
    ) -> io::Result<()> {
        if let Some(first) = self.first.get(&id) {
            match rustix::fs::linkat(self.root, first, at, name, AtFlags::empty()) {
                // ext4 gives a file 65,000 names. The next ones are those of a copy, if that costs next to nothing.
                Err(Errno::MLINK) if is_small(what) => {}
                linked => return Ok(linked?),
            }
        }
        let meta = &self.tree.node(id).meta;
        match what {
            What::Folder(_) => return Ok(()),
            What::Gone => return node(at, name, FileType::CharacterDevice, 0, 0),
            What::File(content) => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
                let made = open(at, name, flags)?;
                self.copy(content, &made)?;
                self.finish(made.as_fd(), meta)?;
            }
            What::Symlink(target) => {
                rustix::fs::symlinkat(OsStr::from_bytes(target), at, name)?;
                self.finish_by_name(at, name, meta, false)?;
            }
            What::Char(..) | What::Block(..) if !self.rules.devices => {
                self.lost.devices += 1;
                return Ok(());
            }
            What::Char(major, minor) => {
                node(at, name, FileType::CharacterDevice, *major, *minor)?;
                self.finish_by_name(at, name, meta, true)?;
            }
            What::Block(major, minor) => {
                node(at, name, FileType::BlockDevice, *major, *minor)?;
                self.finish_by_name(at, name, meta, true)?;
            }
            What::Fifo => {
                node(at, name, FileType::Fifo, 0, 0)?;
                self.finish_by_name(at, name, meta, true)?;
            }
        }
        if self.names.get(id.index()).is_some_and(|names| *names > 1) {
            self.first.insert(id, path.to_path_buf());
        }
        Ok(())
    }

    /// Piece by piece from its tar; between them are holes.
    fn copy(&self, content: &Content, to: &OwnedFd) -> io::Result<()> {
        let tar = self.tars.get(usize::from(content.source)).ok_or(io::ErrorKind::NotFound)?;
        let whole = [Segment { start: 0, length: content.size }];
        let mut from = content.offset;
        for segment in content.sparse.as_deref().unwrap_or(&whole) {
            copy(tar, from, to, segment.start, segment.length)?;
            from += segment.length;
        }
        if content.sparse.is_some() {
            rustix::fs::ftruncate(to, content.size)?;
        }
        Ok(())
    }

    /// The owner first: the kernel takes setuid bits and capabilities away with it.
    fn finish(&mut self, made: BorrowedFd<'_>, meta: &Meta) -> io::Result<()> {
        if let Some((uid, gid)) = self.owner(meta) {
            rustix::fs::fchown(made, Some(uid), Some(gid))?;
        }
        rustix::fs::fchmod(made, Mode::from_raw_mode(meta.mode))?;
        for (name, value) in &meta.xattrs {
            rustix::fs::fsetxattr(made, &**name, value, XattrFlags::empty()).map_err(explain_xattr)?;
        }
        Ok(rustix::fs::futimens(made, &times(meta.mtime))?)
    }

    /// The same for what cannot be opened.
    fn finish_by_name(
        &mut self,
        at: BorrowedFd<'_>,
        name: &OsStr,
        meta: &Meta,
        mode: bool,
    ) -> io::Result<()> {
        if let Some((uid, gid)) = self.owner(meta) {
            rustix::fs::chownat(at, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        if mode {
            rustix::fs::chmodat(at, name, Mode::from_raw_mode(meta.mode), AtFlags::empty())?;
        }
        let path = || PathBuf::from(format!("/proc/self/fd/{}", at.as_raw_fd())).join(name);
        for (name, value) in &meta.xattrs {
            rustix::fs::lsetxattr(path(), &**name, value, XattrFlags::empty()).map_err(explain_xattr)?;
        }
        Ok(rustix::fs::utimensat(at, name, &times(meta.mtime), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Nothing if it belongs to them already.
    fn owner(&mut self, meta: &Meta) -> Option<(Uid, Gid)> {
        let theirs = if (self.rules.owners)(meta.uid, meta.gid) {
            (meta.uid, meta.gid)
        } else {
            self.lost.owners += 1;
            (0, 0)
        };
        (Some(theirs) != self.us).then(|| (Uid::from_raw(theirs.0), Gid::from_raw(theirs.1)))
    }
}

/// A folder whose group is another than ours may hand that on.
fn us(into: BorrowedFd<'_>) -> io::Result<Option<(u32, u32)>> {
    let stat = rustix::fs::fstat(into)?;
    let us = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    Ok((us == (stat.st_uid, stat.st_gid)).then_some(us))
}

fn names(tree: &Tree) -> Vec<u32> {
    let mut names = vec![0; tree.capacity()];
    let mut todo = vec![Tree::ROOT];
    while let Some(folder) = todo.pop().and_then(|id| tree.folder(id)) {
        for id in folder.entries.values() {
            if let Some(count) = names.get_mut(id.index()) {
                *count += 1;
            }
            todo.extend(tree.folder(*id).map(|_| *id));
        }
    }
    names
}

fn open(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, name, flags, Mode::RUSR | Mode::WUSR)?)
}

/// The kernel's own words would be about the disk.
fn explain_xattr(err: Errno) -> io::Error {
    match err {
        Errno::NOSPC | Errno::TOOBIG | Errno::RANGE => {
            io::Error::other("this file system has no place for so large attributes")
        }
        Errno::OPNOTSUPP => io::Error::other("this file system has no extended attributes"),
        err => err.into(),
    }
}

fn node(at: BorrowedFd<'_>, name: &OsStr, kind: FileType, major: u32, minor: u32) -> io::Result<()> {
    let mode = Mode::RUSR | Mode::WUSR;
    Ok(rustix::fs::mknodat(at, name, kind, mode, rustix::fs::makedev(major, minor))?)
}

fn times(mtime: Time) -> Timestamps {
    let time = Timespec { tv_sec: mtime.seconds, tv_nsec: mtime.nanos.into() };
    Timestamps { last_access: time, last_modification: time }
}

/// Bytes that are copied faster through our memory than by a call that is made for large files.
const SMALL: u64 = 64 << 10;

/// In the kernel where it can, which may share the bytes instead of copying them.
fn copy(from: &File, mut at: u64, to: &OwnedFd, mut start: u64, mut length: u64) -> io::Result<()> {
    if length <= SMALL {
        return copy_by_hand(from, at, to, start, length);
    }
    while length > 0 {
        let piece = usize::try_from(length).unwrap_or(usize::MAX);
        match rustix::fs::copy_file_range(from, Some(&mut at), to, Some(&mut start), piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(copied) => length -= copied as u64,
            Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => {
                return copy_by_hand(from, at, to, start, length);
            }
            Err(err) => return Err(err.into()),
        }
    }
    Ok(())
}

fn copy_by_hand(from: &File, mut at: u64, to: &OwnedFd, mut start: u64, mut length: u64) -> io::Result<()> {
    let mut piece = vec![0; usize::try_from(length.min(256 << 10)).unwrap_or(0)];
    while length > 0 {
        let most = piece.len().min(usize::try_from(length).unwrap_or(usize::MAX));
        let read = from.read_at(&mut piece[..most], at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let written = rustix::io::pwrite(to, &piece[..read], start)?;
        at += written as u64;
        start += written as u64;
        length -= written as u64;
    }
    Ok(())
}
