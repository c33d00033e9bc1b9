//! Files of containers, from outside: copied in and out, written to a tar, compared with their image.
//!
//! ```text
//! Files             a container's root, as a descriptor             mod.rs
//! cp                paths, Docker's rules for them, both ways       copy.rs, place.rs, shown.rs
//! export, diff      all of it, and what is new in it                whole.rs
//! ```
//!
//! No path of a container is resolved in the machine's view, and none by us: the kernel does it, inside the root. One that
//! runs may change whatever it likes meanwhile.

mod copy;
mod place;
mod shown;
mod whole;

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use container::{Lock, Root, Userns, layers, own_root};
use fault::{Doing, Fault, Kind, Result};
use launch::RootFd;
use plan::{IdMaps, Layers};
use rustix::fs::{CWD, Mode, OFlags};

pub use copy::{Copied, Copy};
pub use place::Place;

use crate::remove::lock_ended;
use crate::{Engine, View};

/// A container's root.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) root: RootFd,
    /// Nobody starts it meanwhile.
    _lock: Option<Lock>,
}

/// Which of its mounts are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// As the container sees them; one that does not run has none.
    Mounts,
    /// Nothing but the root.
    Root,
}

impl Engine {
    /// Works with a container's files: as root of a user namespace, where its files belong to ids of one.
    pub(crate) fn with_files(
        &self,
        view: &View,
        seen: Seen,
        work: impl FnOnce(&Files) -> Result<u8>,
    ) -> Result<u8> {
        // What runs can be reached from here only, and laid only from there.
        let running = if view.status.is_up() { Some(self.running_files(view, seen)?) } else { None };
        let layers = layers(&view.record, &view.folder.changes())?;
        let work = || match running {
            Some(files) => work(&files),
            None => ended_files(view, layers.as_ref()).and_then(|files| work(&files)),
        };
        match own_root()?.or(shown(view)) {
            Some(maps) => launch::in_own_root(&maps, work),
            None => work(),
        }
    }

    fn running_files(&self, view: &View, seen: Seen) -> Result<Files> {
        let container = self.running(view)?;
        // Layers of the image `host` are mounts, too.
        let root = match (seen, &view.record.request.root) {
            (Seen::Root, Root::Image(_) | Root::Folder(_)) => container.bare_root()?,
            _ => container.root()?,
        };
        let ended = || {
            Fault::new(Kind::WrongState, format!("reach the files of container `{}`", view.record.name))
                .because("it has ended in this moment")
        };
        Ok(Files { root: root.ok_or_else(ended)?, _lock: None })
    }
}

/// The ids that files of one that runs are shown under, if it has a user namespace that root has made; on disk they have those
/// inside.
fn shown(view: &View) -> Option<IdMaps> {
    view.record.request.sharing.user.as_ref().filter(|_| view.status.is_up()).map(Userns::maps)
}

fn ended_files(view: &View, layers: Option<&Layers>) -> Result<Files> {
    let doing = || format!("reach the files of container `{}`", view.record.name);
    let busy = || Fault::new(Kind::WrongState, doing()).because("it was started in this moment");
    let lock = lock_ended(&view.folder)?.ok_or_else(busy)?;
    let root = match (&view.record.request.root, layers) {
        (Root::Folder(folder), _) => RootFd::new(open(folder).doing(doing)?),
        (_, Some(layers)) => launch::lay(layers).map_err(|fault| fault.during(doing()))?,
        (_, None) => return Err(Fault::new(Kind::Failed, doing())),
    };
    Ok(Files { root, _lock: Some(lock) })
}

/// A folder of this machine.
fn open(path: &Path) -> std::io::Result<std::os::fd::OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}

/// It is a file system of the kernel's own, in which no files are kept. Source: linux/magic.h.
fn is_kernels(folder: BorrowedFd<'_>) -> bool {
    const KERNELS: [u64; 16] = [
        0x9fa0,      // proc
        0x6265_6572, // sysfs
        0x0027_e0eb, // cgroup
        0x6367_7270, // cgroup2
        0x1cd1,      // devpts
        0x1980_0202, // mqueue
        0x7363_6673, // securityfs
        0x6462_6720, // debugfs
        0x7472_6163, // tracefs
        0xcafe_4a11, // bpf
        0x6165_676c, // pstore
        0xde5e_81e4, // efivarfs
        0xf97c_ff8c, // selinux
        0x6e73_6673, // nsfs
        0x0187,      // autofs
        0x6265_6570, // configfs
    ];
    rustix::fs::fstatfs(folder.as_fd()).is_ok_and(|stat| KERNELS.contains(&stat.f_type.cast_unsigned()))
}
