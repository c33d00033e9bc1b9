//! Which memory nodes a thread's memory comes from: set_mempolicy(2).

use std::io;

use crate::check;

/// Sets it for this thread and what it executes: `MPOL_*` with `MPOL_F_*`, and a bit for each node, the first in
/// the lowest bit of the first word.
///
/// # Errors
/// - `EINVAL`: no such policy, one that takes no nodes or needs some, or none of them is there.
/// - `ENOSYS`: a kernel without memory nodes.
///
/// Source: <https://man7.org/linux/man-pages/man2/set_mempolicy.2.html>
pub fn set(mode: u32, nodes: &[u64]) -> io::Result<()> {
    let (list, bits) = match nodes {
        [] => (std::ptr::null(), 0),
        // The kernel reads one bit less than it is told.
        nodes => (nodes.as_ptr(), size_of_val(nodes) * 8 + 1),
    };
    // SAFETY: the list has as many bits as is said, but for the one that the kernel takes off, or there is none;
    // it outlives the call, and the kernel only reads it.
    check(unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, list, bits) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_no_nodes() {
        std::thread::spawn(|| match set(0, &[]) {
            Ok(()) => assert_eq!(set(0, &[1]).unwrap_err().raw_os_error(), Some(libc::EINVAL)),
            Err(err) => assert_eq!(err.raw_os_error(), Some(libc::ENOSYS)),
        })
        .join()
        .unwrap();
    }
}
