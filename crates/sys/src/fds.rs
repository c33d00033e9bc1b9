//! Descriptors by number: close_range(2).

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

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

/// Takes a descriptor that the program was started with, by its number, and marks it to be closed by execve(2).
///
/// # Errors
/// `EBADF` if it is not open, or a standard one; `EEXIST` if it was marked already: then it was opened by ourselves, and has
/// an owner.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    if number <= 2 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: takes integers only; what is not open is an error.
    let flags = check(unsafe { libc::fcntl(number, libc::F_GETFD) }.into())?;
    if flags & libc::c_long::from(libc::FD_CLOEXEC) != 0 {
        return Err(io::Error::from_raw_os_error(libc::EEXIST));
    }
    // SAFETY: as above.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) }.into())?;
    // SAFETY: it is open, and it was inherited: what this program opens is marked from the beginning (Rust's library,
    // rustix and this crate do so), and what was taken once is marked since. So nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
