//! Descriptors by number: close_range(2).

use std::io;

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
