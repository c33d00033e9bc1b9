//! sync_file_range(2): the disk begins with a part of a file.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::check;

/// Asks for a part of a file to be written to its disk, and does not wait. Nothing is safe by that: fsync(2) waits,
/// and tells of errors.
pub fn begin(file: BorrowedFd<'_>, offset: u64, length: u64) -> io::Result<()> {
    let number = |value: u64| i64::try_from(value).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
    let (offset, length) = (number(offset)?, number(length)?);
    // SAFETY: the call has no pointer, and the descriptor is borrowed for as long as it takes.
    let ret = unsafe { libc::sync_file_range(file.as_raw_fd(), offset, length, libc::SYNC_FILE_RANGE_WRITE) };
    check(ret.into()).map(drop)
}
