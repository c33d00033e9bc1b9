//! A session keyring of its own: keyctl(2).

use std::ffi::CStr;
use std::io;

use crate::check;

/// Joins a new session keyring with this name; from then on the caller's keys cannot be reached.
///
/// # Errors
/// - `ENOSYS`: a kernel without keyrings; there is nothing to hide then.
/// - `EDQUOT`: the user has too many keys.
///
/// Source: <https://man7.org/linux/man-pages/man3/keyctl_join_session_keyring.3.html>
pub fn join_new_session(name: &CStr) -> io::Result<()> {
    // SAFETY: the name is NUL-terminated and outlives the call; the kernel only reads it.
    let ret = unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, name.as_ptr()) };
    check(ret).map(drop)
}
