//! A new process in new namespaces: clone3(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::check;

/// Puts the new process into the cgroup of [`Clone::into_cgroup`]. Missing from libc's `c_int` flags.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// A process that we made, and may wait for.
#[derive(Debug)]
pub struct Process {
    /// Its number in our own pid namespace.
    pub pid: i32,
    /// Stays this process even after its number was given to another one.
    pub pidfd: OwnedFd,
}

/// Which side of the clone we are on.
#[derive(Debug)]
pub enum Side {
    /// The one that called.
    Parent(Process),
    /// The new process: a copy of the caller's memory and descriptors.
    Child,
}

/// What the new process does not share with us.
#[derive(Debug, Default)]
pub struct Clone<'a> {
    /// `CLONE_NEW*` flags.
    pub namespaces: u64,
    /// A directory of a cgroup v2 hierarchy, into which the child is born.
    pub into_cgroup: Option<BorrowedFd<'a>>,
    /// The new process becomes a child of our own parent, who then waits for it.
    pub for_our_parent: bool,
}

impl Clone<'_> {
    /// Makes the process. It returns twice, like fork(2).
    ///
    /// # Errors
    /// - `EINVAL`: this process has more than one thread; only one would live on in the child, and the
    ///   locks of the others would stay locked for ever.
    /// - `EPERM`: no `CAP_SYS_ADMIN` for a new namespace that is not in a new user namespace.
    /// - `EUSERS`/`ENOSPC`: too many namespaces inside each other, or of this user
    ///   (`/proc/sys/user/max_*_namespaces`).
    /// - `EBUSY`/`EOPNOTSUPP`: the cgroup may have no processes of its own.
    ///
    /// Linux 5.7. Source: <https://man7.org/linux/man-pages/man2/clone.2.html>
    pub fn spawn(&self) -> io::Result<Side> {
        only_one_thread()?;
        let mut pidfd: libc::c_int = -1;
        // SAFETY: `clone_args` is made of integers alone, for which all zeroes is a value.
        let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
        args.flags = self.flags();
        args.pidfd = (&raw mut pidfd) as u64;
        args.exit_signal = if self.for_our_parent { 0 } else { libc::SIGCHLD as u64 };
        if let Some(cgroup) = self.into_cgroup {
            args.flags |= CLONE_INTO_CGROUP;
            args.cgroup = u64::from(cgroup.as_raw_fd().cast_unsigned());
        }
        // SAFETY: without CLONE_VM the child runs on its own copy of this stack and memory, so both sides
        // return from here as from any call. There is one thread (checked above), so no lock is left
        // locked in the child. The kernel writes `pidfd` only, which outlives the call.
        let pid = check(unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of_val(&args)) })?;
        if pid == 0 {
            return Ok(Side::Child);
        }
        // SAFETY: the kernel made this descriptor for us just now (CLONE_PIDFD); nobody else has it.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        Ok(Side::Parent(Process { pid: i32::try_from(pid).unwrap_or(-1), pidfd }))
    }

    fn flags(&self) -> u64 {
        let mut flags = self.namespaces | libc::CLONE_PIDFD as u64;
        if self.for_our_parent {
            flags |= libc::CLONE_PARENT as u64;
        }
        flags
    }
}

/// unshare(2) with `CLONE_THREAD` changes nothing, and fails if there is another thread.
pub(crate) fn only_one_thread() -> io::Result<()> {
    // SAFETY: takes an integer; for a process of one thread it is documented to have no effect.
    check(unsafe { libc::unshare(libc::CLONE_THREAD) }.into()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_is_refused() {
        // The test harness runs each test in a thread, so there are two of them here.
        let err = Clone::default().spawn().unwrap_err();
        assert_eq!(err.raw_os_error(), Some(libc::EINVAL));
    }
}
