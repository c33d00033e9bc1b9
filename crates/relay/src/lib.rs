//! Published ports, as this machine itself reaches them.
//!
//! ```text
//! reserve           a port that nobody else can have from now on      reserve.rs
//! holder            who has one that we could not have                holder.rs
//! Relay             all ports of one container, for a loop that polls this file
//!   Pair            one connection, and the one behind it             pair.rs, pipe.rs
//!   Peer            one sender of datagrams                           peer.rs
//! ```
//!
//! What comes from outside the kernel turns to the container before it gets here; what comes here came over the loopback,
//! which the kernel does not turn. Bytes of streams never enter this process: splice(2) moves them.

mod holder;
mod pair;
mod peer;
mod pipe;
mod reserve;

use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::process::{Resource, getrlimit};

pub use holder::{Holder, holder};
use pair::Pair;
pub use pair::Side;
use peer::Peer;
use pipe::Pipes;
use reserve::Socket;
pub use reserve::{Protocol, Reserved, reserve};

/// What something to wait for is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Somebody comes to a port.
    Port(u64),
    /// One end of a connection.
    Pair(u64, Side),
    /// A container answers a sender.
    Peer(u64),
}

/// Connections and senders at the same time: each has descriptors.
const MOST_PAIRS: usize = if cfg!(test) { 32 } else { 1024 };
const LEAST_PAIRS: usize = 16;
const MOST_PEERS: usize = 256;
/// Descriptors that are for others, and those of a connection: two sockets, and often a pipe.
const FOR_OTHERS: u64 = 128;
const OF_A_PAIR: u64 = 4;
/// Connections that are taken in one turn.
const IN_ONE_TURN: usize = 16;

/// A port, and where it leads.
#[derive(Debug)]
struct Port {
    key: u64,
    reserved: Reserved,
    /// Nothing while the container does not run: nobody is let in.
    to: Option<SocketAddr>,
}

/// All published ports of one container.
#[derive(Debug)]
pub struct Relay {
    ports: Vec<Port>,
    pairs: Vec<Pair>,
    /// As many as there may be. More wait until one has ended.
    most: usize,
    peers: Vec<Peer>,
    pipes: Pipes,
    next: u64,
}

impl Default for Relay {
    fn default() -> Relay {
        let (ports, pairs, peers, pipes) = Default::default();
        Relay { ports, pairs, most: most_pairs(), peers, pipes, next: 0 }
    }
}

/// Connections that there are descriptors for.
fn most_pairs() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = usize::try_from(descriptors.saturating_sub(FOR_OTHERS) / OF_A_PAIR);
    most.map_or(MOST_PAIRS, |most| most.clamp(LEAST_PAIRS, MOST_PAIRS))
}

impl Relay {
    /// One more port. Without a destination it is only kept from others.
    pub fn add(&mut self, reserved: Reserved, to: Option<SocketAddr>) {
        let key = self.number();
        self.ports.push(Port { key, reserved, to });
    }

    /// The ports, and where they lead.
    pub fn ports(&self) -> impl Iterator<Item = (&Reserved, Option<SocketAddr>)> {
        self.ports.iter().map(|port| (&port.reserved, port.to))
    }

    /// Has a port lead elsewhere from here on. Connections that came by it stay where they are.
    pub fn lead(&mut self, at: SocketAddr, protocol: Protocol, to: Option<SocketAddr>) {
        let meant = |port: &&mut Port| port.reserved.address() == at && port.reserved.protocol() == protocol;
        for port in self.ports.iter_mut().filter(meant) {
            port.to = to;
            let key = port.key;
            self.peers.retain(|peer| peer.port != key);
        }
    }

    /// Gives a port back. Connections that came by it stay.
    pub fn remove(&mut self, at: SocketAddr, protocol: Protocol) {
        let gone = |port: &Port| port.reserved.address() == at && port.reserved.protocol() == protocol;
        let keys: Vec<u64> = self.ports.iter().filter(|port| gone(port)).map(|port| port.key).collect();
        self.ports.retain(|port| !keys.contains(&port.key));
        self.peers.retain(|peer| !keys.contains(&peer.port));
    }

    /// What to wait for.
    pub fn fds(&self) -> impl Iterator<Item = (Source, BorrowedFd<'_>, PollFlags)> {
        let room = self.pairs.len() < self.most;
        let open = self.ports.iter().filter(move |port| port.to.is_some() && (room || port.is_udp()));
        let ports =
            open.filter_map(|port| Some((Source::Port(port.key), port.reserved.fd()?, PollFlags::IN)));
        let pairs = self.pairs.iter().flat_map(Pair::fds);
        let peers =
            self.peers.iter().map(|peer| (Source::Peer(peer.key), peer.socket.as_fd(), PollFlags::IN));
        ports.chain(pairs).chain(peers)
    }

    /// How long nothing has to be done.
    pub fn limit(&self) -> Option<Duration> {
        let first = self.peers.iter().map(Peer::deadline).min()?;
        Some(first.saturating_duration_since(Instant::now()))
    }

    /// Deals with something that has happened.
    pub fn happened(&mut self, source: Source) {
        match source {
            Source::Port(key) => self.come(key),
            Source::Pair(key, side) => self.move_on(key, side),
            Source::Peer(key) => self.answer(key),
        }
    }

    /// Does what is due: forgets senders who have been silent for a while.
    pub fn look_after(&mut self) {
        let now = Instant::now();
        self.peers.retain(|peer| peer.deadline() > now);
    }

    fn come(&mut self, key: u64) {
        let Some(port) = self.ports.iter().find(|port| port.key == key) else { return };
        let Some(to) = port.to else { return };
        match &port.reserved.socket {
            Socket::Tcp(listener) => {
                for _ in 0..IN_ONE_TURN.min(self.most.saturating_sub(self.pairs.len())) {
                    let Ok((client, _)) = listener.accept() else { return };
                    self.next += 1;
                    // Nobody behind it: whoever came sees the connection end, as if there were no port.
                    self.pairs.extend(Pair::connect(self.next, client, to).ok());
                }
            }
            Socket::Udp(socket) => peer::take(&mut self.peers, &mut self.next, (key, socket), to),
            Socket::Sctp(_) => {}
        }
    }

    fn move_on(&mut self, key: u64, side: Side) {
        let Some(at) = self.pairs.iter().position(|pair| pair.key == key) else { return };
        if !self.pairs[at].move_on(side, &mut self.pipes) {
            self.pairs.swap_remove(at);
        }
    }

    fn answer(&mut self, key: u64) {
        let Some(peer) = self.peers.iter_mut().find(|peer| peer.key == key) else { return };
        let port = self.ports.iter().find(|port| port.key == peer.port);
        if let Some(Socket::Udp(socket)) = port.map(|port| &port.reserved.socket) {
            peer.answer(socket);
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Port {
    fn is_udp(&self) -> bool {
        self.reserved.protocol() == Protocol::Udp
    }
}

#[cfg(test)]
mod tests;
