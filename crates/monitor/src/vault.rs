//! What a monitor holds and the next one needs: the terminal, or where the program reads from. It waits in a connection
//! that both have open, as a message that nobody reads; so it is there as long as one of the two lives.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fault::{Doing, Result};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// What is kept.
#[derive(Debug)]
pub(crate) enum Kept {
    /// The outer end of the program's terminal.
    Terminal(OwnedFd),
    /// Where the program reads from.
    Input(OwnedFd),
}

const TERMINAL: u8 = b't';
const INPUT: u8 = b'i';

/// A connection in which one descriptor waits.
#[derive(Debug)]
pub(crate) struct Vault {
    to: OwnedFd,
    from: OwnedFd,
}

impl Vault {
    pub(crate) fn new() -> Result<Vault> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None);
        let (to, from) = pair.doing(|| "keep what the next monitor needs")?;
        Ok(Vault { to, from })
    }

    /// Keeps this, and nothing else any more.
    pub(crate) fn keep(&self, terminal: Option<BorrowedFd<'_>>, input: Option<BorrowedFd<'_>>) {
        drop(self.take());
        let (kind, fd) = match (terminal, input) {
            (Some(terminal), _) => (TERMINAL, terminal),
            (None, Some(input)) => (INPUT, input),
            (None, None) => return,
        };
        let fds = [fd];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        // Without it a terminal goes with its monitor, and the program lives on.
        let _ = sendmsg(&self.to, &[IoSlice::new(&[kind])], &mut ancillary, SendFlags::NOSIGNAL);
    }

    /// Takes out what was kept.
    pub(crate) fn take(&self) -> Option<Kept> {
        let mut kind = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut kind)];
        recvmsg(self.from.as_fd(), &mut slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC).ok()?;
        let fd = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        })?;
        match kind {
            [TERMINAL] => Some(Kept::Terminal(fd)),
            [INPUT] => Some(Kept::Input(fd)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::pipe;

    #[test]
    fn the_last_one_is_there_once() {
        let vault = Vault::new().unwrap();
        assert!(vault.take().is_none());
        let (first, second) = (pipe().unwrap(), pipe().unwrap());
        vault.keep(Some(first.1.as_fd()), None);
        vault.keep(None, Some(second.1.as_fd()));
        drop((first.1, second.1));
        let Some(Kept::Input(input)) = vault.take() else { panic!("nothing was kept") };
        rustix::io::write(&input, b"x").unwrap();
        let mut bytes = [0; 2];
        assert_eq!(rustix::io::read(&second.0, &mut bytes), Ok(1));
        // Nobody has the other one any more.
        assert_eq!(rustix::io::read(&first.0, &mut bytes), Ok(0));
        assert!(vault.take().is_none());
    }
}
