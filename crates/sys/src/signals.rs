//! Signals as bytes to read instead of functions to run: signalfd(2), sigprocmask(2).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::check;

/// The mask of blocked signals that this thread had.
#[derive(Clone, Copy)]
pub struct Mask(libc::sigset_t);

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask")
    }
}

/// All signals, held back so that they can be read one by one.
#[derive(Debug)]
pub struct Signals {
    fd: OwnedFd,
    before: Mask,
}

impl Signals {
    /// Blocks all signals of this thread and opens a descriptor from which they are read.
    ///
    /// Source: <https://man7.org/linux/man-pages/man2/signalfd.2.html>
    pub fn block() -> io::Result<Signals> {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigfillset writes the whole set and cannot fail for a valid pointer.
        let all = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            all.assume_init()
        };
        let before = set_mask(&all)?;
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        // SAFETY: `all` is a valid set; -1 asks for a new descriptor.
        let fd = check(unsafe { libc::signalfd(-1, &raw const all, flags) }.into())?;
        let fd = libc::c_int::try_from(fd).map_err(io::Error::other)?;
        // SAFETY: the kernel made this descriptor for us just now; nobody else owns it.
        Ok(Signals { fd: unsafe { OwnedFd::from_raw_fd(fd) }, before })
    }

    /// Becomes readable when a signal has arrived.
    pub fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// The mask from before, for a child that is to have the caller's own.
    pub fn before(&self) -> Mask {
        self.before
    }

    /// The number of the next signal that has arrived, if one has.
    pub fn next(&self) -> io::Result<Option<i32>> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer is as long as is passed, and the kernel writes whole records.
        let read = unsafe { libc::read(self.fd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        match check(libc::c_long::try_from(read).unwrap_or(-1)) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(err) => Err(err),
            // SAFETY: zeroed at first and then filled by the kernel; all fields are integers.
            Ok(_) => Ok(i32::try_from(unsafe { info.assume_init() }.ssi_signo).ok()),
        }
    }
}

/// Sets which signals are blocked, and returns which were.
fn set_mask(mask: &libc::sigset_t) -> io::Result<Mask> {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both pointers are valid; on success the kernel has written the old set.
    unsafe {
        check(libc::sigprocmask(libc::SIG_SETMASK, mask, before.as_mut_ptr()).into())?;
        Ok(Mask(before.assume_init()))
    }
}

/// Blocks no signal: for a program that has inherited a mask from a caller whose business that was.
pub fn block_none() -> io::Result<()> {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset writes the whole set and cannot fail for a valid pointer.
    let none = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        none.assume_init()
    };
    set_mask(&none).map(drop)
}

/// Blocks exactly the signals of `mask` again.
pub fn restore(mask: &Mask) -> io::Result<()> {
    set_mask(&mask.0).map(drop)
}

/// The real-time signal of this number. The C library keeps 32 and 33 to itself.
pub fn real_time(number: i32) -> Option<rustix::process::Signal> {
    // SAFETY: the range holds only signals that exist, and none that the C library has reserved.
    (34..=64).contains(&number).then(|| unsafe { rustix::process::Signal::from_raw_unchecked(number) })
}

/// Has a write beyond the limit on files fail, as any other write can, instead of ending us half way.
pub fn ignore_sigxfsz() {
    // SAFETY: SIG_IGN runs no code of ours.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Gives signals their default action back that is ours to take away and would outlive execve(2): SIGPIPE, which Rust's
/// start-up code ignores, and that of [`ignore_sigxfsz`].
pub fn default_for_programs() {
    // SAFETY: SIG_DFL runs no code of ours.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
    }
}

/// Lets the kernel reap our children by itself or not: not, so that their exit status can be read, even if
/// whoever started us ignored SIGCHLD.
pub fn default_sigchld() {
    // SAFETY: SIG_DFL runs no code of ours.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_read_instead_of_killing_us() {
        let signals = Signals::block().unwrap();
        assert_eq!(signals.next().unwrap(), None);
        // SAFETY: sends to this thread only, which blocks it.
        unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGTERM) };
        assert_eq!(signals.next().unwrap(), Some(libc::SIGTERM));
        restore(&signals.before()).unwrap();
    }
}
