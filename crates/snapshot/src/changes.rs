//! What a folder for changes has changed, path by path: what `diff` shows.
//!
//! Source: moby, `archive/changes.go`. There two whole roots are compared; here only what overlayfs has copied up is
//! looked at, and the answer is the same.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use fault::{Doing, Result, visible};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::attributes::is_opaque;
use crate::pack::{by_number, names};
use crate::place::is_place;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// It is new.
    Added,
    /// It is another than before, or something in it is.
    Changed,
    /// It is gone.
    Deleted,
}

/// One path, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What became of it.
    pub what: What,
    /// From the root, with a `/` in front.
    pub path: Vec<u8>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.what {
            What::Added => 'A',
            What::Changed => 'C',
            What::Deleted => 'D',
        };
        write!(f, "{letter} {}", visible(&String::from_utf8_lossy(&self.path)))
    }
}

/// Compares what overlayfs has written to `upper` with what it lay over. `at` stands in front of all paths.
///
/// # Errors
/// With the path.
pub fn changes(at: &[u8], upper: BorrowedFd<'_>, lower: BorrowedFd<'_>) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    let at = at.strip_suffix(b"/").unwrap_or(at);
    folder(at, upper, Some(lower), &mut all)?;
    Ok(all)
}

/// How something is found: as itself, whatever it is.
const FOUND: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn folder(
    path: &[u8],
    upper: BorrowedFd<'_>,
    lower: Option<BorrowedFd<'_>>,
    all: &mut Vec<Change>,
) -> Result<()> {
    let doing = || format!("read `{}`", visible(&String::from_utf8_lossy(path)));
    let new = names(upper).doing(doing)?;
    for name in &new {
        let below = [path, b"/", name.as_bytes()].concat();
        let Some(found) = find(upper, name).doing(doing)? else { continue };
        let before = match lower {
            Some(lower) => find(lower, name).doing(doing)?,
            None => None,
        };
        one(&below, &found, before.as_ref(), all)?;
    }
    // A folder that was made anew shows nothing of the one below.
    if let Some(lower) = lower.filter(|_| is_opaque(&by_number(upper))) {
        gone(path, lower, &new.into_iter().collect(), all).doing(doing)?;
    }
    Ok(())
}

fn one(path: &[u8], found: &OwnedFd, before: Option<&OwnedFd>, all: &mut Vec<Change>) -> Result<()> {
    let doing = || format!("look at `{}`", visible(&String::from_utf8_lossy(path)));
    let now = rustix::fs::fstat(found).doing(doing)?;
    let old = before.map(rustix::fs::fstat).transpose().doing(doing)?;
    let is_mark = kind(&now) == FileType::CharacterDevice && now.st_rdev == 0;
    let what = match &old {
        _ if is_mark => What::Deleted,
        None => What::Added,
        Some(_) => What::Changed,
    };
    if is_mark && old.is_none() {
        return Ok(());
    }
    let place = all.len();
    all.push(Change { what, path: path.to_vec() });
    if kind(&now) == FileType::Directory {
        let was_folder = old.as_ref().is_some_and(|old| kind(old) == FileType::Directory);
        let below = before.filter(|_| was_folder).map(AsFd::as_fd);
        folder(path, found.as_fd(), below, all)?;
    } else if let Some(before) =
        before.filter(|_| !is_mark && old.is_some_and(|old| kind(&old) == FileType::Directory))
    {
        gone(path, before.as_fd(), &BTreeSet::new(), all).doing(doing)?;
    }
    // What was only copied up is as it was; and so is what has a place for what is mounted there.
    let as_before = match what {
        What::Changed => old.is_some_and(|old| is_same(&now, &old)),
        What::Added => is_place(path, &now) || (path == b"/etc" && kind(&now) == FileType::Directory),
        What::Deleted => false,
    };
    if as_before && all.len() == place + 1 {
        all.truncate(place);
    }
    Ok(())
}

/// What a folder had, and what is not among what it has now.
fn gone(
    path: &[u8],
    lower: BorrowedFd<'_>,
    now: &BTreeSet<OsString>,
    all: &mut Vec<Change>,
) -> io::Result<()> {
    for name in names(lower)?.into_iter().filter(|name| !now.contains(name)) {
        all.push(Change { what: What::Deleted, path: [path, b"/", name.as_bytes()].concat() });
    }
    Ok(())
}

fn find(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<OwnedFd>> {
    match rustix::fs::openat(folder, name, FOUND, Mode::empty()) {
        Err(Errno::NOENT) => Ok(None),
        found => Ok(Some(found?)),
    }
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// The size and time of a folder say nothing.
fn is_same(one: &Stat, other: &Stat) -> bool {
    let about = |stat: &Stat| (stat.st_mode, stat.st_uid, stat.st_gid, stat.st_rdev);
    let inside = |stat: &Stat| (stat.st_size, stat.st_mtime, stat.st_mtime_nsec);
    about(one) == about(other) && (kind(one) == FileType::Directory || inside(one) == inside(other))
}
