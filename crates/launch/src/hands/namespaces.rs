//! Namespaces: joined, and made later than the clone.

use std::os::fd::{AsFd, OwnedFd};

use fault::{Doing, Fault, Kind, Result};
use oci::NamespaceKind;
use plan::{Clock, Join, Side};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::Hands;
use crate::proc::Proc;
use crate::rootfs::RootFd;

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
pub(crate) fn flag(kind: NamespaceKind) -> u64 {
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

impl Hands<'_> {
    /// Enters namespaces of a container that runs. Whoever looks at us from inside must find a process that
    /// it cannot look into, from the first moment on (CVE-2016-9962); and nothing of the caller's, if it has
    /// the host's capability to trace.
    pub(super) fn enter(&mut self, kinds: &[NamespaceKind], side: Side) -> Result<()> {
        let hidden = rustix::process::DumpableBehavior::NotDumpable;
        rustix::process::set_dumpable_behavior(hidden).doing(|| "hide from other processes")?;
        sys::environment::forget().doing(|| "forget our environment")?;
        let gone = || Fault::new(Kind::WrongState, "enter the container").because("container not running");
        let first = self.first.as_ref().ok_or_else(gone)?;
        let enter = |flags: u64| match flags {
            0 => Ok(()),
            flags => sys::namespaces::setns(first.as_fd(), flags),
        };
        let flags = |list: &[NamespaceKind]| list.iter().map(|kind| flag(*kind)).sum::<u64>();
        let doing = || "enter the container's namespaces";
        match enter(flags(kinds)) {
            // Each needs a privilege in the user namespace that owns it. Those of a container that has joined
            // some are owned by several: first all that the caller may enter, then the user namespace.
            Err(err) if err.kind() == std::io::ErrorKind::PermissionDenied => {
                let user = flags(kinds) & flag(NamespaceKind::User);
                enter(flags(kinds) & !user).and_then(|()| enter(user)).doing(doing)?;
            }
            Err(err) if Errno::from_io_error(&err) == Some(Errno::SRCH) => return Err(gone()),
            other => other.doing(doing)?,
        }
        if side == Side::Child {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let root = rustix::fs::open("/", flags, Mode::empty()).doing(|| "open the container's root")?;
            self.root = Some(RootFd::new(root));
        }
        Ok(())
    }
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
