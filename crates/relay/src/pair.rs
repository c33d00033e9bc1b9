//! One connection to a published port, and the one to the container behind it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_keepalive, set_tcp_nodelay, socket_error};
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use crate::Source;
use crate::pipe::{Direction, Pipes};

/// One end of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Whoever came to the port.
    Client,
    /// The container.
    Container,
}

/// One connection to a published port, and the one to the container behind it.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) key: u64,
    client: TcpStream,
    container: OwnedFd,
    /// The container has not answered yet.
    connecting: bool,
    up: Direction,
    down: Direction,
}

impl Pair {
    /// On the way to the container. Waits for nothing.
    pub(crate) fn connect(key: u64, client: TcpStream, to: SocketAddr) -> io::Result<Pair> {
        client.set_nonblocking(true)?;
        let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let container = socket_with(family, SocketType::STREAM, flags, None)?;
        // Who is gone without a word is noticed; and nothing small waits for more.
        for socket in [client.as_fd(), container.as_fd()] {
            set_socket_keepalive(socket, true)?;
            set_tcp_nodelay(socket, true)?;
        }
        match connect(&container, &to) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(err) => return Err(err.into()),
        }
        let (up, down) = Default::default();
        Ok(Pair { key, client, container, connecting: true, up, down })
    }

    /// What to wait for. A side that nothing is wanted of is left out: the kernel would tell again and again that it hung up.
    pub(crate) fn fds(&self) -> impl Iterator<Item = (Source, BorrowedFd<'_>, PollFlags)> {
        let wants = |read: &Direction, write: &Direction| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, read.wants_to_read());
            flags.set(PollFlags::OUT, write.wants_to_write());
            flags
        };
        let (client, container) = if self.connecting {
            (PollFlags::empty(), PollFlags::OUT)
        } else {
            (wants(&self.up, &self.down), wants(&self.down, &self.up))
        };
        let sides = [
            (Source::Pair(self.key, Side::Client), self.client.as_fd(), client),
            (Source::Pair(self.key, Side::Container), self.container.as_fd(), container),
        ];
        sides.into_iter().filter(|(.., flags)| !flags.is_empty())
    }

    /// Moves what can be moved. False once there is no more to move.
    pub(crate) fn move_on(&mut self, side: Side, pipes: &mut Pipes) -> bool {
        if self.connecting {
            if side == Side::Container && !matches!(socket_error(&self.container), Ok(Ok(()))) {
                return false;
            }
            self.connecting = false;
        }
        let (client, container) = (self.client.as_fd(), self.container.as_fd());
        let up = self.up.move_on(client, container, pipes);
        let down = self.down.move_on(container, client, pipes);
        up.is_ok() && down.is_ok() && !(self.up.is_done() && self.down.is_done())
    }
}
