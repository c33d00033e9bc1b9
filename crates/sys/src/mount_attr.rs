//! Mount attributes by descriptor: `mount_setattr(2)`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::check;

/// What to change of a mount: `MOUNT_ATTR_*` flags to set and to clear, and a propagation type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// `MOUNT_ATTR_*` to set.
    pub set: u64,
    /// `MOUNT_ATTR_*` to clear.
    pub clear: u64,
    /// One of `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`, `MS_UNBINDABLE`, or 0 to leave it.
    pub propagation: u64,
    /// All mounts below as well.
    pub recursive: bool,
}

/// Changes the mount that `mount` is open on; with `recursive` all of it or nothing.
///
/// # Errors
/// - `EINVAL`: not the root of a mount, or a flag that the kernel does not know.
/// - `EPERM`: no `CAP_SYS_ADMIN` in the user namespace that owns the mount, or a flag that the owner locked.
/// - `EBUSY`: a file below is open for writing, and read-only was asked for.
///
/// Linux 5.12. Source: <https://man7.org/linux/man-pages/man2/mount_setattr.2.html>
pub fn mount_setattr(mount: BorrowedFd<'_>, change: Change) -> io::Result<()> {
    let attr = libc::mount_attr {
        attr_set: change.set,
        attr_clr: change.clear,
        propagation: change.propagation,
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | if change.recursive { libc::AT_RECURSIVE } else { 0 };
    let (fd, path, size) = (mount.as_raw_fd(), c"".as_ptr(), size_of_val(&attr));
    // SAFETY: the path is a NUL-terminated literal, and `attr` outlives the call with the size that is
    // passed. The kernel writes nothing.
    check(unsafe { libc::syscall(libc::SYS_mount_setattr, fd, path, flags, &raw const attr, size) }).map(drop)
}
