//! Somebody who asks by TCP: as many questions as they like, each with its length in front.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// How long somebody may say nothing. Source: RFC 7766, section 6.2.3: seconds.
const IDLE: Duration = Duration::from_secs(10);
/// Bytes of answers that wait for a slow reader, until no more questions are taken.
const MOST_WAITING: usize = 128 << 10;
/// Questions of one stream that others are asked at the same time.
const MOST_ASKED: usize = 16;
/// Read at once.
const PART: usize = 4096;

/// Somebody who asks by TCP.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) key: u64,
    pub(super) socket: TcpStream,
    /// Questions that others were asked.
    pub(super) waits: usize,
    heard: Vec<u8>,
    out: Vec<u8>,
    /// When something last came or went.
    since: Instant,
    /// There will be no more questions.
    ends: bool,
    gone: bool,
}

impl Stream {
    pub(super) fn new(key: u64, socket: TcpStream) -> io::Result<Stream> {
        socket.set_nonblocking(true)?;
        let (heard, out) = Default::default();
        Ok(Stream { key, socket, waits: 0, heard, out, since: Instant::now(), ends: false, gone: false })
    }

    fn is_full(&self) -> bool {
        self.out.len() >= MOST_WAITING || self.waits >= MOST_ASKED
    }

    pub(super) fn wants(&self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, !self.ends && !self.is_full());
        flags.set(PollFlags::OUT, !self.out.is_empty());
        flags
    }

    pub(super) fn deadline(&self) -> Instant {
        self.since + IDLE
    }

    pub(super) fn is_done(&self) -> bool {
        self.gone || self.ends && self.out.is_empty() && self.waits == 0 && self.whole().is_none()
    }

    pub(super) fn say(&mut self, answer: &[u8]) {
        let Ok(length) = u16::try_from(answer.len()) else { return };
        self.out.extend_from_slice(&length.to_be_bytes());
        self.out.extend_from_slice(answer);
        self.flush();
    }

    /// Sends as much as is taken now.
    pub(super) fn flush(&mut self) {
        while !self.out.is_empty() {
            match send(&self.socket, &self.out, SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    self.since = Instant::now();
                    self.out.drain(..sent);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => {
                    self.gone = true;
                    return;
                }
            }
        }
    }

    pub(super) fn read(&mut self) {
        if self.ends || self.is_full() {
            return;
        }
        let mut bytes = [0; PART];
        match recv(&self.socket, &mut bytes, RecvFlags::empty()) {
            Ok((0, _)) => self.ends = true,
            Ok((length, _)) => {
                self.since = Instant::now();
                self.heard.extend_from_slice(&bytes[..length]);
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.gone = true,
        }
    }

    /// The next whole question, if there is room for its answer.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_full() {
            return None;
        }
        let question = self.whole()?.to_vec();
        self.heard.drain(..2 + question.len());
        Some(question)
    }

    fn whole(&self) -> Option<&[u8]> {
        let length = usize::from(u16::from_be_bytes(*self.heard.first_chunk()?));
        self.heard.get(2..2 + length)
    }
}
