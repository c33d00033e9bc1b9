//! What a program takes the kernel for: personality(2).

use std::io;

use crate::check;

/// Sets the execution domain of this thread, and of what it executes: `PER_*`.
///
/// Source: <https://man7.org/linux/man-pages/man2/personality.2.html>
pub fn set(domain: u32) -> io::Result<()> {
    // SAFETY: takes an integer only.
    check(unsafe { libc::personality(domain.into()) }.into()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_seen_by_uname() {
        // A thread of its own: the domain is the thread's.
        let machine = std::thread::spawn(|| {
            set(8).unwrap();
            rustix::system::uname().machine().to_str().map(String::from)
        });
        let machine = machine.join().unwrap().unwrap();
        let here = rustix::system::uname().machine().to_str().unwrap().to_string();
        assert!(machine != here || !here.ends_with("64"), "{machine} and {here}");
    }
}
