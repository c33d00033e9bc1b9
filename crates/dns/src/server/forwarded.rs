//! A question that another server was asked.
//!
//! Each has a socket of its own, at a port that the kernel chooses, which lets in nobody else's datagrams; and a number at
//! random. What comes must have both, and the question in it. Source: RFC 5452, section 9.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with,
};
use rustix::rand::{GetRandomFlags, getrandom};

use super::{Client, Open, Upstream};
use crate::message::Way;

/// How long a server may take, where there is another one, and where it is the last.
const PATIENCE: Duration = Duration::from_secs(2);
const LAST_PATIENCE: Duration = Duration::from_secs(4);
/// Bytes of the longest answer.
const LONGEST: usize = 1 << 16;
/// Bytes before an answer by TCP.
const PREFIX: usize = 2;

/// A question that another server was asked.
#[derive(Debug)]
pub(super) struct Forwarded {
    pub(super) key: u64,
    pub(super) client: Client,
    /// As it has come.
    pub(super) question: Vec<u8>,
    /// Where the question itself ends.
    end: usize,
    /// The number that it has on its way.
    id: [u8; 2],
    /// The next server to ask.
    next: usize,
    way: Way,
    pub(super) socket: OwnedFd,
    pub(super) deadline: Instant,
    /// What is still to be sent, by TCP.
    out: Vec<u8>,
    /// What has come by TCP.
    heard: Vec<u8>,
}

/// What a server has said.
pub(super) enum Heard {
    /// Nothing of interest yet.
    Nothing,
    /// This, for who has asked.
    Answer(Vec<u8>),
    /// It cannot, or this is all that it can say.
    Failure(Option<Vec<u8>>),
}

impl Forwarded {
    /// Asks the first server that can be asked; nothing if there is none.
    pub(super) fn begin(
        key: u64,
        question: &[u8],
        end: usize,
        client: Client,
        servers: (&[Upstream], &dyn Open),
    ) -> Option<Forwarded> {
        let way = client.way();
        let (at, id, socket, out) = ask(servers, 0, question, way)?;
        let next = at + 1;
        let deadline = deadline(next, servers.0);
        let (question, heard) = (question.to_vec(), Vec::new());
        Some(Forwarded { key, client, question, end, id, next, way, socket, deadline, out, heard })
    }

    /// Asks the next server that can be asked. False if there is none.
    pub(super) fn ask_next(&mut self, servers: (&[Upstream], &dyn Open)) -> bool {
        let Some((at, id, socket, out)) = ask(servers, self.next, &self.question, self.way) else {
            return false;
        };
        self.next = at + 1;
        self.deadline = deadline(self.next, servers.0);
        (self.id, self.socket, self.out) = (id, socket, out);
        self.heard.clear();
        true
    }

    pub(super) fn wants(&self) -> PollFlags {
        if self.out.is_empty() { PollFlags::IN } else { PollFlags::OUT }
    }

    /// Sends what is left, and hears what has come.
    pub(super) fn hear(&mut self) -> Heard {
        if !self.out.is_empty() {
            return match send(&self.socket, &self.out, SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    self.out.drain(..sent);
                    Heard::Nothing
                }
                Err(Errno::AGAIN | Errno::INTR | Errno::NOTCONN) => Heard::Nothing,
                Err(_) => Heard::Failure(None),
            };
        }
        let mut bytes = Vec::with_capacity(LONGEST);
        match recv(&self.socket, spare_capacity(&mut bytes), RecvFlags::empty()) {
            Ok((0, _)) if self.way == Way::Tcp => Heard::Failure(None),
            Ok(_) if self.way == Way::Udp => self.understand(&bytes),
            Ok(_) => self.gather(&bytes),
            Err(Errno::AGAIN | Errno::INTR) => Heard::Nothing,
            Err(_) => Heard::Failure(None),
        }
    }

    /// Bytes of a stream: the length in front says when there are enough.
    fn gather(&mut self, bytes: &[u8]) -> Heard {
        self.heard.extend_from_slice(bytes);
        let Some(prefix) = self.heard.first_chunk() else { return Heard::Nothing };
        let length = usize::from(u16::from_be_bytes(*prefix));
        let Some(whole) = self.heard.get(PREFIX..PREFIX + length) else { return Heard::Nothing };
        match self.understand(whole) {
            // Nobody but the server can speak on this stream: it is broken.
            Heard::Nothing => Heard::Failure(None),
            other => other,
        }
    }

    fn understand(&self, bytes: &[u8]) -> Heard {
        if !is_answer(&self.question[..self.end], self.id, bytes) {
            return Heard::Nothing;
        }
        let code = bytes[3] & 0xf;
        let mut answer = bytes.to_vec();
        answer[..2].copy_from_slice(&self.question[..2]);
        // Done, or no such name; anything else the next one may know better.
        if code == 0 || code == 3 { Heard::Answer(answer) } else { Heard::Failure(Some(answer)) }
    }
}

/// These bytes answer this question, which was sent under this number.
fn is_answer(question: &[u8], id: [u8; 2], bytes: &[u8]) -> bool {
    let Some(asked) = question.get(12..) else { return false };
    let echoed = bytes.get(12..question.len()).is_some_and(|echoed| echoed.eq_ignore_ascii_case(asked));
    echoed && bytes[..2] == id && bytes[2] & 0xf8 == 0x80 && bytes[4..6] == [0, 1]
}

fn deadline(next: usize, servers: &[Upstream]) -> Instant {
    Instant::now() + if next < servers.len() { PATIENCE } else { LAST_PATIENCE }
}

type Asked = (usize, [u8; 2], OwnedFd, Vec<u8>);

fn ask((servers, open): (&[Upstream], &dyn Open), from: usize, question: &[u8], way: Way) -> Option<Asked> {
    let mut id = [0; 2];
    // So few bytes come at once, and cannot fail once the machine is up.
    let _ = getrandom(&mut id, GetRandomFlags::empty());
    let bytes = [&id[..], question.get(2..)?].concat();
    servers.iter().enumerate().skip(from).find_map(|(at, server)| {
        let socket = open.open(*server, way).ok()?;
        if way == Way::Tcp {
            let length = u16::try_from(bytes.len()).ok()?.to_be_bytes();
            return Some((at, id, socket, [&length[..], &bytes].concat()));
        }
        send(&socket, &bytes, SendFlags::NOSIGNAL).ok()?;
        Some((at, id, socket, Vec::new()))
    })
}

impl Upstream {
    /// A socket to it, from the network that we are in. It never waits; a stream may still be on its way.
    pub fn connect(self, way: Way) -> io::Result<OwnedFd> {
        let family = if self.address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let kind = if way == Way::Udp { SocketType::DGRAM } else { SocketType::STREAM };
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
        match connect(&socket, &self.address) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
            Err(err) => Err(err.into()),
        }
    }
}
