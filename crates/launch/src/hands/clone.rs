//! The clone.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Result};
use oci::NamespaceKind;
use plan::{Join, Step};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use sys::clone::{Clone, Process, Side};

use super::{Hands, namespaces};
use crate::message::{receive_fd, send_fd};

/// Which side of the clone we are on.
pub(crate) enum Cloned {
    /// The runtime; this is the container's first process.
    Host(Process),
    /// The container's first process.
    Child,
}

impl Hands<'_> {
    /// Does the clone step; it returns twice.
    pub(crate) fn clone_child(&mut self, step: &Step) -> Result<Cloned> {
        let Step::Clone { new, through, into_cgroup } = step else {
            return Err(Fault::new(fault::Kind::Failed, "clone without a step for it"));
        };
        let cgroup = into_cgroup.as_deref().map(open_cgroup).transpose()?;
        let clone = Clone {
            namespaces: new.iter().map(|kind| namespaces::flag(*kind)).sum(),
            into_cgroup: cgroup.as_ref().map(AsFd::as_fd),
            for_our_parent: !through.is_empty(),
        };
        let cloned = if through.is_empty() {
            match clone.spawn().map_err(|err| explain(err, new))? {
                Side::Child => Cloned::Child,
                Side::Parent(process) => Cloned::Host(process),
            }
        } else {
            self.clone_through(through, &clone, new)?
        };
        if let Cloned::Host(process) = &cloned {
            self.pid = process.pid;
        }
        Ok(cloned)
    }

    /// A helper joins what exists, clones on, hands us the new process, and ends. The new process is our own
    /// child all the same (`CLONE_PARENT`).
    fn clone_through(&mut self, through: &[Join], clone: &Clone, new: &[NamespaceKind]) -> Result<Cloned> {
        self.open_namespaces(through)?;
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
            .doing(|| "make a connection to a helper")?;
        match Clone::default().spawn().doing(|| "clone a helper")? {
            Side::Parent(helper) => {
                drop(theirs);
                self.namespaces.clear();
                let answer = answer(&ours);
                let _ = rustix::process::waitid(
                    rustix::process::WaitId::PidFd(helper.pidfd.as_fd()),
                    rustix::process::WaitIdOptions::EXITED,
                );
                Ok(Cloned::Host(answer?))
            }
            Side::Child => match self.as_helper(clone, new) {
                Ok(Side::Child) => Ok(Cloned::Child),
                Ok(Side::Parent(process)) => {
                    let _ =
                        send_fd(theirs.as_fd(), process.pid.to_string().as_bytes(), process.pidfd.as_fd());
                    sys::exec::end(0)
                }
                Err(fault) => {
                    let bytes = serde_json::to_vec(&fault).unwrap_or_default();
                    let _ = rustix::net::send(&theirs, &bytes, rustix::net::SendFlags::NOSIGNAL);
                    sys::exec::end(1)
                }
            },
        }
    }

    fn as_helper(&mut self, clone: &Clone, new: &[NamespaceKind]) -> Result<Side> {
        namespaces::enter_all(std::mem::take(&mut self.namespaces))?;
        clone.spawn().map_err(|err| explain(err, new))
    }
}

fn answer(socket: &OwnedFd) -> Result<Process> {
    let doing = || "clone through a helper";
    let (bytes, fd) = receive_fd(socket.as_fd()).doing(doing)?;
    let gone = || Fault::new(fault::Kind::Failed, doing()).because("the helper ended before it was done");
    let Some(pidfd) = fd else {
        return Err(serde_json::from_slice::<Fault>(&bytes).unwrap_or_else(|_| gone()));
    };
    let pid = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()).ok_or_else(gone)?;
    Ok(Process { pid, pidfd })
}

fn open_cgroup(path: &Path) -> Result<OwnedFd> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open cgroup `{}`", path.display()))
}

/// What the kernel's numbers mean for a clone.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
fn explain(err: std::io::Error, new: &[NamespaceKind]) -> Fault {
    use rustix::io::Errno;
    let fault = Fault::of(&err, "clone");
    match Errno::from_io_error(&err) {
        Some(Errno::PERM) if !new.contains(&NamespaceKind::User) => {
            fault.hint("only root may make these; anyone may inside a new user namespace (`linux.namespaces`)")
        }
        Some(Errno::PERM) => fault
            .hint("this machine forbids user namespaces: see `sysctl kernel.unprivileged_userns_clone`, or AppArmor"),
        Some(Errno::NOSPC | Errno::USERS) => {
            fault.hint("too many namespaces: see /proc/sys/user/max_*_namespaces")
        }
        Some(Errno::AGAIN) => {
            fault.hint("too many processes: see `ulimit -u`, and pids.max of the cgroup that we are in")
        }
        _ => fault,
    }
}
