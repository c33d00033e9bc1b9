//! Which thread's requests a disk serves first: ioprio_set(2).

use std::io;

use crate::check;

/// `IOPRIO_WHO_PROCESS`.
const PROCESS: libc::c_int = 1;
/// `IOPRIO_CLASS_SHIFT`: the class stands above the level.
const CLASS_SHIFT: u32 = 13;

/// Sets this thread's class (1 real time, 2 best effort, 3 idle) and its level in it, 0 (first) to 7.
///
/// # Errors
/// - `EPERM`: real time takes `CAP_SYS_ADMIN` or `CAP_SYS_NICE`.
/// - `EINVAL`: no such class or level.
///
/// Source: <https://man7.org/linux/man-pages/man2/ioprio_set.2.html>
pub fn set(class: u16, level: u16) -> io::Result<()> {
    let value = u32::from(class) << CLASS_SHIFT | u32::from(level);
    // SAFETY: takes integers only; who 0 is this thread.
    check(unsafe { libc::syscall(libc::SYS_ioprio_set, PROCESS, 0, value) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_effort_is_anybodys_and_a_fifth_class_is_nobodys() {
        assert!(set(2, 4).is_ok());
        assert_eq!(set(5, 0).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }
}
