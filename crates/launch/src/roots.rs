//! Roots of containers, for those who read and change their files from outside.
//!
//! A mount is made or copied in a child that has mounts of its own, so none of the machine's is touched, and comes back
//! as a descriptor: it is attached nowhere, and gone when that is closed. No device on it can be opened.

use std::os::fd::{AsFd, OwnedFd};

use fault::{Doing, Fault, Kind, Result};
use oci::ContainerId;
use plan::{Attributes, Layers, Lower, Propagation};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Signal, WaitId, WaitIdOptions, set_parent_process_death_signal, waitid};
use sys::clone::{Clone, Side};

use crate::hands::{Hands, clone_fd, clone_tree, cut, image_tree, lower_tree};
use crate::message::{receive_fd, send_fd};
use crate::state::Making;
use crate::{Container, Containers, RootFd};

/// `MS_PRIVATE`, on all mounts.
const PRIVATE: Propagation = Propagation { flag: 1 << 18, recursive: true };
/// `CLONE_NEWUSER`, and `CLONE_NEWNS`.
const NEW_USER: u64 = 0x1000_0000;
const NEW_MOUNTS: u64 = 0x2_0000;

/// The root of a container that does not run, laid as it would be for its program. Whoever calls sees to it that nobody
/// starts it meanwhile.
pub fn lay(layers: &Layers) -> Result<RootFd> {
    in_child(NEW_MOUNTS, true, || {
        cut(PRIVATE)?;
        match layers {
            Layers::Image(image) => image_tree(image),
            Layers::Host(overlay) => {
                let id: ContainerId = "nobody".parse()?;
                let nowhere = std::path::Path::new("/");
                let none = Default::default();
                let folder = Containers::at(nowhere).folder(&id);
                let mut hands = Hands::new(Making::new(folder, &id, nowhere, nowhere, &none));
                hands.lay_overlay(overlay)?;
                clone_fd(hands.root()?.as_fd(), true).doing(|| "take the root along")
            }
        }
    })
    .map(RootFd::new)
}

/// Has a child make a mount, in mounts of its own.
pub(crate) fn in_own_mounts(make: impl FnOnce() -> Result<OwnedFd>) -> Result<OwnedFd> {
    in_child(NEW_MOUNTS, false, || {
        cut(PRIVATE)?;
        make()
    })
}

/// The layers of an image, without anything over them.
pub fn lay_lower(lower: &Lower) -> Result<OwnedFd> {
    in_child(NEW_MOUNTS, true, || {
        cut(PRIVATE)?;
        lower_tree(lower)
    })
}

impl Container {
    /// Its root without what is mounted in it: what there is below the mounts is seen. Nothing, if it has ended.
    pub fn bare_root(&self) -> Result<Option<RootFd>> {
        let Some(first) = self.first()? else { return Ok(None) };
        let own_user = self.has_own_user();
        let tree = in_child(0, true, || {
            if own_user {
                let doing = || "enter the container's user namespace";
                sys::namespaces::setns(first.pidfd.as_fd(), NEW_USER).doing(doing)?;
            }
            // Only `/` is looked up in there.
            sys::namespaces::setns(first.pidfd.as_fd(), NEW_MOUNTS)
                .doing(|| "enter the container's mounts")?;
            clone_tree(std::path::Path::new("/"), false)
        })?;
        Ok(Some(RootFd::new(tree)))
    }
}

/// Has a child make a mount; with `is_safe`, nothing on it can be opened or executed that would do something.
fn in_child(namespaces: u64, is_safe: bool, make: impl FnOnce() -> Result<OwnedFd>) -> Result<OwnedFd> {
    let doing = || "look at the container's files";
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).doing(doing)?;
    match (Clone { namespaces, ..Clone::default() }).spawn().doing(doing)? {
        Side::Child => {
            drop(ours);
            let _ = set_parent_process_death_signal(Some(Signal::KILL));
            let made =
                make().and_then(|tree| if is_safe { safe(tree.as_fd()).map(|()| tree) } else { Ok(tree) });
            let _ = match &made {
                Ok(tree) => send_fd(theirs.as_fd(), b"0", tree.as_fd()),
                Err(fault) => {
                    let bytes = serde_json::to_vec(fault).unwrap_or_default();
                    rustix::net::send(&theirs, &bytes, rustix::net::SendFlags::NOSIGNAL)
                        .map(drop)
                        .map_err(Into::into)
                }
            };
            sys::exec::end(0)
        }
        Side::Parent(child) => {
            drop(theirs);
            let received = receive_fd(ours.as_fd()).doing(doing);
            let _ = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED);
            match received? {
                (_, Some(tree)) => Ok(tree),
                (bytes, None) => Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
                    Fault::new(Kind::Failed, doing()).because("whoever did it was killed")
                })),
            }
        }
    }
}

fn safe(tree: std::os::fd::BorrowedFd<'_>) -> Result<()> {
    let set = Attributes::NODEV | Attributes::NOSUID | Attributes::NOEXEC;
    crate::hands::set(tree, Attributes { set, clear: 0 }, true)
}
