//! Namespaces: joined, and made later than the clone.

use std::os::fd::{AsFd, OwnedFd};

use fault::{Doing, Result};
use oci::NamespaceKind;
use plan::{Clock, Join};
use rustix::fs::{Mode, OFlags};

use super::Hands;
use crate::proc::Proc;

impl Hands<'_> {
    /// Opens the namespaces that a helper is to join, while their paths are still those of the caller.
    pub(super) fn open_namespaces(&mut self, joins: &[Join]) -> Result<()> {
        for join in joins {
            self.namespaces.push((flag(join.kind), open(join)?));
        }
        Ok(())
    }
}

/// `CLONE_NEW*`. Source: linux/sched.h.
pub(super) fn flag(kind: NamespaceKind) -> u64 {
    match kind {
        NamespaceKind::Time => 0x0000_0080,
        NamespaceKind::Mount => 0x0002_0000,
        NamespaceKind::Cgroup => 0x0200_0000,
        NamespaceKind::Uts => 0x0400_0000,
        NamespaceKind::Ipc => 0x0800_0000,
        NamespaceKind::User => 0x1000_0000,
        NamespaceKind::Pid => 0x2000_0000,
        NamespaceKind::Network => 0x4000_0000,
    }
}

fn open(join: &Join) -> Result<OwnedFd> {
    rustix::fs::open(&join.path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open {} namespace `{}`", join.kind, join.path.display()))
}

/// Enters one.
pub(super) fn join(join: &Join) -> Result<()> {
    let namespace = open(join)?;
    sys::namespaces::setns(namespace.as_fd(), flag(join.kind))
        .doing(|| format!("enter {} namespace `{}`", join.kind, join.path.display()))
        .map_err(|fault| match fault.errno() {
            Some(22) => fault.hint(format!("is that file a {} namespace?", join.kind)),
            _ => fault,
        })
}

/// Enters all of them. Each needs a privilege in the user namespace that owns it, which may be the one that
/// we are in or the one that we are to join: so those that can be entered come first, then the user
/// namespace, then the rest.
pub(super) fn enter_all(namespaces: Vec<(u64, OwnedFd)>) -> Result<()> {
    let user = flag(NamespaceKind::User);
    let enter = |(kind, fd): &(u64, OwnedFd)| sys::namespaces::setns(fd.as_fd(), *kind);
    let (users, others): (Vec<_>, Vec<_>) = namespaces.into_iter().partition(|(kind, _)| *kind == user);
    let later: Vec<_> =
        others.into_iter().filter(|other| users.is_empty() || enter(other).is_err()).collect();
    for namespace in users.iter().chain(&later) {
        enter(namespace).doing(|| "enter a namespace that exists")?;
    }
    Ok(())
}

/// Leaves the caller's for a new one.
pub(super) fn unshare(kind: NamespaceKind) -> Result<()> {
    sys::namespaces::unshare(flag(kind)).doing(|| format!("make a new {kind} namespace"))
}

/// Sets the clocks of the namespace that our children would be in, and enters it ourselves.
///
/// Source: time_namespaces(7).
pub(super) fn set_clocks(clocks: &[Clock]) -> Result<()> {
    let proc = Proc::open()?;
    for Clock { name, offset } in clocks {
        let line = format!("{name} {} {}", offset.secs, offset.nanosecs);
        proc.write("self/timens_offsets", &line).doing(|| format!("use `linux.timeOffsets.{name}`"))?;
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let own = rustix::fs::openat(&proc, "self/ns/time_for_children", flags, Mode::empty())
        .doing(|| "open the new time namespace")?;
    sys::namespaces::setns(own.as_fd(), flag(NamespaceKind::Time)).doing(|| "enter the new time namespace")
}
