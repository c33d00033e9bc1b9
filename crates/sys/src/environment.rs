//! The environment that this process was started with.

use std::ffi::CStr;
use std::io;
use std::ptr;

unsafe extern "C" {
    /// The C library's list of `NAME=value`, which ends with a null pointer. Source: environ(7).
    static mut environ: *mut *mut libc::c_char;
}

/// Overwrites it, for good: whoever may look into this process finds nothing of the caller's there
/// (`/proc/PID/environ`). It is empty afterwards, for us as well.
///
/// # Errors
/// This process has other threads, which could be reading it.
pub fn forget() -> io::Result<()> {
    crate::clone::only_one_thread()?;
    // SAFETY: there is no other thread, so nobody else reads or changes the list while we do. It is null or
    // an array that ends with a null pointer; each other entry points to a NUL-terminated string of the
    // process's own writable memory: its stack, as the kernel made it, or what setenv(3) has allocated. No
    // Rust reference into them exists, since the standard library hands out copies. Only the bytes before
    // each NUL are written, and the list is left as an empty one.
    unsafe {
        let list = environ;
        if list.is_null() {
            return Ok(());
        }
        let mut at = list;
        while !(*at).is_null() {
            let length = CStr::from_ptr(*at).to_bytes().len();
            ptr::write_bytes(*at, 0, length);
            at = at.add(1);
        }
        *list = ptr::null_mut();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_with_threads_is_refused() {
        // Tests run in a thread of their own, so this is one.
        assert!(super::forget().is_err());
    }
}
