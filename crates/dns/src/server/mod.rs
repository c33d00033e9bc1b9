//! The server's sockets, for a loop that polls.

mod forwarded;
mod stream;

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::message::{Names, Said, Way, answer, failure};
use forwarded::{Forwarded, Heard};
use stream::Stream;

/// A server that is asked what is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upstream {
    /// Where it is.
    pub address: SocketAddr,
    /// It is asked from the container's own network, and not from this machine's.
    pub inside: bool,
}

/// Who opens sockets to other servers, in the network from which they are asked.
pub trait Open {
    /// A socket that is connected, or on its way to be, and never waits: see [`Upstream::connect`].
    fn open(&self, upstream: Upstream, way: Way) -> io::Result<OwnedFd>;
}

/// What something to wait for is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Questions in datagrams.
    Udp,
    /// Somebody comes by TCP.
    Tcp,
    /// Somebody who has come.
    Stream(u64),
    /// A server that was asked.
    Upstream(u64),
}

/// Whom an answer goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Udp(SocketAddr),
    Stream(u64),
}

/// Questions that others are asked at the same time, and programs that ask by TCP: each has a descriptor.
const MOST_FORWARDED: usize = 256;
const MOST_STREAMS: usize = 32;
/// Datagrams that are taken in one turn: nobody else waits longer than for these.
const IN_ONE_TURN: usize = 64;
/// Bytes of the longest question; one that is cut is none.
const LONGEST_QUESTION: usize = 4096;

/// A name server at two sockets.
pub struct Server {
    udp: UdpSocket,
    tcp: TcpListener,
    upstreams: Vec<Upstream>,
    open: Box<dyn Open>,
    forwarded: Vec<Forwarded>,
    streams: Vec<Stream>,
    /// The next one that is made has this number.
    next: u64,
}

