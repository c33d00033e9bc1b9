//! Writing to `/proc` where nobody can have put something else in its place.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fault::{Doing, Result};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

/// `PROC_SUPER_MAGIC`.
const MAGIC: u64 = 0x9fa0;

/// An instance of proc that is ours: not attached anywhere, so nothing can be mounted over parts of it.
#[derive(Debug)]
pub(crate) struct Proc(OwnedFd);

impl Proc {
    /// A new instance for our pid namespace; where the kernel does not let us have one (a user namespace
    /// that does not own the pid namespace), the host's `/proc`, if it is one.
    pub(crate) fn open() -> Result<Proc> {
        let proc = new_instance().or_else(|_| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::open("/proc", flags, Mode::empty())
        });
        let proc = proc.doing(|| "open a proc of our own")?;
        let stat = rustix::fs::fstatfs(&proc).doing(|| "look at our proc")?;
        if u64::try_from(stat.f_type) != Ok(MAGIC) {
            return Err(io::Error::other("`/proc` is not a proc")).doing(|| "open a proc of our own");
        }
        Ok(Proc(proc))
    }

    /// A mount of proc that we made ourselves.
    pub(crate) fn of_mount(mount: OwnedFd) -> Proc {
        Proc(mount)
    }

    /// Writes a file of it; never across something that is mounted on the way, nor through a link of
    /// another process.
    pub(crate) fn write(&self, path: &str, value: &str) -> io::Result<()> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat2(&self.0, path, flags, Mode::empty(), resolve)?;
        let written = rustix::io::write(&file, value.as_bytes())?;
        if written == value.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}

impl AsFd for Proc {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn new_instance() -> rustix::io::Result<OwnedFd> {
    let context = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}
