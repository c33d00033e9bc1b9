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
    call(mount, &attr, change.recursive)
}

/// Shows the files of a detached mount under other owners, as `user_namespace` maps them. It stays so for as long
/// as the mount lives, and the namespace is not needed any more.
///
/// # Errors
/// - `EINVAL`: the file system cannot, or the mount has been attached, or is mapped already.
/// - `EPERM`: no `CAP_SYS_ADMIN` in the user namespace that owns the file system.
///
/// Linux 5.12. Source: <https://man7.org/linux/man-pages/man2/mount_setattr.2.html>
pub fn map_ids(mount: BorrowedFd<'_>, user_namespace: BorrowedFd<'_>, recursive: bool) -> io::Result<()> {
    let attr = libc::mount_attr {
        attr_set: MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: u64::from(user_namespace.as_raw_fd().cast_unsigned()),
    };
    call(mount, &attr, recursive)
}

/// Missing from libc. Source: linux/mount.h.
const MOUNT_ATTR_IDMAP: u64 = 0x10_0000;

fn call(mount: BorrowedFd<'_>, attr: &libc::mount_attr, recursive: bool) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    let (fd, path, size) = (mount.as_raw_fd(), c"".as_ptr(), size_of_val(attr));
    let attr = std::ptr::from_ref(attr);
    // SAFETY: the path is a NUL-terminated literal, and `attr` comes from a reference that outlives the call, with
    // the size that is passed. The kernel writes nothing.
    check(unsafe { libc::syscall(libc::SYS_mount_setattr, fd, path, flags, attr, size) }).map(drop)
}
