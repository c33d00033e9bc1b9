//! `--console-socket`, from the caller's side.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::call::readable;
use crate::{Lab, Pty};

/// Waits for the terminal's master on a unix socket.
///
/// Source: <https://github.com/opencontainers/runc/blob/main/docs/terminals.md#detached-new-terminal>
pub struct ConsoleSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ConsoleSocket {
    /// A socket in the lab's folder.
    pub fn new(lab: &Lab) -> ConsoleSocket {
        let path = lab.folder().join("console.sock");
        ConsoleSocket { listener: UnixListener::bind(&path).expect("a socket"), path }
    }

    /// For `--console-socket`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The terminal that the runtime sent.
    #[track_caller]
    pub fn receive(&self) -> Pty {
        assert!(readable(&self.listener, Duration::from_secs(10)), "nobody connected");
        let (stream, _) = self.listener.accept().expect("the runtime's connection");
        assert!(readable(&stream, Duration::from_secs(10)), "nothing was sent");
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut name = [0; 256];
        recvmsg(&stream, &mut [IoSliceMut::new(&mut name)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
            .expect("a message");
        let mut files: Vec<_> =
            ancillary
                .drain()
                .filter_map(|message| {
                    if let RecvAncillaryMessage::ScmRights(files) = message { Some(files) } else { None }
                })
                .flatten()
                .collect();
        assert_eq!(files.len(), 1, "expected one descriptor: the master");
        Pty::from(files.remove(0))
    }
}
