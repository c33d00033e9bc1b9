//! Being root of a user namespace of one's own, for an ordinary user's files: those of a container belong to ids that
//! only such a root can give, take and remove.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use plan::IdMaps;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};
use rustix::process::{Signal, WaitId, WaitIdOptions, set_parent_process_death_signal, waitid};
use serde::{Deserialize, Serialize};
use sys::clone::{Clone, Process, Side};

use crate::hands::{become_root, map_ids};
use sys::remove_tree::remove_tree;

/// What becomes of the work.
#[derive(Debug, Serialize, Deserialize)]
enum Outcome {
    Done(u8),
    Failed(Fault),
}

/// Does work in a child that is root of a new user namespace, and tells the number that came out of it.
///
/// # Errors
/// What the work says; and if there can be no such namespace, or this process has threads.
pub fn in_own_root(maps: &IdMaps, work: impl FnOnce() -> Result<u8>) -> Result<u8> {
    let doing = || "work as root of a user namespace";
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).doing(doing)?;
    let clone = Clone { namespaces: NEW_USER, ..Clone::default() };
    match clone.spawn().doing(doing)? {
        Side::Child => {
            drop(ours);
            let outcome = as_root(&theirs, work);
            let bytes = serde_json::to_vec(&outcome).unwrap_or_default();
            let _ = rustix::net::send(&theirs, &bytes, SendFlags::NOSIGNAL);
            sys::exec::end(0)
        }
        Side::Parent(child) => {
            drop(theirs);
            let outcome = mapped(&child, &ours, maps);
            // Without its mappings, or with its answer, it ends by itself.
            drop(ours);
            let _ = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED);
            match outcome? {
                Outcome::Done(number) => Ok(number),
                Outcome::Failed(fault) => Err(fault),
            }
        }
    }
}

/// Does `other` in a child, with our own rights, while `work` is done here; returns once both are done. What `work` says comes
/// first: the other one may only have seen its end.
///
/// # Errors
/// What either says.
pub fn beside<T>(other: impl FnOnce() -> Result<u8>, work: impl FnOnce() -> Result<T>) -> Result<(T, u8)> {
    let doing = || "work beside another process";
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).doing(doing)?;
    match Clone::default().spawn().doing(doing)? {
        Side::Child => {
            // Ends of pipes that are the other side's.
            drop((ours, work));
            let _ = set_parent_process_death_signal(Some(Signal::KILL));
            let outcome = other().map_or_else(Outcome::Failed, Outcome::Done);
            let bytes = serde_json::to_vec(&outcome).unwrap_or_default();
            let _ = rustix::net::send(&theirs, &bytes, SendFlags::NOSIGNAL);
            sys::exec::end(0)
        }
        Side::Parent(child) => {
            drop((theirs, other));
            let done = work();
            let outcome = answer(&ours);
            let _ = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED);
            match (done?, outcome?) {
                (done, Outcome::Done(number)) => Ok((done, number)),
                (_, Outcome::Failed(fault)) => Err(fault),
            }
        }
    }
}

/// `CLONE_NEWUSER`.
const NEW_USER: u64 = 0x1000_0000;
/// Bytes of the longest outcome.
const LONGEST: usize = 64 << 10;

fn as_root(socket: &OwnedFd, work: impl FnOnce() -> Result<u8>) -> Outcome {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let mut mapped = [0; 1];
    // Nothing comes if the mappings could not be made; whoever makes them says why.
    match rustix::net::recv(socket, &mut mapped, RecvFlags::empty()) {
        Ok((1, _)) => {}
        _ => return Outcome::Failed(Fault::new(Kind::Failed, "wait for the mappings of ids")),
    }
    match become_root(false).and_then(|()| work()) {
        Ok(number) => Outcome::Done(number),
        Err(fault) => Outcome::Failed(fault),
    }
}

fn mapped(child: &Process, socket: &OwnedFd, maps: &IdMaps) -> Result<Outcome> {
    map_ids(child.pid, maps)?;
    rustix::net::send(socket, &[1], SendFlags::NOSIGNAL)
        .doing(|| "let the work in a user namespace begin")?;
    answer(socket)
}

/// What the other process says in the end.
fn answer(socket: &OwnedFd) -> Result<Outcome> {
    let doing = || "wait for the work of another process";
    let mut bytes = vec![0; LONGEST];
    let receive = || rustix::net::recv(socket, bytes.as_mut_slice(), RecvFlags::empty());
    let (length, _) = rustix::io::retry_on_intr(receive).doing(doing)?;
    serde_json::from_slice(&bytes[..length])
        .map_err(|_| Fault::new(Kind::Failed, doing()).because("it ended before it was done"))
}

/// Removes a folder with everything in it, whether it is there or not: also what belongs to `owners`, the ids of a user
/// namespace in which we are root.
pub fn remove_folder(path: &Path, owners: Option<&IdMaps>) -> Result<()> {
    let doing = || format!("remove `{}`", path.display());
    let remove = || match remove_tree(path) {
        Err(err) if err.kind() == io::ErrorKind::CrossesDevices => Err(Fault::new(Kind::WrongState, doing())
            .because("something is mounted there, or in it")
            .hint("umount(8) it first: what is mounted is not removed")),
        removed => removed.doing(doing),
    };
    match (remove(), owners) {
        (Err(fault), Some(owners)) if fault.kind() == Kind::Denied => {
            in_own_root(owners, || remove().map(|()| 0)).map(drop)
        }
        (removed, _) => removed,
    }
}
