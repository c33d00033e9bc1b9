//! What a container's network has of its monitor: answers to questions for names, and its ports on this machine.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use dns::{Open, Server, Upstream, Way};
use network::Published;
use relay::Relay;
use rustix::event::PollFlags;

use sys::namespaces::in_network;

use super::book::Book;

/// What something to wait for is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Names(dns::Source),
    Port(relay::Source),
}

/// What a container's network has of its monitor.
#[derive(Default)]
pub(crate) struct Doors {
    /// Nothing if nobody asks: its program resolves names by itself.
    pub(crate) names: Option<(Server, Book)>,
    pub(crate) relay: Relay,
    /// The ports of this machine that lead to it.
    pub(crate) published: Vec<Published>,
}

impl Doors {
    pub(crate) fn fds(&self) -> impl Iterator<Item = (Door, BorrowedFd<'_>, PollFlags)> {
        let names = self.names.iter().flat_map(|(server, _)| server.fds());
        let names = names.map(|(source, fd, wanted)| (Door::Names(source), fd, wanted));
        names.chain(self.relay.fds().map(|(source, fd, wanted)| (Door::Port(source), fd, wanted)))
    }

    /// How long nothing has to be done.
    pub(crate) fn limit(&self) -> Option<Duration> {
        let names = self.names.as_ref().and_then(|(server, _)| server.limit());
        [names, self.relay.limit()].into_iter().flatten().min()
    }

    pub(crate) fn happened(&mut self, door: Door) {
        match door {
            Door::Names(source) => {
                if let Some((server, book)) = &mut self.names {
                    server.happened(source, book);
                }
            }
            Door::Port(source) => self.relay.happened(source),
        }
    }

    pub(crate) fn look_after(&mut self) {
        if let Some((server, book)) = &mut self.names {
            server.look_after(book);
        }
        self.relay.look_after();
    }
}

/// Opens sockets in this machine's network, or in the container's.
pub(crate) struct Asking {
    /// The container's network namespace.
    pub(crate) inside: OwnedFd,
}

impl Open for Asking {
    fn open(&self, upstream: Upstream, way: Way) -> io::Result<OwnedFd> {
        if upstream.inside {
            return in_network(self.inside.as_fd(), || upstream.connect(way))?;
        }
        upstream.connect(way)
    }
}
