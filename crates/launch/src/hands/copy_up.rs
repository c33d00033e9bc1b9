//! What a folder holds, copied into the empty file system that is about to cover it (`tmpcopyup`).

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid, XattrFlags, chmodat, chownat,
    fgetxattr, flistxattr, fsetxattr, mkdirat, mknodat, openat, readlinkat, statat, symlinkat, utimensat,
};
use rustix::io::Errno;

/// Folders inside each other; each is held open while the next one is copied.
pub(super) const DEEPEST: usize = 200;

/// Copies all that is in `from`, with modes, owners, times and extended attributes. No link is followed: every name is
/// opened from the folder that it is in. A file with two names becomes two; sockets are left out.
///
/// # Errors
/// The first thing that could not be copied: there is no room, or the caller may not.
pub(super) fn copy_up(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
    let from = openat(from, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    copy_all(&from, to, DEEPEST)
}

/// Gives a mount the mode of the folder that it is to cover.
pub(super) fn take_mode(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
    let mode = Mode::from_raw_mode(rustix::fs::fstat(from)?.st_mode);
    Ok(chmodat(to, ".", mode, AtFlags::empty())?)
}

fn copy_all(from: &OwnedFd, to: BorrowedFd<'_>, deepest: usize) -> io::Result<()> {
    if deepest == 0 {
        return Err(Errno::NAMETOOLONG.into());
    }
    for entry in Dir::read_from(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            let named = |err: io::Error| {
                io::Error::new(
                    err.kind(),
                    format!("`{}`: {err}", OsStr::from_bytes(name.to_bytes()).display()),
                )
            };
            copy(from, to, name, deepest).map_err(named)?;
        }
    }
    Ok(())
}

/// Copies what has a name, under the same name.
pub(super) fn copy(from: &OwnedFd, to: BorrowedFd<'_>, name: &CStr, deepest: usize) -> io::Result<()> {
    let stat = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let private = Mode::from_raw_mode(0o700);
    match kind {
        FileType::Directory => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let inner = openat(from, name, flags, Mode::empty())?;
            mkdirat(to, name, private)?;
            let made = openat(to, name, flags, Mode::empty())?;
            copy_all(&inner, made.as_fd(), deepest - 1)?;
            copy_attributes(&inner, &made)?;
        }
        FileType::RegularFile => {
            let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let write = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let mut file = File::from(openat(from, name, read, Mode::empty())?);
            let mut made = File::from(openat(to, name, write, private)?);
            io::copy(&mut file, &mut made)?;
            copy_attributes(&file, &made)?;
        }
        FileType::Symlink => symlinkat(readlinkat(from, name, Vec::new())?.as_c_str(), to, name)?,
        FileType::Fifo | FileType::CharacterDevice | FileType::BlockDevice => {
            mknodat(to, name, kind, private, stat.st_rdev)?;
        }
        _ => return Ok(()),
    }
    copy_owner(to, name, &stat, kind)
}

/// The owner before the mode: changing the first takes the setuid bit away.
fn copy_owner(to: BorrowedFd<'_>, name: &CStr, stat: &Stat, kind: FileType) -> io::Result<()> {
    let nofollow = AtFlags::SYMLINK_NOFOLLOW;
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    given(chownat(to, name, Some(uid), Some(gid), nofollow))?;
    if kind != FileType::Symlink {
        chmodat(to, name, Mode::from_raw_mode(stat.st_mode), AtFlags::empty())?;
    }
    let time = |seconds, nanoseconds| Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps {
        last_access: time(stat.st_atime, i64::try_from(stat.st_atime_nsec).unwrap_or_default()),
        last_modification: time(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or_default()),
    };
    Ok(utimensat(to, name, &times, nofollow)?)
}

/// Somebody whom our user namespace does not know owns nothing in it: what is copied is our own then.
pub(super) fn given(owned: rustix::io::Result<()>) -> rustix::io::Result<()> {
    if owned == Err(Errno::INVAL) { Ok(()) } else { owned }
}

/// Those that the other file system can keep.
pub(super) fn copy_attributes(from: impl AsFd, to: impl AsFd) -> io::Result<()> {
    let mut names = vec![0; 64 * 1024];
    let length = match flistxattr(&from, &mut names[..]) {
        Err(Errno::OPNOTSUPP) => return Ok(()),
        length => length?,
    };
    for name in names[..length].split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        let mut value = vec![0; 64 * 1024];
        let length = fgetxattr(&from, name, &mut value[..])?;
        match fsetxattr(&to, name, &value[..length], XattrFlags::empty()) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM) => {}
            Err(err) => return Err(err.into()),
        }
    }
    Ok(())
}
