//! sd_notify(3) for containers: the program says that it is ready, and we pass that on to the service manager.
//!
//! The program finds a folder with a socket of ours. Of all it may say there, only that it is ready is passed on:
//! whatever else the service manager would take from a program is not for a container to say.

use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, sendmsg, socket_with,
};

/// The folder's name among the container's files, and that of the socket in it.
const FOLDER: &str = "notify";
const SOCKET: &str = "notify.sock";

/// Where the program finds the folder.
pub const INSIDE: &str = "/run/notify";

/// How long the service manager may take to say that it has heard, if it can say so at all.
const PATIENCE: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// Hears what the program says.
#[derive(Debug)]
pub struct Notify {
    ours: OwnedFd,
    manager: OwnedFd,
}

/// The folder of one container.
pub(crate) fn folder(container: &Path) -> PathBuf {
    container.join(FOLDER)
}

/// Makes the folder. The program must be able to enter it, whoever it is.
pub(crate) fn make_folder(container: &Path) -> Result<()> {
    let path = folder(container);
    std::fs::create_dir(&path)
        .and_then(|()| std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)))
        .doing(|| format!("make `{}`", path.display()))
}

/// Makes the socket, and connects to the service manager that listens at `manager` (`NOTIFY_SOCKET`). Nothing, if
/// this container was created without.
pub(crate) fn listen(container: &Path, manager: &str) -> Result<Option<Notify>> {
    let folder = folder(container);
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = match rustix::fs::open(&folder, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        fd => fd.doing(|| format!("open `{}`", folder.display()))?,
    };
    let doing = || "make a socket for what the program says";
    let ours = datagrams().doing(doing)?;
    // By a descriptor of the folder: a socket's name has room for 107 bytes.
    let path = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd())).join(SOCKET);
    // One that a `start` has left that was killed.
    let _ = std::fs::remove_file(&path);
    rustix::net::bind(&ours, &SocketAddrUnix::new(&path).doing(doing)?).doing(doing)?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).doing(doing)?;
    Ok(Some(Notify { ours, manager: connect(manager)? }))
}

fn datagrams() -> rustix::io::Result<OwnedFd> {
    socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
}

/// An `@` in front means a name that is in no file system.
fn connect(manager: &str) -> Result<OwnedFd> {
    let doing = || format!("connect to the service manager at `{manager}`");
    let address = match manager.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()),
        None => SocketAddrUnix::new(manager),
    };
    let socket = datagrams().doing(doing)?;
    rustix::net::connect(&socket, &address.doing(doing)?).doing(doing)?;
    Ok(socket)
}

impl Notify {
    /// Waits until the program is ready, and passes that on, with `pid` as the process to watch from now on; or
    /// until it has ended, which its `pidfd` tells.
    pub fn relay(&self, pid: i32, pidfd: BorrowedFd<'_>) -> Result<()> {
        loop {
            let mut fds =
                [PollFd::new(&self.ours, PollFlags::IN), PollFd::from_borrowed_fd(pidfd, PollFlags::IN)];
            match poll(&mut fds, None) {
                Err(Errno::INTR) => continue,
                other => other.doing(|| "wait for the program")?,
            };
            if fds[0].revents().contains(PollFlags::IN) {
                if self.pass_on(pid)? {
                    return Ok(());
                }
            } else if !fds[1].revents().is_empty() {
                return Ok(());
            }
        }
    }

    /// Where to look whether the program has said something.
    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.ours
    }

    /// Reads one message, and passes it on if it says that the program is ready. True if it did.
    pub(crate) fn pass_on(&self, pid: i32) -> Result<bool> {
        let mut bytes = [0; 4096];
        let heard =
            rustix::io::retry_on_intr(|| rustix::net::recv(&self.ours, &mut bytes, RecvFlags::DONTWAIT));
        let Ok((length, _)) = heard else { return Ok(false) };
        let Some(ready) = ready(&bytes[..length]) else { return Ok(false) };
        let doing = || "tell the service manager that the program is ready";
        self.say(ready).doing(doing)?;
        self.say(format!("MAINPID={pid}").as_bytes()).doing(doing)?;
        self.wait_until_heard().doing(doing)?;
        Ok(true)
    }

    fn say(&self, line: &[u8]) -> rustix::io::Result<()> {
        rustix::net::send(&self.manager, &[line, b"\n"].concat(), SendFlags::NOSIGNAL).map(drop)
    }

    /// Hands over one end of a pipe, which the manager closes once it has read all that came before. Source:
    /// sd_notify_barrier(3). One that does not know it is not waited for for ever.
    fn wait_until_heard(&self) -> std::io::Result<()> {
        let (ours, theirs) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let fds = [theirs.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        sendmsg(&self.manager, &[IoSlice::new(b"BARRIER=1")], &mut ancillary, SendFlags::NOSIGNAL)?;
        drop(theirs);
        let mut wanted = [PollFd::new(&ours, PollFlags::IN)];
        match rustix::io::retry_on_intr(|| poll(&mut wanted, Some(&PATIENCE)))? {
            0 => Ok(()),
            _ => std::fs::File::from(ours).read(&mut [0]).map(drop),
        }
    }
}

/// The line that says so.
fn ready(message: &[u8]) -> Option<&[u8]> {
    message.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"READY="))
}

#[cfg(test)]
mod tests {
    use super::ready;

    #[test]
    fn only_the_line_that_it_is_ready_is_taken() {
        assert_eq!(ready(b"STATUS=x\nREADY=1\nMAINPID=1\n"), Some(&b"READY=1"[..]));
        assert_eq!(ready(b"MAINPID=1\nSTATUS=READY=1"), None);
        assert_eq!(ready(b""), None);
    }
}
