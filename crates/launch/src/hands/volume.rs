//! A volume that is empty begins with what the image has in its place.
//!
//! Others may have the volume mounted meanwhile, and do with it what they like. So each entry is copied where nobody else
//! can reach it, and moved into the volume when it is complete: no name in the volume is ever resolved, and nothing that is
//! there already is touched. Whoever is killed leaves the folder that it copies by, and the next one goes on.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Result};
use rustix::fs::{
    AtFlags, CWD, Dir, FlockOperation, Gid, Mode, OFlags, RenameFlags, Uid, fchmod, fchown, fstat, mkdir,
    openat, renameat_with, statat,
};
use rustix::io::Errno;

use super::copy_up;
use crate::rootfs::{Links, RootFd};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Lets `to` begin with what a root has at `at`, by way of `by`.
pub(super) fn fill_from(root: &RootFd, at: &Path, to: &Path, by: &Path) -> Result<()> {
    let doing = || format!("fill `{}`", to.display());
    let volume = open(to).doing(doing)?;
    if !by.exists() && !is_empty(&volume).doing(doing)? {
        return Ok(());
    }
    let from = match root.open(at, FOLDER, Links::Follow) {
        // The image has nothing there, or a file, which is told when it is mounted.
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        from => from.doing(doing)?,
    };
    let _alone = lock(by).doing(doing)?;
    // Somebody else may have done it by now.
    if by.exists() || is_empty(&volume).doing(doing)? {
        fill(&from, &volume, by).doing(doing)
    } else {
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, path, FOLDER, Mode::empty())?)
}

/// The folder around it is nobody's but ours.
fn lock(by: &Path) -> io::Result<File> {
    let folder = File::from(open(by.parent().unwrap_or(Path::new("/")))?);
    rustix::io::retry_on_intr(|| rustix::fs::flock(&folder, FlockOperation::LockExclusive))?;
    Ok(folder)
}

fn fill(from: &OwnedFd, volume: &OwnedFd, by: &Path) -> io::Result<()> {
    match mkdir(by, Mode::from_raw_mode(0o700)) {
        Err(Errno::EXIST) => clear(by)?,
        made => made?,
    }
    let staging = open(by)?;
    for entry in Dir::read_from(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_there = || statat(volume, name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        if matches!(name.to_bytes(), b"." | b"..") || is_there() {
            continue;
        }
        copy_up::copy(from, staging.as_fd(), name, copy_up::DEEPEST)
            .map_err(|err| io::Error::new(err.kind(), format!("`{}`: {err}", name.to_string_lossy())))?;
        match renameat_with(&staging, name, volume, name, RenameFlags::NOREPLACE) {
            // A socket is not copied; and what somebody has made in this moment stays.
            Err(Errno::NOENT | Errno::EXIST) => {}
            moved => moved?,
        }
    }
    be_like(from.as_fd(), volume.as_fd())?;
    clear(by)?;
    std::fs::remove_dir(by)
}

/// Removes what an earlier attempt has left.
fn clear(by: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(by)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// With owner, mode and attributes.
fn be_like(from: BorrowedFd<'_>, volume: BorrowedFd<'_>) -> io::Result<()> {
    let stat = fstat(from)?;
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    copy_up::given(fchown(volume, Some(uid), Some(gid)))?;
    copy_up::copy_attributes(from, volume)?;
    Ok(fchmod(volume, Mode::from_raw_mode(stat.st_mode))?)
}

fn is_empty(folder: &OwnedFd) -> io::Result<bool> {
    for entry in Dir::read_from(folder)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}
