//! One command that talks to the monitor.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Result};
use rustix::event::PollFlags;
use rustix::io::Errno;

use super::outgoing::Outgoing;
use crate::frame::{Attach, Decoder, Frame};

/// One command that talks to the monitor.
#[derive(Debug)]
pub(crate) struct Client {
    fd: OwnedFd,
    decoder: Decoder,
    outgoing: Outgoing,
    /// What it wants to be passed on.
    pub(crate) attach: Attach,
    /// It has gone, or says what nobody understands.
    pub(crate) gone: bool,
    /// It was told the end; when that has arrived there is no more to say.
    pub(crate) ends: bool,
}

impl Client {
    pub(crate) fn new(fd: OwnedFd) -> Result<Client> {
        rustix::io::ioctl_fionbio(&fd, true).doing(|| "set a client up")?;
        let (decoder, outgoing) = Default::default();
        Ok(Client { fd, decoder, outgoing, attach: Attach::default(), gone: false, ends: false })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// What to wait for. `input`: the program can take more.
    pub(crate) fn wants(&self, input: bool) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, input || !self.attach.stdin);
        flags.set(PollFlags::OUT, !self.outgoing.is_empty());
        flags
    }

    /// It has heard everything that there is to hear.
    pub(crate) fn is_done(&self) -> bool {
        self.gone || self.ends && self.outgoing.is_empty()
    }

    pub(crate) fn say(&mut self, frame: &Frame, folder: &Path) {
        self.pass(&frame.encode(), folder);
    }

    /// Passes bytes of a frame on, now or later.
    pub(crate) fn pass(&mut self, bytes: &[u8], folder: &Path) {
        if self.gone {
            return;
        }
        // A disk that is full takes this client's share away, and nobody else's.
        let pushed = self.outgoing.push(bytes, folder).and_then(|()| self.outgoing.flush(self.fd.as_fd()));
        self.gone |= pushed.is_err();
    }

    pub(crate) fn flush(&mut self) {
        self.gone |= self.outgoing.flush(self.fd.as_fd()).is_err();
    }

    /// Reads what it says.
    pub(crate) fn read(&mut self) {
        // Not on the stack, where it would be in memory for as long as the monitor is.
        let mut bytes = Vec::with_capacity(16 * 1024);
        match rustix::io::read(&self.fd, rustix::buffer::spare_capacity(&mut bytes)) {
            Ok(0) => self.gone = true,
            Ok(_) => self.decoder.push(&bytes),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.gone = true,
        }
    }

    /// The next thing that it said.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let next = self.decoder.next_frame();
        self.gone |= next.is_err();
        next.ok().flatten()
    }
}
