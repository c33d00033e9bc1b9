//! The gate: a socket in the container's folder, at which the container waits for `start`.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};

use crate::message::Peer;
use crate::state::Folder;

/// A socket's name has room for 107 bytes, and callers' folders are longer than that. So it is named by a
/// descriptor of its folder.
fn address(folder: &Folder) -> Result<(OwnedFd, SocketAddrUnix)> {
    let path = folder.path();
    let fd = rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open `{}`", path.display()))?;
    let name = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd())).join("gate");
    let address = SocketAddrUnix::new(&name).doing(|| "name the gate")?;
    Ok((fd, address))
}

fn socket() -> Result<OwnedFd> {
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .doing(|| "make a socket")
}

/// Makes the gate, before the clone: the child inherits it.
pub(crate) fn make(folder: &Folder) -> Result<OwnedFd> {
    let (_folder, address) = address(folder)?;
    let gate = socket()?;
    rustix::net::bind(&gate, &address).doing(|| "make the gate")?;
    rustix::net::listen(&gate, 8).doing(|| "listen at the gate")?;
    Ok(gate)
}

/// What `start` says at the gate. Who comes and says nothing only wants to know whether anybody is there.
const GO: &[u8] = b"go";

/// Waits for `start`, in the container.
pub(crate) fn wait(gate: &OwnedFd) -> Result<Peer> {
    loop {
        let peer = rustix::io::retry_on_intr(|| rustix::net::accept_with(gate, SocketFlags::CLOEXEC))
            .doing(|| "wait at the gate")?;
        let mut said = [0; GO.len()];
        let heard = rustix::io::retry_on_intr(|| rustix::net::recv(&peer, &mut said, RecvFlags::empty()));
        if heard.is_ok_and(|(length, _)| length == GO.len()) && said == *GO {
            return Ok(Peer::new(peer));
        }
    }
}

fn connect(folder: &Folder) -> Result<OwnedFd> {
    let (_folder, address) = address(folder)?;
    let socket = socket()?;
    rustix::net::connect(&socket, &address).doing(|| "open the gate")?;
    Ok(socket)
}

/// Somebody waits at the gate. A gate that was left behind by a `start` that was killed has nobody.
pub(crate) fn is_closed(folder: &Folder) -> bool {
    folder.gate().exists() && connect(folder).is_ok()
}

/// Opens the gate, and waits until the program runs, or why it does not.
pub(crate) fn open(folder: &Folder) -> Result<()> {
    let socket = connect(folder)?;
    rustix::net::send(&socket, GO, SendFlags::NOSIGNAL).doing(|| "open the gate")?;
    let removed = std::fs::remove_file(folder.gate()).doing(|| "remove the gate");
    let peer = Peer::new(socket);
    let mut told = false;
    // The first message tells how the steps went, before the program takes over; then the connection ends.
    while let Some(turn) = peer.receive().doing(|| "hear from the container")? {
        if let Some(fault) = turn.failed {
            return Err(fault);
        }
        told = true;
    }
    if told {
        return removed;
    }
    Err(Fault::new(Kind::Failed, "start the program")
        .because("the container's first process ended at the gate"))
}
