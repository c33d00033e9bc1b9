//! What our two processes say to each other: one kind of message, at the end of each turn.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fault::Fault;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::{Deserialize, Serialize};

/// The end of a turn.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// Nanoseconds that each step of this turn took.
    pub took: Vec<u64>,
    /// Why the step after those failed, if one did.
    pub failed: Option<Fault>,
}

/// Bytes of the longest message: ten thousand steps and a fault; the kernel lets a socket hold a little more.
const LONGEST: usize = 192 * 1024;

/// One end of a connection that keeps messages apart.
#[derive(Debug)]
pub(crate) struct Peer(OwnedFd);

impl Peer {
    /// Both ends of a new connection. Both close on exec: the end of the connection is the sign that the
    /// program runs.
    pub(crate) fn pair() -> io::Result<(Peer, Peer)> {
        let (a, b) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Peer(a), Peer(b)))
    }

    /// One end of a connection that was made elsewhere.
    pub(crate) fn new(fd: OwnedFd) -> Peer {
        Peer(fd)
    }

    /// Ends our turn.
    pub(crate) fn send(&self, turn: &Turn) -> io::Result<()> {
        let bytes = serde_json::to_vec(turn)?;
        rustix::net::send(&self.0, &bytes, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Waits for the end of theirs; nothing if they are gone.
    pub(crate) fn receive(&self) -> io::Result<Option<Turn>> {
        let mut bytes = vec![0; LONGEST];
        let mut receive = || {
            rustix::io::retry_on_intr(|| rustix::net::recv(&self.0, bytes.as_mut_slice(), RecvFlags::empty()))
        };
        let received = match receive() {
            // They ended without having heard our last turn. What they said before that is still there.
            Err(rustix::io::Errno::CONNRESET) => receive(),
            received => received,
        };
        let (length, _) = match received {
            Err(rustix::io::Errno::CONNRESET) => return Ok(None),
            received => received?,
        };
        if length == 0 {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&bytes[..length])?))
    }
}

/// Sends a descriptor with a few bytes beside it, over any unix socket.
pub(crate) fn send_fd(socket: BorrowedFd<'_>, bytes: &[u8], fd: BorrowedFd<'_>) -> io::Result<()> {
    let fds = [fd];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives what [`send_fd`] sent: the bytes, and the descriptor if one came along.
pub(crate) fn receive_fd(socket: BorrowedFd<'_>) -> io::Result<(Vec<u8>, Option<OwnedFd>)> {
    let mut bytes = vec![0; 4096];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = rustix::io::retry_on_intr(|| {
        let slice = &mut [IoSliceMut::new(&mut bytes)];
        recvmsg(socket, slice, &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    let cut_short = message.flags.contains(ReturnFlags::CTRUNC);
    let length = message.bytes;
    let mut fds = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    let fd = fds.next();
    if cut_short {
        return Err(io::Error::other("too many descriptors came along"));
    }
    drop(fds);
    bytes.truncate(length);
    Ok((bytes, fd))
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
