//! Entries into a folder that is there already, and that somebody else may change meanwhile: what `cp` writes.
//!
//! The folder of an entry is found anew for each, by whoever knows how paths in there are resolved; in it only the last
//! name is used, and never followed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use fault::{Doing, Result, visible};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use crate::pack::{Sink, by_number};
use crate::tar::{Entry, Kind, Time};
use crate::tree::parts;

/// Finds the folder with these names below the one that is written to; with `make`, it is made if it is not there.
pub type Find<'a> = dyn Fn(&[&[u8]], bool) -> io::Result<OwnedFd> + 'a;

/// Whose what is made is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// As the entry says, with all that it may do.
    Same,
    /// Of this user and group. `plain`: nobody becomes somebody else by it, as by setuid bits and capabilities.
    One {
        /// User.
        uid: u32,
        /// Group.
        gid: u32,
        /// Without setuid and setgid bits, and without attributes.
        plain: bool,
    },
}

/// A folder that is written to.
pub struct Unpack<'a> {
    find: &'a Find<'a>,
    owner: Owner,
    /// Devices are made; else they are left out.
    devices: bool,
    /// Devices that were left out.
    pub left_out: u64,
    /// Times of folders: what is made in them changes those.
    times: Vec<(Vec<u8>, Time)>,
}

impl<'a> Unpack<'a> {
    /// Writes there.
    pub fn new(find: &'a Find<'a>, owner: Owner, devices: bool) -> Unpack<'a> {
        Unpack { find, owner, devices, left_out: 0, times: Vec::new() }
    }

    /// Gives folders their times.
    ///
    /// # Errors
    /// The folder.
    pub fn finish(&mut self) -> Result<()> {
        for (name, time) in std::mem::take(&mut self.times).into_iter().rev() {
            let doing = || format!("set the time of `{}`", visible(&String::from_utf8_lossy(&name)));
            let set = || -> io::Result<()> {
                let parts = parts(&name).map_err(io::Error::other)?;
                let Some((last, folders)) = parts.split_last() else { return Ok(()) };
                let parent = (self.find)(folders, false)?;
                set_time(parent.as_fd(), OsStr::from_bytes(last), time)
            };
            match set() {
                // Somebody has removed it since.
                Err(err) if err.kind() == io::ErrorKind::NotFound => {}
                set => set.doing(doing)?,
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        parent: BorrowedFd<'_>,
        name: &OsStr,
        entry: &Entry,
        bytes: &mut dyn Read,
    ) -> io::Result<()> {
        match &entry.kind {
            Kind::File => self.file(parent, name, entry, bytes),
            Kind::Symlink(target) => {
                rustix::fs::symlinkat(OsStr::from_bytes(target), parent, name)?;
                self.finish_by_name(parent, name, entry, false)
            }
            Kind::HardLink(target) => {
                let parts = parts(target).map_err(io::Error::other)?;
                let (last, folders) = parts.split_last().ok_or(Errno::INVAL)?;
                let from = (self.find)(folders, false)?;
                Ok(rustix::fs::linkat(&from, OsStr::from_bytes(last), parent, name, AtFlags::empty())?)
            }
            Kind::Char(..) | Kind::Block(..) if !self.devices => {
                self.left_out += 1;
                Ok(())
            }
            Kind::Char(major, minor) => {
                self.node(parent, name, entry, FileType::CharacterDevice, (*major, *minor))
            }
            Kind::Block(major, minor) => {
                self.node(parent, name, entry, FileType::BlockDevice, (*major, *minor))
            }
            Kind::Fifo => self.node(parent, name, entry, FileType::Fifo, (0, 0)),
            Kind::Folder => Ok(()),
        }
    }

    fn file(
        &self,
        parent: BorrowedFd<'_>,
        name: &OsStr,
        entry: &Entry,
        bytes: &mut dyn Read,
    ) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut made = File::from(rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?);
        match &entry.data.sparse {
            None => drop(io::copy(bytes, &mut made)?),
            Some(segments) => {
                for segment in segments {
                    made.seek(SeekFrom::Start(segment.start))?;
                    io::copy(&mut Read::take(&mut *bytes, segment.length), &mut made)?;
                }
                made.set_len(entry.data.size)?;
            }
        }
        self.finish_made(made.as_fd(), entry)?;
        Ok(rustix::fs::futimens(&made, &times(entry.mtime))?)
    }

    /// One that is there stays, and is described anew.
    fn folder(&mut self, parent: BorrowedFd<'_>, name: &OsStr, entry: &Entry) -> io::Result<()> {
        match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(err) => return Err(err.into()),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = rustix::fs::openat(parent, name, flags, Mode::empty())?;
        self.times.push((entry.name.clone(), entry.mtime));
        self.finish_made(made.as_fd(), entry)
    }

    fn node(
        &self,
        parent: BorrowedFd<'_>,
        name: &OsStr,
        entry: &Entry,
        kind: FileType,
        (major, minor): (u32, u32),
    ) -> io::Result<()> {
        let mode = Mode::RUSR | Mode::WUSR;
        rustix::fs::mknodat(parent, name, kind, mode, rustix::fs::makedev(major, minor))?;
        self.finish_by_name(parent, name, entry, true)
    }

    /// The owner first: the kernel takes setuid bits and capabilities away with it.
    fn finish_made(&self, made: BorrowedFd<'_>, entry: &Entry) -> io::Result<()> {
        let (uid, gid) = self.owner(entry);
        is_there(rustix::fs::fchown(made, Some(uid), Some(gid)))?;
        rustix::fs::fchmod(made, Mode::from_raw_mode(self.mode(entry)))?;
        if matches!(self.owner, Owner::One { plain: true, .. }) {
            return Ok(());
        }
        let kept = entry
            .xattrs
            .iter()
            .filter(|(name, _)| name == b"security.capability" || name.starts_with(b"user."));
        for (name, value) in kept {
            match rustix::fs::setxattr(by_number(made), &**name, value, XattrFlags::empty()) {
                // It cannot be had there.
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM) => {}
                Err(err) => return Err(err.into()),
            }
        }
        Ok(())
    }

    /// The same for what is not opened.
    fn finish_by_name(
        &self,
        parent: BorrowedFd<'_>,
        name: &OsStr,
        entry: &Entry,
        mode: bool,
    ) -> io::Result<()> {
        let (uid, gid) = self.owner(entry);
        is_there(rustix::fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW))?;
        if mode {
            // By a descriptor: chmod by name follows what somebody may have put in its place.
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = rustix::fs::openat(parent, name, flags, Mode::empty())?;
            let is_link = FileType::from_raw_mode(rustix::fs::fstat(&made)?.st_mode) == FileType::Symlink;
            if !is_link {
                rustix::fs::chmod(by_number(made.as_fd()), Mode::from_raw_mode(self.mode(entry)))?;
            }
        }
        set_time(parent, name, entry.mtime)
    }

    fn owner(&self, entry: &Entry) -> (Uid, Gid) {
        let (uid, gid) = match self.owner {
            Owner::Same => (entry.uid, entry.gid),
            Owner::One { uid, gid, .. } => (uid, gid),
        };
        (Uid::from_raw(uid), Gid::from_raw(gid))
    }

    fn mode(&self, entry: &Entry) -> u32 {
        match self.owner {
            Owner::One { plain: true, .. } => entry.mode & 0o1777,
            _ => entry.mode,
        }
    }
}

