//! Where the outer end of a container's terminal goes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use fault::{Doing, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::message::{receive_fd, send_fd};

/// Somebody who takes the outer end.
#[derive(Debug)]
pub struct Console(OwnedFd);

impl Console {
    pub(crate) fn send(&self, terminal: BorrowedFd<'_>) -> Result<()> {
        send_fd(self.0.as_fd(), b"/dev/console", terminal).doing(|| "hand the terminal to the console socket")
    }

    /// Both ends of a connection of our own: the container's first process gets the first, and the terminal
    /// comes out of the second.
    pub(crate) fn pair() -> Result<(Console, OwnedFd)> {
        let (a, b) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .doing(|| "make a connection for the terminal")?;
        Ok((Console(a), b))
    }
}

/// Takes the terminal out of a [`Console::pair`].
pub(crate) fn take(from: &OwnedFd) -> Result<OwnedFd> {
    let doing = || "take the container's terminal";
    let (_, terminal) = receive_fd(from.as_fd()).doing(doing)?;
    terminal.ok_or(std::io::ErrorKind::UnexpectedEof).doing(doing)
}

/// Connects to a caller's console socket.
///
/// Source: runc, docs/terminals.md.
pub fn connect(path: &Path) -> Result<Console> {
    let socket =
        UnixStream::connect(path).doing(|| format!("connect to console socket `{}`", path.display()))?;
    Ok(Console(socket.into()))
}
