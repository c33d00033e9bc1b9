//! Waiting until something changes in a folder.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use fault::{Doing, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
use rustix::io::Errno;

/// Tells when something changes in a folder: inotify(7).
#[derive(Debug)]
pub struct Changes {
    fd: OwnedFd,
}

impl Changes {
    /// Of files in this folder, from now on.
    pub fn of(folder: &Path) -> Result<Changes> {
        let doing = || format!("watch `{}`", folder.display());
        let fd = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).doing(doing)?;
        let what = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE_SELF;
        add_watch(&fd, folder, what | WatchFlags::MOVE_SELF).doing(doing)?;
        Ok(Changes { fd })
    }

    /// Waits for one, or until there is something to read from one of `others`, or so long. Tells whether the first of
    /// `others` was it.
    pub fn wait(&self, others: &[BorrowedFd<'_>], limit: Option<Duration>) -> Result<bool> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut fds = vec![PollFd::from_borrowed_fd(self.fd.as_fd(), PollFlags::IN)];
        fds.extend(others.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)));
        match poll(&mut fds, limit.as_ref()) {
            Err(Errno::INTR) => return Ok(false),
            other => other.doing(|| "wait for changes")?,
        };
        let told = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
        self.forget()?;
        Ok(told)
    }

    /// It does not matter what they were, nor that the kernel may have dropped some.
    fn forget(&self) -> Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.fd, &mut buffer);
        loop {
            match reader.next() {
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(err) => return Err(err).doing(|| "read what changed"),
            }
        }
    }
}
