//! A command's end of what it and a monitor say to each other.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use container::Folder;
use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect as to, send};

use crate::frame::{Decoder, Frame};

/// A command's end of what it and a monitor say to each other.
#[derive(Debug)]
pub struct Channel {
    fd: OwnedFd,
    decoder: Decoder,
    /// What the monitor has not taken yet.
    waiting: Vec<u8>,
}

/// Goes to the monitor of a container; nothing if it has none.
pub fn connect(folder: &Folder) -> Result<Option<Channel>> {
    let doing = || "go to the container's monitor";
    let Some(address) = address(folder)? else { return Ok(None) };
    let flags = SocketFlags::CLOEXEC;
    let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).doing(doing)?;
    match to(&fd, &address.address) {
        Ok(()) => Ok(Some(Channel::over(fd))),
        // Left by a monitor that was killed, or removed in this moment.
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(None),
        Err(err) => Err(err).doing(doing),
    }
}

/// The address of a socket in a folder; the folder is kept open, because the address speaks of it by its number: paths in
/// addresses are short.
pub(crate) struct Address {
    pub(crate) address: SocketAddrUnix,
    _folder: OwnedFd,
}

pub(crate) fn address(folder: &Folder) -> Result<Option<Address>> {
    let doing = || format!("open `{}`", folder.path().display());
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = match rustix::fs::openat(CWD, folder.path(), flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        open => open.doing(doing)?,
    };
    let address = SocketAddrUnix::new(format!("/proc/self/fd/{}/monitor", open.as_raw_fd())).doing(doing)?;
    Ok(Some(Address { address, _folder: open }))
}

impl Channel {
    pub(crate) fn over(fd: OwnedFd) -> Channel {
        Channel { fd, decoder: Decoder::default(), waiting: Vec::new() }
    }

    /// Says something.
    pub fn say(&self, frame: &Frame) -> Result<()> {
        let mut bytes = &frame.encode()[..];
        while !bytes.is_empty() {
            match send(&self.fd, bytes, SendFlags::NOSIGNAL) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(Errno::INTR) => {}
                Err(err) => return Err(err).doing(|| "talk to the container's monitor"),
            }
        }
        Ok(())
    }

    /// Says something as soon as the monitor takes it; waits for nothing.
    pub fn say_later(&mut self, frame: &Frame) -> Result<()> {
        self.waiting.extend(frame.encode());
        self.flush()
    }

    /// The monitor has not taken everything yet.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Says as much of what waits as the monitor takes now.
    pub fn flush(&mut self) -> Result<()> {
        while !self.waiting.is_empty() {
            match send(&self.fd, &self.waiting, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(sent) => drop(self.waiting.drain(..sent)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                // It has gone; what it said last is still to be heard.
                Err(Errno::PIPE | Errno::CONNRESET) => self.waiting.clear(),
                Err(err) => return Err(err).doing(|| "talk to the container's monitor"),
            }
        }
        Ok(())
    }

    /// Waits for the next thing that the monitor says; nothing once it says no more.
    pub fn hear(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(Some(frame));
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// What it has said already, without waiting for more. To be called after [`Channel::read`].
    pub fn heard(&mut self) -> Result<Option<Frame>> {
        self.decoder.next_frame()
    }

    /// Waits for more bytes. False once there are none.
    pub fn read(&mut self) -> Result<bool> {
        let mut bytes = [0; 16 * 1024];
        loop {
            match rustix::io::read(&self.fd, &mut bytes) {
                Ok(length) => {
                    self.decoder.push(&bytes[..length]);
                    return Ok(length > 0);
                }
                Err(Errno::INTR) => {}
                // It went without having read all that we said.
                Err(Errno::CONNRESET) => return Ok(false),
                Err(err) => return Err(err).doing(|| "listen to the container's monitor"),
            }
        }
    }

    /// Waits until the program runs.
    ///
    /// # Errors
    /// Why it does not.
    pub fn until_up(&mut self) -> Result<crate::Up> {
        match self.hear()? {
            Some(Frame::Up(up)) => Ok(*up),
            Some(Frame::Failed(fault)) => Err(*fault),
            _ => Err(Fault::new(Kind::Failed, "start the container")
                .because("its monitor has ended before the program ran")
                .hint("`nagaya inspect` tells what it wrote down last")),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
