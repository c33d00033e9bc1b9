//! The new root.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use plan::{Attributes, Propagation};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::mount::UnmountFlags;
use sys::mount_attr::{Change, mount_setattr};

use super::{Hands, mount};
use crate::rootfs::{Links, RootFd};

impl Hands<'_> {
    /// Makes the root folder a mount, and puts it over `/`: nobody looks there but us, and `/` is what
    /// paths of the host still start from, because a process's root stays below what is put over it.
    pub(super) fn bind_root(&mut self, path: &Path, by_host: bool) -> Result<()> {
        let tree = match self.opened_root.take() {
            Some(tree) => tree,
            None if by_host => {
                return Err(Fault::new(Kind::Failed, "find the root that the host has opened"));
            }
            None => mount::clone_tree(path, true).map_err(|fault| explain(fault, path))?,
        };
        check_folder(&tree, path)?;
        self.put_over_root(tree)
    }

    /// Puts a mount over `/`, as the root to be.
    pub(super) fn put_over_root(&mut self, tree: OwnedFd) -> Result<()> {
        let doing = || "put the new root over `/`";
        let old = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).doing(doing)?;
        mount::attach(tree.as_fd(), old.as_fd()).doing(doing)?;
        self.root = Some(RootFd::new(tree));
        Ok(())
    }

    /// Makes a folder of the mount namespace that we have joined a mount, in its own place: over `/`, it
    /// would be the root of everybody who joins after us.
    pub(super) fn open_root(&mut self, path: &Path) -> Result<()> {
        let tree = mount::clone_tree(path, true).map_err(|fault| explain(fault, path))?;
        check_folder(&tree, path)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let place =
            rustix::fs::open(path, flags, Mode::empty()).doing(|| format!("open `{}`", path.display()))?;
        mount::attach(tree.as_fd(), place.as_fd()).doing(|| "make it a mount")?;
        self.root = Some(RootFd::new(tree));
        Ok(())
    }

    /// Nothing of the root itself can be changed; what is mounted below keeps its own rules.
    pub(super) fn readonly_root(&self) -> Result<()> {
        let readonly = Attributes { set: Attributes::READONLY, clear: 0 };
        // Layers of an overlay are parts of the root, not mounts that somebody has asked for.
        self.layers.iter().try_for_each(|layer| mount::set(layer.as_fd(), readonly, false))?;
        mount::set(self.root()?.as_fd(), readonly, false)
    }

    /// Both folders of `pivot_root` may be the same one: the old root then lies over the new one, and is
    /// taken off. Source: pivot_root(2), "pivot_root(".", ".")".
    pub(super) fn pivot(&self) -> Result<()> {
        rustix::process::fchdir(self.root()?).doing(|| "go to the new root")?;
        rustix::process::pivot_root(".", ".").doing(|| "make it the root").map_err(|fault| {
            match fault.errno() {
                Some(22) => fault
                    .hint("the host's root may be a ramdisk, which cannot be pivoted away: try --no-pivot"),
                _ => fault,
            }
        })?;
        rustix::mount::unmount(".", UnmountFlags::DETACH).doing(|| "let go of the old root")?;
        rustix::process::chdir("/").doing(|| "go to `/`")
    }

    pub(super) fn chroot(&self) -> Result<()> {
        rustix::process::fchdir(self.root()?).doing(|| "go to the new root")?;
        rustix::process::chroot(".").doing(|| "make it the root")?;
        rustix::process::chdir("/").doing(|| "go to `/`")
    }

    pub(super) fn share_root(&self, propagation: Propagation) -> Result<()> {
        let change =
            Change { propagation: propagation.flag, recursive: propagation.recursive, ..Change::default() };
        mount_setattr(self.root()?.as_fd(), change).doing(|| "use `linux.rootfsPropagation`")
    }

    pub(super) fn make_folder(&self, path: &Path) -> Result<()> {
        match self.root()?.make_folder(path, Links::Follow) {
            Ok(_) => Ok(()),
            // What is wrong with it is said where it is used.
            Err(err) if err.kind() != io::ErrorKind::NotFound => Ok(()),
            Err(err) => Err(err).doing(|| "make the working directory"),
        }
    }

    /// Goes to the working directory. The descriptor decides: no link of the kernel's that leads to a
    /// folder of the host's (`/proc/self/fd/7`) is followed.
    pub(super) fn change_directory(&self, path: &str) -> Result<()> {
        let doing = || "use `process.cwd`";
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let folder = rustix::fs::openat2(self.root()?, path, flags, Mode::empty(), resolve)
            .doing(doing)
            .map_err(|fault| match fault.errno() {
                Some(40) => fault.hint("links of /proc that lead out of the container are not followed"),
                _ => fault.hint(format!("`{path}` must be a folder in the container")),
            })?;
        rustix::process::fchdir(&folder).doing(doing)?;
        let here = rustix::process::getcwd(Vec::new()).doing(doing)?;
        if here.to_bytes().starts_with(b"/") {
            return Ok(());
        }
        Err(Fault::invalid("process.cwd", format!("`{path}` leads out of the container")))
    }
}

fn check_folder(tree: &OwnedFd, path: &Path) -> Result<()> {
    let stat = rustix::fs::fstat(tree).doing(|| format!("look at `{}`", path.display()))?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Ok(());
    }
    Err(Fault::new(Kind::Invalid, "use `root.path`")
        .because(format!("`{}` is not a directory", path.display())))
}

/// A fault about the root folder names the field that asked for it.
pub(super) fn explain(fault: Fault, path: &Path) -> Fault {
    let hint = match fault.kind() {
        Kind::NotFound => {
            format!("make it first: mkdir `{0}`, then unpack an image's files into it", path.display())
        }
        Kind::Denied => "can this user go to all the folders on the way?".to_string(),
        _ => "it must be a folder with an image's files in it".to_string(),
    };
    fault.during("use `root.path`").or_hint(Some(hint))
}
