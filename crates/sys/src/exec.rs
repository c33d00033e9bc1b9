//! Becoming another program: execve(2), execveat(2).

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Becomes the program at `path`. Returns only if that did not work.
///
/// # Errors
/// - `ENOENT`: no such file, or its interpreter (of a script, or the loader of an ELF file) is missing.
/// - `EACCES`: not executable, a directory, or on a mount with `noexec`.
/// - `ENOEXEC`: not a program, or one for another architecture.
/// - `E2BIG`: arguments and environment are too long.
///
/// Source: <https://man7.org/linux/man-pages/man2/execve.2.html>
pub fn execve(path: &CStr, args: &[CString], env: &[CString]) -> io::Error {
    let (args, env) = (pointers(args), pointers(env));
    // SAFETY: `path` and every string are NUL-terminated, both arrays end with a null pointer, and all of
    // them outlive the call. The kernel only reads.
    unsafe { libc::execve(path.as_ptr(), args.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

/// Becomes the program that `file` is open on. Returns only if that did not work.
///
/// Linux 3.19. Source: <https://man7.org/linux/man-pages/man2/execveat.2.html>
pub fn execveat(file: BorrowedFd<'_>, args: &[CString], env: &[CString]) -> io::Error {
    let (args, env) = (pointers(args), pointers(env));
    let (path, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH);
    // SAFETY: as in `execve`; the empty path is a literal, and `file` is borrowed, so it is open.
    unsafe { libc::syscall(libc::SYS_execveat, file.as_raw_fd(), path, args.as_ptr(), env.as_ptr(), flags) };
    io::Error::last_os_error()
}

/// Ends this process at once, without running what Rust or the C library registered for the end: in a
/// process that is a copy of another one, that is not ours to run.
pub fn end(code: i32) -> ! {
    // SAFETY: takes an integer and does not return.
    unsafe { libc::_exit(code) }
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_an_error_and_we_live_on() {
        assert_eq!(execve(c"/nowhere", &[], &[]).raw_os_error(), Some(libc::ENOENT));
    }
}