impl Server {
    /// A server at these sockets, which asks others in this order. Without others, what is none of ours fails.
    pub fn new(
        udp: UdpSocket,
        tcp: TcpListener,
        upstreams: Vec<Upstream>,
        open: Box<dyn Open>,
    ) -> io::Result<Server> {
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Server { udp, tcp, upstreams, open, forwarded: Vec::new(), streams: Vec::new(), next: 0 })
    }

    /// Others to ask from now on.
    pub fn set_upstreams(&mut self, upstreams: Vec<Upstream>) {
        self.upstreams = upstreams;
    }

    /// What to wait for.
    pub fn fds(&self) -> impl Iterator<Item = (Source, BorrowedFd<'_>, PollFlags)> {
        let doors =
            [(Source::Udp, self.udp.as_fd(), PollFlags::IN), (Source::Tcp, self.tcp.as_fd(), PollFlags::IN)];
        let streams =
            self.streams.iter().map(|one| (Source::Stream(one.key), one.socket.as_fd(), one.wants()));
        let forwarded =
            self.forwarded.iter().map(|one| (Source::Upstream(one.key), one.socket.as_fd(), one.wants()));
        doors.into_iter().chain(streams).chain(forwarded)
    }

    /// How long nothing has to be done.
    pub fn limit(&self) -> Option<Duration> {
        let forwarded = self.forwarded.iter().map(|one| one.deadline);
        let first = forwarded.chain(self.streams.iter().map(Stream::deadline)).min()?;
        Some(first.saturating_duration_since(Instant::now()))
    }

    /// Deals with something that has happened.
    pub fn happened(&mut self, source: Source, names: &dyn Names) {
        match source {
            Source::Udp => self.take(names),
            Source::Tcp => self.accept(),
            Source::Stream(key) => self.hear_stream(key),
            Source::Upstream(key) => self.hear_upstream(key),
        }
        self.go_on(names);
    }

    /// Does what is due: who does not answer is given up, and who does not ask is sent away.
    pub fn look_after(&mut self, names: &dyn Names) {
        let now = Instant::now();
        while let Some(at) = self.forwarded.iter().position(|one| one.deadline <= now) {
            let late = self.forwarded.swap_remove(at);
            self.ask_next(late, None);
        }
        self.streams.retain(|one| one.deadline() > now);
        self.go_on(names);
    }

    /// Takes the questions of streams that have room for answers again.
    fn go_on(&mut self, names: &dyn Names) {
        let keys: Vec<u64> = self.streams.iter().map(|one| one.key).collect();
        for key in keys {
            while let Some(question) = self.stream(key).and_then(Stream::next) {
                self.understand(&question, Client::Stream(key), names);
            }
        }
        self.streams.retain(|one| !one.is_done());
    }

    fn stream(&mut self, key: u64) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|one| one.key == key)
    }

    fn take(&mut self, names: &dyn Names) {
        let mut bytes = [0; LONGEST_QUESTION];
        for _ in 0..IN_ONE_TURN {
            let Ok((length, from)) = self.udp.recv_from(&mut bytes) else { return };
            self.understand(&bytes[..length], Client::Udp(from), names);
        }
    }

    fn understand(&mut self, question: &[u8], client: Client, names: &dyn Names) {
        match answer(question, client.way(), names) {
            Said::Answer(bytes) => self.tell(client, &bytes),
            Said::Forward(end) => self.forward(question, end, client),
            Said::Nothing => {}
        }
    }

    fn tell(&mut self, client: Client, answer: &[u8]) {
        match client {
            // Who does not read loses it, as anywhere with datagrams.
            Client::Udp(to) => drop(self.udp.send_to(answer, to)),
            Client::Stream(key) => {
                if let Some(stream) = self.stream(key) {
                    stream.say(answer);
                }
            }
        }
    }

    fn forward(&mut self, question: &[u8], end: usize, client: Client) {
        if self.forwarded.len() >= MOST_FORWARDED {
            return self.fail(question, client);
        }
        if let Client::Stream(key) = client
            && let Some(stream) = self.stream(key)
        {
            stream.waits += 1;
        }
        let key = self.number();
        match Forwarded::begin(key, question, end, client, (&self.upstreams, &*self.open)) {
            Some(forwarded) => self.forwarded.push(forwarded),
            None => self.finish(client, failure(question)),
        }
    }

    fn fail(&mut self, question: &[u8], client: Client) {
        if let Some(bytes) = failure(question) {
            self.tell(client, &bytes);
        }
    }

    /// A question that others were asked is answered.
    fn finish(&mut self, client: Client, answer: Option<Vec<u8>>) {
        if let Client::Stream(key) = client
            && let Some(stream) = self.stream(key)
        {
            stream.waits -= 1;
        }
        if let Some(answer) = answer {
            self.tell(client, &answer);
        }
    }

    /// Asks the next server; if there is none, what the last one has said is the answer.
    fn ask_next(&mut self, mut asked: Forwarded, said: Option<Vec<u8>>) {
        if asked.ask_next((&self.upstreams, &*self.open)) {
            self.forwarded.push(asked);
        } else {
            let answer = said.or_else(|| failure(&asked.question));
            self.finish(asked.client, answer);
        }
    }

    fn hear_upstream(&mut self, key: u64) {
        let Some(at) = self.forwarded.iter().position(|one| one.key == key) else { return };
        match self.forwarded[at].hear() {
            Heard::Nothing => {}
            Heard::Answer(bytes) => {
                let asked = self.forwarded.swap_remove(at);
                self.finish(asked.client, Some(bytes));
            }
            Heard::Failure(said) => {
                let asked = self.forwarded.swap_remove(at);
                self.ask_next(asked, said);
            }
        }
    }

    fn accept(&mut self) {
        let accepted = self.tcp.accept();
        let waits = accepted.as_ref().is_err_and(|err| err.kind() == io::ErrorKind::WouldBlock);
        if waits {
            return;
        }
        // Without a descriptor for it, there is one once another has gone.
        if accepted.is_err() || self.streams.len() >= MOST_STREAMS {
            // The one that has been silent for the longest time.
            let oldest = self.streams.iter().min_by_key(|one| one.deadline()).map(|one| one.key);
            self.streams.retain(|one| Some(one.key) != oldest);
        }
        let Ok((socket, _)) = accepted else { return };
        let key = self.number();
        self.streams.extend(Stream::new(key, socket).ok());
    }

    fn hear_stream(&mut self, key: u64) {
        if let Some(stream) = self.stream(key) {
            stream.flush();
            stream.read();
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Client {
    fn way(self) -> Way {
        match self {
            Client::Udp(_) => Way::Udp,
            Client::Stream(_) => Way::Tcp,
        }
    }
}

#[cfg(test)]
mod tests;