impl Sink for Unpack<'_> {
    fn take(&mut self, entry: &Entry, bytes: &mut dyn Read) -> io::Result<()> {
        let parts = parts(&entry.name).map_err(io::Error::other)?;
        // The folder itself stays as it is.
        let Some((last, folders)) = parts.split_last() else { return Ok(()) };
        let parent = (self.find)(folders, true)?;
        let (parent, name) = (parent.as_fd(), OsStr::from_bytes(last));
        let is_folder = entry.kind == Kind::Folder;
        let there = match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => None,
            stat => Some(FileType::from_raw_mode(stat?.st_mode) == FileType::Directory),
        };
        let shown = || visible(&String::from_utf8_lossy(&entry.name));
        match there {
            Some(true) if !is_folder => Err(io::Error::other(format!(
                "cannot overwrite directory \"{0}\" with non-directory \"{0}\"",
                shown()
            ))),
            Some(false) if is_folder => Err(io::Error::other(format!(
                "cannot overwrite non-directory \"{0}\" with directory \"{0}\"",
                shown()
            ))),
            _ if is_folder => self.folder(parent, name, entry),
            there => {
                if there.is_some() {
                    rustix::fs::unlinkat(parent, name, AtFlags::empty())?;
                }
                self.put(parent, name, entry, bytes)
            }
        }
    }
}

/// Files of somebody whom our user namespace does not have are ours.
fn is_there(given: rustix::io::Result<()>) -> rustix::io::Result<()> {
    if given == Err(Errno::INVAL) { Ok(()) } else { given }
}

fn set_time(parent: BorrowedFd<'_>, name: &OsStr, time: Time) -> io::Result<()> {
    Ok(rustix::fs::utimensat(parent, name, &times(time), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn times(mtime: Time) -> Timestamps {
    let time = Timespec { tv_sec: mtime.seconds, tv_nsec: mtime.nanos.into() };
    Timestamps { last_access: time, last_modification: time }
}
