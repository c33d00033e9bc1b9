//! Filters of system calls: seccomp(2).

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use crate::check;

/// `struct sock_filter`: code, jump if true, jump if false, value. Source: linux/filter.h.
pub type Instruction = (u16, u8, u8, u32);

/// `SECCOMP_FILTER_FLAG_NEW_LISTENER`.
const NEW_LISTENER: u32 = 8;

/// Filters the system calls of this process from here on, for good, and those of all its children. `flags` are
/// `SECCOMP_FILTER_FLAG_*`. With the flag for a new listener, that is the answer.
///
/// # Errors
/// - `EACCES`: neither `CAP_SYS_ADMIN` nor no_new_privs.
/// - `EINVAL`: the program is not one, is too long, or the kernel does not know a flag.
/// - `EBUSY`: a new listener, and there is one already.
///
/// Linux 3.17; a listener 5.0. Source: <https://man7.org/linux/man-pages/man2/seccomp.2.html>
pub fn install(program: impl Iterator<Item = Instruction>, flags: u32) -> io::Result<Option<OwnedFd>> {
    let mut program: Vec<libc::sock_filter> =
        program.map(|(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
    let len = u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let program = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    // SAFETY: `program` points to `len` instructions, which outlive the call; the kernel copies them.
    let fd = check(unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
    })?;
    if flags & NEW_LISTENER == 0 {
        return Ok(None);
    }
    let fd = i32::try_from(fd).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: with this flag the answer is a descriptor that the kernel has made for us just now.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) }))
}
