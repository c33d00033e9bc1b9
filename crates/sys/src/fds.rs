//! Descriptors by number: `close_range(2)`, and those that a caller left open for us.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use crate::check;

/// Marks every descriptor from `first` up to be closed by the next execve(2).
///
/// Linux 5.11. Source: <https://man7.org/linux/man-pages/man2/close_range.2.html>
pub fn close_on_exec_from(first: u32) -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: takes integers only. It closes nothing now, so no owned descriptor is pulled from under
    // its owner; after execve(2) there are no owners.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, flags) }).map(drop)
}

/// A second descriptor for the same open file as `number`, which a caller left open for us.
/// Close-on-exec; the caller's own descriptor stays open.
///
/// # Errors
/// - `EBADF`: `number` is not open.
///
/// Source: <https://man7.org/linux/man-pages/man2/F_DUPFD.2const.html>
pub fn duplicate(number: u32) -> io::Result<OwnedFd> {
    let number = libc::c_int::try_from(number).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: takes integers only; a number that is not open is an error (`EBADF`).
    let fd = check(unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) }.into())?;
    let fd = libc::c_int::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: the kernel made this descriptor for us just now; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
