//! What the host opens before the clone: the root folder, and sources of mounts that the child could not open as they
//! are to be.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Result};
use plan::{HostSource, IdMaps, MountIds};
use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use sys::clone::{Clone, Process, Side};
use sys::mount_attr::{Change, map_ids, mount_setattr};

use super::Hands;
use super::ids::map;
use super::mount::{clone_tree, open_source};
use super::namespaces::flag;

impl Hands<'_> {
    /// Opens what the child may not be able to.
    pub(super) fn open_sources(&mut self, root: Option<&Path>, sources: &[HostSource]) -> Result<()> {
        if let Some(root) = root {
            let tree = clone_tree(root, true).map_err(|fault| super::root::explain(fault, root))?;
            self.opened_root = Some(cut_off(tree)?);
        }
        let mut owners = Owners::default();
        for source in sources {
            let tree =
                open(source).map_err(|fault| fault.during(format!("use `{}.source`", source.field)))?;
            if let Some(ids) = &source.ids {
                show_ids(tree.as_fd(), owners.namespace_of(ids)?, source)?;
            }
            self.sources.insert(source.field.clone(), tree);
        }
        Ok(())
    }
}

/// User namespaces by their mappings: mounts that show the same ids share one.
#[derive(Default)]
struct Owners<'a>(Vec<(&'a MountIds, OwnedFd)>);

impl<'a> Owners<'a> {
    fn namespace_of(&mut self, ids: &'a MountIds) -> Result<BorrowedFd<'_>> {
        let is_same = |known: &MountIds| known.uids == ids.uids && known.gids == ids.gids;
        let at = if let Some(at) = self.0.iter().position(|(known, _)| is_same(known)) {
            at
        } else {
            self.0.push((ids, new_namespace(ids)?));
            self.0.len() - 1
        };
        Ok(self.0[at].1.as_fd())
    }
}

fn open(source: &HostSource) -> Result<OwnedFd> {
    let tree = open_source(&source.path, source.recursive, source.follow, source.part.as_deref())?;
    if source.shared { Ok(tree) } else { cut_off(tree) }
}

/// The host opened it in its own namespace, where no `CutMounts` has been.
fn cut_off(tree: OwnedFd) -> Result<OwnedFd> {
    /// `MS_SLAVE`.
    const SLAVE: u64 = 1 << 19;
    let change = Change { propagation: SLAVE, recursive: true, ..Change::default() };
    mount_setattr(tree.as_fd(), change).doing(|| "cut it off from the host's")?;
    Ok(tree)
}

fn show_ids(tree: BorrowedFd<'_>, namespace: BorrowedFd<'_>, source: &HostSource) -> Result<()> {
    let recursive = source.ids.as_ref().is_some_and(|ids| ids.recursive);
    map_ids(tree, namespace, recursive)
        .doing(|| format!("use `{}`: show `{}` under other ids", source.field, source.path.display()))
        .map_err(|fault| match fault.errno() {
            Some(22) => fault.hint("its file system cannot: ext4, xfs, btrfs, and tmpfs since Linux 6.3 can"),
            _ => fault,
        })
}

/// A user namespace with these mappings. The kernel makes one only with a process in it, which waits here until the
/// mappings are written, and ends with us whatever happens: it reads from a pipe of which we hold the other end.
pub(super) fn new_namespace(ids: &MountIds) -> Result<OwnedFd> {
    let (waits, ends) = pipe_with(PipeFlags::CLOEXEC).doing(|| "make a pipe")?;
    let clone = Clone { namespaces: flag(oci::NamespaceKind::User), ..Clone::default() };
    let process = match clone.spawn().doing(|| "make a user namespace for the ids of mounts")? {
        Side::Parent(process) => process,
        Side::Child => {
            drop(ends);
            let _ = rustix::io::read(&waits, &mut [0; 1]);
            sys::exec::end(0)
        }
    };
    drop(waits);
    let namespace = mapped(&process, ids);
    drop(ends);
    let _ = waitid(WaitId::PidFd(process.pidfd.as_fd()), WaitIdOptions::EXITED);
    namespace
}

fn mapped(process: &Process, ids: &MountIds) -> Result<OwnedFd> {
    let maps = IdMaps { uids: ids.uids.clone(), gids: ids.gids.clone(), helpers: false, groups: true };
    let wrong = |fault: Fault| fault.during("map the ids of a mount");
    map(process.pid, &maps).map_err(wrong)?;
    let path = format!("/proc/{}/ns/user", process.pid);
    rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open `{path}`"))
        .map_err(wrong)
}
