//! A part of what is mounted: a path in a volume or an image, which whoever writes there may change at any moment.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Result};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

use super::mount::clone_fd;

/// Mounts what is at `path` below `whole`. The path is resolved once, by the kernel, and what was found is what is mounted,
/// whatever the path leads to by then. Links may lead anywhere below `whole`; one that leads out of it is refused.
pub(super) fn of(whole: BorrowedFd<'_>, path: &Path, recursive: bool) -> Result<OwnedFd> {
    let doing = || format!("find `{}` in it", path.display());
    let found = find(whole, path).doing(doing).map_err(|fault| explain(fault, path))?;
    clone_fd(found.as_fd(), recursive).doing(|| format!("mount `{}` of it", path.display())).map_err(
        |fault| match fault.errno() {
            Some(22) => fault.hint("a part of what is attached nowhere can be mounted since Linux 6.15"),
            _ => fault,
        },
    )
}

fn find(whole: BorrowedFd<'_>, path: &Path) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    // Somebody renames a folder above while the kernel walks: it cannot tell, and asks us to try again.
    for _ in 0..64 {
        match openat2(whole, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            found => return found,
        }
    }
    Err(Errno::AGAIN)
}

fn explain(fault: Fault, path: &Path) -> Fault {
    match fault.errno() {
        Some(18) => fault.hint(format!("a link on the way to `{}` leads out of it", path.display())),
        Some(2) => fault.hint("a part of a volume must be there before it is mounted"),
        _ => fault,
    }
}
