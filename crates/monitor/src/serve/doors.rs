//! What a container's network has of its monitor: answers to questions for names, and its ports on this machine.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use dns::Server;
use relay::Relay;
use rustix::event::PollFlags;

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
