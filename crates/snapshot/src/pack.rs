//! A folder, entry by entry: what `cp` and `export` read.
//!
//! Somebody may change the folder meanwhile, and mean harm. Each name is looked up once, by itself and without following
//! it; what was found is looked at, and only then opened, by its descriptor: a file that is replaced by a pipe, a device
//! or a link is one of the two, and never waited for.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use fault::{Doing, Result, visible};
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::attributes::own;
use crate::tar::{Data, Entry, Kind, Time, Writer};

/// Takes entries. A file's bytes are as many as its entry says, or fewer: it got shorter.
pub trait Sink {
    /// Takes one.
    fn take(&mut self, entry: &Entry, bytes: &mut dyn Read) -> io::Result<()>;
}

impl<W: io::Write> Sink for Writer<W> {
    fn take(&mut self, entry: &Entry, bytes: &mut dyn Read) -> io::Result<()> {
        // What got shorter meanwhile has zeroes for the rest: its length is written already.
        self.member(entry, bytes.chain(io::repeat(0)))
    }
}

/// Passes on what a descriptor (`O_PATH`) is open on, with all that is in it, each folder's entries in the order of
/// their names. `name` stands in front of all names; a folder without one is its entries alone. What is in a folder that
/// `is_apart` says yes to is left out.
///
/// # Errors
/// With the path.
pub fn pack(
    top: BorrowedFd<'_>,
    name: &[u8],
    is_apart: &dyn Fn(BorrowedFd<'_>) -> bool,
    to: &mut dyn Sink,
) -> Result<()> {
    let mut packing = Packing { to, is_apart, first: HashMap::new(), number: 0 };
    let stat = rustix::fs::fstat(top).doing(|| "look at what is copied")?;
    if name.is_empty() && FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return packing.folder(top, &[]);
    }
    packing.one(top, name)
}

struct Packing<'a> {
    to: &'a mut dyn Sink,
    is_apart: &'a dyn Fn(BorrowedFd<'_>) -> bool,
    /// The first name of each file that has several, by device and inode.
    first: HashMap<(u64, u64), Vec<u8>>,
    number: u64,
}

impl Packing<'_> {
    fn folder(&mut self, folder: BorrowedFd<'_>, path: &[u8]) -> Result<()> {
        let doing = || format!("read `{}`", visible(&String::from_utf8_lossy(path)));
        for name in names(folder).doing(doing)? {
            let below = [path, name.as_bytes()].concat();
            match rustix::fs::openat(folder, &name, FOUND, Mode::empty()) {
                // It has gone since.
                Err(Errno::NOENT) => {}
                found => {
                    let doing = || format!("read `{}`", visible(&String::from_utf8_lossy(&below)));
                    self.one(found.doing(doing)?.as_fd(), &below)?;
                }
            }
        }
        Ok(())
    }

    fn one(&mut self, found: BorrowedFd<'_>, path: &[u8]) -> Result<()> {
        let doing = || format!("copy `{}`", visible(&String::from_utf8_lossy(path)));
        let stat = rustix::fs::fstat(found).doing(doing)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return self.other(found, path, &stat).doing(doing);
        }
        let below = [path, b"/"].concat();
        self.entry(found, &below, &stat, Kind::Folder, &mut io::empty()).doing(doing)?;
        if (self.is_apart)(found) { Ok(()) } else { self.folder(found, &below) }
    }

    fn other(&mut self, found: BorrowedFd<'_>, path: &[u8], stat: &Stat) -> io::Result<()> {
        let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::CharacterDevice => Kind::Char(major, minor),
            FileType::BlockDevice => Kind::Block(major, minor),
            FileType::Fifo => Kind::Fifo,
            FileType::Symlink => Kind::Symlink(rustix::fs::readlinkat(found, "", Vec::new())?.into_bytes()),
            FileType::RegularFile => Kind::File,
            // A socket is nothing without the program that listens.
            _ => return Ok(()),
        };
        if stat.st_nlink > 1 {
            let key = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.first.get(&key) {
                let link = Kind::HardLink(first.clone());
                return self.entry(found, path, stat, link, &mut io::empty());
            }
            self.first.insert(key, path.to_vec());
        }
        match kind {
            Kind::File => {
                let mut file = File::from(open(found, OFlags::NONBLOCK | OFlags::NOCTTY)?);
                self.entry(found, path, stat, kind, &mut file)
            }
            kind => self.entry(found, path, stat, kind, &mut io::empty()),
        }
    }

    fn entry(
        &mut self,
        found: BorrowedFd<'_>,
        path: &[u8],
        stat: &Stat,
        kind: Kind,
        bytes: &mut dyn Read,
    ) -> io::Result<()> {
        self.number += 1;
        let xattrs = match kind {
            Kind::HardLink(_) => Vec::new(),
            _ => own(&by_number(found))?,
        };
        let entry = entry(self.number, path, stat, kind, xattrs);
        self.to.take(&entry, &mut bytes.take(entry.data.size))
    }
}

/// What an archive says of something on the disk.
pub(crate) fn entry(
    number: u64,
    path: &[u8],
    stat: &Stat,
    kind: Kind,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
) -> Entry {
    let size = if kind == Kind::File { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 };
    Entry {
        number,
        name: path.to_vec(),
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: Time { seconds: stat.st_mtime, nanos: u32::try_from(stat.st_mtime_nsec).unwrap_or(0) },
        xattrs,
        data: Data { size, stored: size, ..Data::default() },
    }
}

/// How something is found: as itself, whatever it is.
const FOUND: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens what was found.
fn open(found: BorrowedFd<'_>, flags: OFlags) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(CWD, by_number(found), flags | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

/// A name for what a descriptor is open on, whatever becomes of its own name.
pub(crate) fn by_number(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

pub(crate) fn names(folder: BorrowedFd<'_>) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::new(open(folder, OFlags::DIRECTORY)?)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    names.sort();
    Ok(names)
}
