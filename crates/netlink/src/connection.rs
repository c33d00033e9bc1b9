//! Requests to the kernel, and its answers.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use crate::Refused;
use crate::message::{ACK, HEADER, Message, attributes, find, number, text};

const ERROR: u16 = 2;
const DONE: u16 = 3;
/// What an error has of the request that it is about: its header, where it is not wanted whole.
const ECHO: usize = 4 + HEADER;
/// Attributes stand behind that.
const HAS_WORDS: u16 = 0x200;
/// The kernel's own words.
const WORDS: u16 = 1;
/// The kernel's own limit for one read of a list.
const READ: usize = 32 << 10;

/// A connection to the kernel about one network namespace: the one that its maker was in.
#[derive(Debug)]
pub struct Connection {
    fd: OwnedFd,
    sequence: Cell<u32>,
}

impl Connection {
    pub(crate) fn route() -> io::Result<Connection> {
        Connection::open(None)
    }

    pub(crate) fn netfilter() -> io::Result<Connection> {
        Connection::open(Some(netlink::NETFILTER))
    }

    fn open(protocol: Option<Protocol>) -> io::Result<Connection> {
        let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        // Errors come with the kernel's own words, and without what was asked.
        sys::netlink::ask_for_words(&fd)?;
        Ok(Connection { fd, sequence: Cell::new(0) })
    }

    /// Asks, and gives the bodies of the answers.
    pub(crate) fn ask(&self, request: Message) -> Result<Vec<Vec<u8>>, Refused> {
        let first = self.send(vec![request])?;
        let mut answers = Vec::new();
        self.hear(first, first, &mut answers)?;
        Ok(answers)
    }

    /// Sends requests together. All of them are done when this returns; of those that the kernel refused the first is
    /// told, and those behind it may have been done.
    pub(crate) fn batch(&self, mut requests: Vec<Message>) -> Result<(), Refused> {
        // Only the last one is answered, unless something goes wrong.
        let Some(last) = requests.pop() else { return Ok(()) };
        requests.push(last.flagged(ACK));
        let count = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        let first = self.send(requests)?;
        self.hear(first, first.wrapping_add(count - 1), &mut Vec::new())
    }

    /// Sends requests, and gives the number of the first.
    pub(crate) fn send(&self, requests: Vec<Message>) -> Result<u32, Refused> {
        let first = self.sequence.get().wrapping_add(1);
        let mut bytes = Vec::new();
        let mut next = first;
        for request in requests {
            bytes.extend(request.finish(next));
            self.sequence.set(next);
            next = next.wrapping_add(1);
        }
        let sent = rustix::io::retry_on_intr(|| send(&self.fd, &bytes, SendFlags::empty()))?;
        if sent == bytes.len() { Ok(first) } else { Err(io::Error::from(io::ErrorKind::WriteZero).into()) }
    }

    /// Hears answers until the one to `last`, or an error. What is about earlier requests was of no interest then.
    pub(crate) fn hear(&self, first: u32, last: u32, answers: &mut Vec<Vec<u8>>) -> Result<(), Refused> {
        let mut bytes = vec![0; READ];
        loop {
            let read =
                rustix::io::retry_on_intr(|| recv(&self.fd, bytes.as_mut_slice(), RecvFlags::empty()))?.0;
            if take(&bytes[..read], first, last, answers)? {
                return Ok(());
            }
        }
    }
}

/// Takes the messages of one read apart. True, if the last one was there.
fn take(mut bytes: &[u8], first: u32, last: u32, answers: &mut Vec<Vec<u8>>) -> Result<bool, Refused> {
    while let Some(length) = number(bytes, 0).and_then(|length| usize::try_from(length).ok()) {
        let cut = || Refused::from(io::Error::from(io::ErrorKind::InvalidData));
        let body = bytes.get(HEADER..length).ok_or_else(cut)?;
        let about = number(bytes, 8).ok_or_else(cut)?;
        let ours = about.wrapping_sub(first) <= last.wrapping_sub(first);
        match u16::from_ne_bytes([bytes[4], bytes[5]]) {
            _ if !ours => {}
            DONE => return Ok(true),
            ERROR => match number(body, 0).ok_or_else(cut)?.cast_signed() {
                0 if about == last => return Ok(true),
                0 => {}
                number => {
                    let flags = u16::from_ne_bytes([bytes[6], bytes[7]]);
                    let at = usize::try_from(about.wrapping_sub(first)).unwrap_or(0);
                    return Err(Refused::new(number.saturating_neg(), words(body, flags), at));
                }
            },
            _ => answers.push(body.to_vec()),
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// What the kernel has to say besides the number.
fn words(body: &[u8], flags: u16) -> String {
    if flags & HAS_WORDS == 0 {
        return String::new();
    }
    let all = attributes(body.get(ECHO..).unwrap_or_default());
    find(&all, WORDS).map(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn an_answer_is_cut_where_it_says() {
        let mut bytes = Message::new(20, 0, &[1, 2, 3]).finish(5);
        bytes.extend(Message::new(DONE, 0, &[0; 4]).finish(5));
        let mut answers = Vec::new();
        assert!(take(&bytes, 5, 5, &mut answers).unwrap());
        assert_eq!(answers, [[1, 2, 3, 0]]);
        assert!(take(&bytes[..18], 5, 5, &mut answers).is_err());
    }

    #[test]
    fn an_error_is_told_in_the_kernels_words() {
        let mut body = (-17_i32).to_ne_bytes().to_vec();
        body.extend([0; HEADER]);
        let error =
            |sequence| Message::new(ERROR, HAS_WORDS, &body).text(WORDS, "File is there").finish(sequence);
        let refused = take(&error(7), 5, 9, &mut Vec::new()).unwrap_err();
        assert_eq!((refused.errno(), refused.at), (Some(Errno::EXIST), 2));
        assert!(refused.during("make it").sentence().contains("File is there"));
        // One that is about something earlier says nothing of this.
        assert!(!take(&error(4), 5, 9, &mut Vec::new()).unwrap());
    }
}
