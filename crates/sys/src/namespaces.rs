//! Leaving and entering namespaces: unshare(2), setns(2).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

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

/// Does something in another network namespace, and comes back: sockets that are made there stay there. It is this thread
/// alone that goes.
///
/// # Errors
/// As [`setns`]. A thread that cannot come back ends the process: it would do everything else in the wrong place.
pub fn in_network<T>(namespace: BorrowedFd<'_>, work: impl FnOnce() -> T) -> io::Result<T> {
    const KIND: u64 = libc::CLONE_NEWNET.cast_unsigned() as u64;
    struct Back(File);
    impl Drop for Back {
        fn drop(&mut self) {
            if setns(self.0.as_fd(), KIND).is_err() {
                std::process::abort();
            }
        }
    }
    let home = File::open("/proc/thread-self/ns/net")?;
    setns(namespace, KIND)?;
    let _back = Back(home);
    Ok(work())
}
