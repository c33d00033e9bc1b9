//! The processors that a thread may use: sched_setaffinity(2).

use std::io;

use crate::check;

/// Lets this thread use these processors only: a bit for each, the first in the lowest bit of the first word.
/// The C library's set ends at 1024 of them; a list of words does not.
///
/// # Errors
/// - `EINVAL`: none of them is there, or the thread's cpuset allows none.
///
/// Source: <https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html>
pub fn set(processors: &[u64]) -> io::Result<()> {
    let bytes = size_of_val(processors);
    // SAFETY: the list is as many bytes long as is said, and outlives the call; the kernel only reads it. 0 is
    // this thread.
    let ret = unsafe { libc::syscall(libc::SYS_sched_setaffinity, 0, bytes, processors.as_ptr()) };
    check(ret).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_at_all_is_refused_and_more_than_there_are_is_fine() {
        assert_eq!(set(&[0]).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert!(set(&[!0; 64]).is_ok());
    }
}
