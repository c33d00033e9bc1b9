//! `--pidfd-socket`: a descriptor of the new process for the caller, to whom a number could be somebody else by then.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use sys::clone::Process;

use crate::message::send_fd;
use crate::state::replace;

/// A caller who waits for a descriptor of the process.
#[derive(Debug)]
pub struct PidfdSocket(OwnedFd);

impl PidfdSocket {
    /// Connects to it.
    pub fn connect(path: &Path) -> Result<PidfdSocket> {
        let socket =
            UnixStream::connect(path).doing(|| format!("connect to pidfd socket `{}`", path.display()))?;
        Ok(PidfdSocket(socket.into()))
    }
}

/// What callers are told of a new process: its number, and a descriptor of it.
#[derive(Debug, Default)]
pub(crate) struct Tell {
    /// The number goes into this file.
    pub pid_file: Option<PathBuf>,
    /// The descriptor goes to each of these.
    pub pidfd_sockets: Vec<PidfdSocket>,
    /// What is said along with the descriptor: `standard`, or `setns` for one who entered, as with runc.
    pub kind: &'static str,
}

impl Tell {
    /// Tells. The file comes last: who waits for it may take all else for done.
    pub(crate) fn tell(&self, process: &Process) -> Result<()> {
        for socket in &self.pidfd_sockets {
            send_fd(socket.0.as_fd(), self.kind.as_bytes(), process.pidfd.as_fd())
                .doing(|| "hand a descriptor of the process to the pidfd socket")?;
        }
        match &self.pid_file {
            Some(path) => replace(path, process.pid.to_string().as_bytes(), 0o644),
            None => Ok(()),
        }
    }
}
