//! Leaving and entering namespaces: unshare(2), setns(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::check;

/// Moves this process into new namespaces: `CLONE_NEW*` flags. A new pid namespace is for children only.
///
/// # Errors
/// - `EPERM`: no `CAP_SYS_ADMIN`.
/// - `EINVAL`: more than one thread, for those namespaces that forbid it.
///
/// Source: <https://man7.org/linux/man-pages/man2/unshare.2.html>
pub fn unshare(flags: u64) -> io::Result<()> {
    let flags = libc::c_int::try_from(flags).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    if flags & (libc::CLONE_FILES | libc::CLONE_VM) != 0 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: takes an integer; without CLONE_FILES no descriptor and without CLONE_VM no memory moves.
    check(unsafe { libc::unshare(flags) }.into()).map(drop)
}

/// Enters the namespace that `namespace` is open on; `kind` (a `CLONE_NEW*` flag) must be what it is.
///
/// # Errors
/// - `EINVAL`: not a namespace, or not of this kind; a user namespace that we are in already; or more than
///   one thread.
/// - `EPERM`: no `CAP_SYS_ADMIN` in the user namespace that owns it.
///
/// Source: <https://man7.org/linux/man-pages/man2/setns.2.html>
pub fn setns(namespace: BorrowedFd<'_>, kind: u64) -> io::Result<()> {
    let kind = libc::c_int::try_from(kind).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: takes integers only; the descriptor is borrowed, so it is open.
    check(unsafe { libc::setns(namespace.as_raw_fd(), kind) }.into()).map(drop)
}
