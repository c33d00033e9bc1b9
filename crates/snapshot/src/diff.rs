//! What was changed above an image, back to a layer: what `commit` and `diff` need.
//!
//! The folder for changes is read as overlayfs keeps it, by descriptors and without following a link; marks of
//! overlayfs become those of layers. Entries are in the order of their names, so the same folder gives the same bytes.
//!
//! Sources: overlayfs.rst, "whiteouts and opaque directories"; OCI image-spec, layer.md, "Whiteouts".

use std::collections::HashMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use fault::{Doing, Result, visible};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use crate::attributes::{MARKS, whole};
use crate::pack::entry;
use crate::place::is_place;
use crate::tar::{Data, Entry, Kind, Time, Writer};

/// Writes what a folder for changes holds as a layer.
///
/// # Errors
/// With the path; `Unsupported` if overlayfs has only noted a change there (`redirect_dir`, `metacopy`).
pub fn write<W: Write>(upper: BorrowedFd<'_>, to: W) -> Result<W> {
    let mut out = Out { to: Writer::new(to), first: HashMap::new(), number: 0 };
    let upper = open(upper, OsStr::new("."), OFlags::DIRECTORY).doing(|| "open the folder for changes")?;
    out.folder(&upper, &[])?;
    out.to.finish().doing(|| "write the layer")
}

/// Marks of layers.
const GONE: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

struct Out<W> {
    to: Writer<W>,
    /// The first name of each file that has several, by device and inode.
    first: HashMap<(u64, u64), Vec<u8>>,
    number: u64,
}

/// A file's attributes, and what overlayfs says by its own.
#[derive(Default)]
struct Xattrs {
    own: Vec<(Vec<u8>, Vec<u8>)>,
    opaque: bool,
}

impl<W: Write> Out<W> {
    fn folder(&mut self, folder: &OwnedFd, path: &[u8]) -> Result<()> {
        let doing = || format!("read `/{}`", visible(&String::from_utf8_lossy(path)));
        for name in names(folder).doing(doing)? {
            let below = [path, name.as_bytes()].concat();
            let doing = || format!("save `/{}`", visible(&String::from_utf8_lossy(&below)));
            let stat = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW).doing(doing)?;
            if is_place(&[b"/", &below[..]].concat(), &stat) && is_bare(folder, &name).doing(doing)? {
                continue;
            }
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                let inner = open(folder.as_fd(), &name, OFlags::DIRECTORY).doing(doing)?;
                let xattrs = xattrs(folder, &name).doing(doing)?;
                let inside = [&below[..], b"/"].concat();
                self.member(&inside, &stat, Kind::Folder, xattrs.own, io::empty()).doing(doing)?;
                if xattrs.opaque {
                    self.mark(&[&inside[..], OPAQUE].concat()).doing(doing)?;
                }
                self.folder(&inner, &inside)?;
            } else {
                self.other(folder, &name, &below, &stat).doing(doing)?;
            }
        }
        Ok(())
    }

    fn other(&mut self, folder: &OwnedFd, name: &OsStr, path: &[u8], stat: &Stat) -> io::Result<()> {
        let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::CharacterDevice if (major, minor) == (0, 0) => {
                let at = path.len() - name.len();
                return self.mark(&[&path[..at], GONE, name.as_bytes()].concat());
            }
            FileType::CharacterDevice => Kind::Char(major, minor),
            FileType::BlockDevice => Kind::Block(major, minor),
            FileType::Fifo => Kind::Fifo,
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(folder, name, Vec::new())?;
                Kind::Symlink(target.into_bytes())
            }
            FileType::RegularFile => Kind::File,
            // A socket is nothing without the program that listens.
            _ => return Ok(()),
        };
        if stat.st_nlink > 1 {
            let key = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.first.get(&key) {
                let link = Kind::HardLink(first.clone());
                return self.member(path, stat, link, Vec::new(), io::empty());
            }
            self.first.insert(key, path.to_vec());
        }
        let xattrs = xattrs(folder, name)?;
        if kind != Kind::File {
            return self.member(path, stat, kind, xattrs.own, io::empty());
        }
        let file = File::from(open(folder.as_fd(), name, OFlags::NONBLOCK)?);
        self.member(path, stat, kind, xattrs.own, file)
    }

    /// An empty file that says something by its name.
    fn mark(&mut self, path: &[u8]) -> io::Result<()> {
        self.number += 1;
        let entry = Entry {
            number: self.number,
            name: path.to_vec(),
            kind: Kind::File,
            mode: 0,
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            xattrs: Vec::new(),
            data: Data::default(),
        };
        self.to.member(&entry, io::empty())
    }

    fn member(
        &mut self,
        path: &[u8],
        stat: &Stat,
        kind: Kind,
        xattrs: Vec<(Vec<u8>, Vec<u8>)>,
        bytes: impl Read,
    ) -> io::Result<()> {
        self.number += 1;
        self.to.member(&entry(self.number, path, stat, kind, xattrs), bytes)
    }
}

/// Nothing is in it.
fn is_bare(folder: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    match open(folder.as_fd(), name, OFlags::DIRECTORY) {
        Err(err) if err.kind() == io::ErrorKind::NotADirectory => Ok(true),
        inner => Ok(names(&inner?)?.is_empty()),
    }
}

fn open(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, name, flags, Mode::empty())?)
}

fn names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    names.sort();
    Ok(names)
}

/// Of whatever it is, without following a link and without opening a device.
fn xattrs(folder: &OwnedFd, name: &OsStr) -> io::Result<Xattrs> {
    let path = [format!("/proc/self/fd/{}/", folder.as_raw_fd()).as_bytes(), name.as_bytes()].concat();
    let path = CString::new(path)?;
    let mut found = Xattrs::default();
    let list = whole(|buffer| rustix::fs::llistxattr(&path, buffer))?;
    for key in list.split(|byte| *byte == 0).filter(|key| !key.is_empty()) {
        let value = || whole(|buffer| rustix::fs::lgetxattr(&path, key, buffer));
        match MARKS.iter().find_map(|mark| key.strip_prefix(*mark)) {
            Some(b"opaque") => found.opaque = value()? == b"y",
            Some(b"redirect" | b"metacopy") => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "overlayfs has only noted what became of it (redirect_dir, metacopy)",
                ));
            }
            Some(_) => {}
            // The kernel's own label of this machine.
            None if key == b"security.selinux" => {}
            None => found.own.push((key.to_vec(), value()?)),
        }
    }
    found.own.sort();
    Ok(found)
}
