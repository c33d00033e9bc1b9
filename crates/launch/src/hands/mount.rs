//! Mounts. Each is made detached, set up by its descriptor, and put in its place when it is complete.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Result};
use plan::{Attributes, Mount, Propagation, Source};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};
use sys::mount_attr::{Change, mount_setattr};

use super::Hands;
use crate::proc::Proc;
use crate::rootfs::{Links, RootFd};

impl Hands<'_> {
    /// Opens what the child may not be able to.
    pub(super) fn open_sources(
        &mut self,
        root: Option<&Path>,
        sources: &[(String, std::path::PathBuf, bool)],
    ) -> Result<()> {
        if let Some(root) = root {
            let tree = clone_tree(root, true).map_err(|fault| super::root::explain(fault, root))?;
            self.opened_root = Some(cut_off(tree)?);
        }
        for (field, source, recursive) in sources {
            let tree = clone_tree(source, *recursive)
                .map_err(|fault| fault.during(format!("use `{field}.source`")))?;
            self.sources.insert(field.clone(), cut_off(tree)?);
        }
        Ok(())
    }

    /// Makes one mount.
    pub(super) fn mount(&mut self, mount: &Mount) -> Result<()> {
        match &mount.what {
            Source::New { kind, source, options, .. } => {
                // What it begins with must be written first.
                let later = if kind == "tmpfs" { Attributes::READONLY } else { 0 };
                let tree = new(kind, source, options, mount.attributes.set & !later)?;
                self.place(mount, tree.as_fd())?;
                if kind == "proc" && mount.at == Path::new("/proc") {
                    self.proc = Some(Proc::of_mount(tree));
                }
                Ok(())
            }
            Source::Bind { source, recursive, .. } => {
                let tree = match self.sources.remove(&mount.field) {
                    Some(tree) => tree,
                    None => clone_tree(source, *recursive)
                        .map_err(|fault| fault.during(format!("use `{}.source`", mount.field)))?,
                };
                self.place(mount, tree.as_fd())
            }
            Source::Cgroups(all) => self.mount_cgroups(mount, all),
        }
    }

    /// cgroup v1: a folder for each hierarchy, in each the container's own part of it. Where controllers
    /// share a hierarchy (`cpu,cpuacct`), each has a link under its own name too.
    fn mount_cgroups(&self, mount: &Mount, all: &[(String, std::path::PathBuf)]) -> Result<()> {
        let tree = new("tmpfs", "tmpfs", &["mode=755".to_string(), "size=64k".to_string()], 0)?;
        for (name, path) in all {
            let doing = || format!("bind cgroup `{}`", path.display());
            let mode = Mode::from_raw_mode(0o755);
            rustix::fs::mkdirat(&tree, name, mode).doing(doing)?;
            for one in name.split(',').filter(|one| *one != name) {
                rustix::fs::symlinkat(name, &tree, one).doing(doing)?;
            }
        }
        self.place(&Mount { attributes: Attributes::default(), ..mount.clone() }, tree.as_fd())?;
        for (name, path) in all {
            let part = clone_tree(path, false)?;
            set(part.as_fd(), mount.attributes, false)?;
            let doing = || format!("bind cgroup `{}`", path.display());
            let at = rustix::fs::openat(&tree, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
                .doing(doing)?;
            attach(part.as_fd(), at.as_fd()).doing(doing)?;
        }
        set(tree.as_fd(), mount.attributes, false)
    }

    /// Sets a detached mount up, and puts it in its place.
    fn place(&self, mount: &Mount, tree: BorrowedFd<'_>) -> Result<()> {
        if !matches!(mount.what, Source::New { .. }) {
            set(tree, mount.attributes, false)?;
        }
        set(tree, mount.recursive, true)?;
        for propagation in &mount.propagation {
            let change = Change {
                propagation: propagation.flag,
                recursive: propagation.recursive,
                ..Change::default()
            };
            mount_setattr(tree, change).doing(|| "set how it is shared")?;
        }
        let links = if mount.no_links { Links::Refuse } else { Links::Follow };
        let target = target(self.root()?, &mount.at, is_folder(tree).doing(|| "look at its source")?, links)
            .doing(|| format!("use `{}.destination`", mount.field))
            .map_err(|fault| explain_target(fault, mount))?;
        if let Source::New { kind, options, copy_up, .. } = &mount.what
            && kind == "tmpfs"
        {
            begin_as(target.as_fd(), tree, options, *copy_up)
                .doing(|| format!("copy what `{}` holds", mount.at.display()))?;
            let readonly = Attributes { set: mount.attributes.set & Attributes::READONLY, clear: 0 };
            set(tree, readonly, false)?;
        }
        attach(tree, target.as_fd()).doing(|| format!("put it on `{}`", mount.at.display()))
    }

    /// Makes paths read-only, by a mount of each on itself. What is not there needs no protection.
    pub(super) fn make_readonly(&self, paths: &[String]) -> Result<()> {
        for path in paths {
            let doing = || format!("make `{path}` read-only");
            let Some(found) = self.find_if_there(path).doing(doing)? else { continue };
            let tree = clone_fd(found.as_fd(), true).doing(doing)?;
            set(tree.as_fd(), Attributes { set: Attributes::READONLY, clear: 0 }, true)?;
            attach(tree.as_fd(), found.as_fd()).doing(doing)?;
        }
        Ok(())
    }

    /// Covers files with `/dev/null`, and folders with one empty folder that all of them share.
    pub(super) fn mask(&self, paths: &[String]) -> Result<()> {
        let (mut null, mut empty) = (None, None);
        for path in paths {
            let doing = || format!("mask `{path}`");
            let Some(found) = self.find_if_there(path).doing(doing)? else { continue };
            let cover = if is_folder(found.as_fd()).doing(doing)? { &mut empty } else { &mut null };
            if cover.is_none() {
                let folder = is_folder(found.as_fd()).doing(doing)?;
                *cover = Some(if folder { empty_folder()? } else { self.null()? });
            }
            let cover = cover.as_ref().ok_or(io::ErrorKind::NotFound).doing(doing)?;
            let tree = clone_fd(cover.as_fd(), false).doing(doing)?;
            attach(tree.as_fd(), found.as_fd()).doing(doing)?;
        }
        Ok(())
    }

    /// The container's `/dev/null`, once we have seen that it is one: a mask that is a symbolic link to
    /// some other file would lay that one open instead (CVE-2025-31133).
    fn null(&self) -> Result<OwnedFd> {
        let path = Path::new("/dev/null");
        let null = self.root()?.find(path, Links::Refuse).doing(|| "find `/dev/null`")?;
        let stat = rustix::fs::fstat(&null).doing(|| "look at `/dev/null`")?;
        let is_null = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
            && stat.st_rdev == rustix::fs::makedev(1, 3);
        if is_null { Ok(null) } else { Err(Fault::invalid("/dev/null", "it is not the null device")) }
    }

    fn find_if_there(&self, path: &str) -> io::Result<Option<OwnedFd>> {
        let root = self.root.as_ref().ok_or(io::ErrorKind::NotFound)?;
        match root.find(Path::new(path), Links::Follow) {
            Ok(found) => Ok(Some(found)),
            Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(err) => Err(err),
        }
    }
}

/// Cuts all mounts of this namespace off from where they were copied from.
pub(super) fn cut(propagation: Propagation) -> Result<()> {
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).doing(|| "open `/`")?;
    let change = Change { propagation: propagation.flag, recursive: true, ..Change::default() };
    match mount_setattr(root.as_fd(), change) {
        // `/` is not a mount of its own: we were started in a chroot.
        Err(err) if err.kind() == io::ErrorKind::InvalidInput => {
            let kind = rustix::mount::MountPropagationFlags::REC
                | rustix::mount::MountPropagationFlags::from_bits_truncate(
                    u32::try_from(propagation.flag).unwrap_or_default(),
                );
            rustix::mount::mount_change("/", kind).doing(|| "cut mounts off")
        }
        other => other.doing(|| "cut mounts off"),
    }
}

/// A new instance of a file system, not attached yet.
pub(super) fn new(kind: &str, source: &str, options: &[String], attributes: u64) -> Result<OwnedFd> {
    let doing = || format!("make a {kind}");
    let context =
        fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).doing(doing).map_err(|fault| match fault.errno() {
            Some(19) => fault.hint(format!("this kernel has no file system `{kind}`: see /proc/filesystems")),
            _ => fault,
        })?;
    let told = tell(context.as_fd(), source, options).and_then(|()| fsconfig_create(&context));
    if let Err(err) = told {
        let said = what_the_kernel_says(context.as_fd());
        return Err(err).doing(doing).map_err(|fault| fault.or_hint(said));
    }
    let attributes = MountAttrFlags::from_bits_retain(u32::try_from(attributes).unwrap_or_default());
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes).doing(doing)
}

fn tell(context: BorrowedFd<'_>, source: &str, options: &[String]) -> rustix::io::Result<()> {
    if !source.is_empty() {
        fsconfig_set_string(context, "source", source)?;
    }
    for option in options {
        match option.split_once('=') {
            Some((name, value)) => fsconfig_set_string(context, name, value)?,
            None => fsconfig_set_flag(context, option.as_str())?,
        }
    }
    Ok(())
}

/// The file system's own words about why it could not be made: "e tmpfs: Bad value for 'size'".
fn what_the_kernel_says(context: BorrowedFd<'_>) -> Option<String> {
    let mut text = [0; 256];
    let length = rustix::io::read(context, &mut text).ok()?;
    let text = String::from_utf8_lossy(&text[..length]).trim().to_string();
    text.split_once(' ').map(|(_, words)| format!("the kernel says: {words}"))
}

/// A copy of a part of what is mounted, by path.
pub(super) fn clone_tree(path: &Path, recursive: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    open_tree(CWD, path, flags).doing(|| format!("open `{}`", path.display()))
}

/// A copy of a part of what is mounted, by descriptor.
pub(super) fn clone_fd(fd: BorrowedFd<'_>, recursive: bool) -> io::Result<OwnedFd> {
    let mut flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    Ok(open_tree(fd, "", flags)?)
}

/// Puts a detached mount on what `target` is open on.
pub(super) fn attach(tree: BorrowedFd<'_>, target: BorrowedFd<'_>) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(tree, "", target, "", flags)?)
}

/// The host opened it in its own namespace, where no `CutMounts` has been.
fn cut_off(tree: OwnedFd) -> Result<OwnedFd> {
    /// `MS_SLAVE`.
    const SLAVE: u64 = 1 << 19;
    let change = Change { propagation: SLAVE, recursive: true, ..Change::default() };
    mount_setattr(tree.as_fd(), change).doing(|| "cut it off from the host's")?;
    Ok(tree)
}

pub(super) fn set(tree: BorrowedFd<'_>, attributes: Attributes, recursive: bool) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let change = Change { set: attributes.set, clear: attributes.clear, recursive, propagation: 0 };
    mount_setattr(tree, change).doing(|| "set its options").map_err(|fault| match fault.errno() {
        Some(1) => fault.hint("in a user namespace, options that the host has set cannot be cleared"),
        _ => fault,
    })
}

fn empty_folder() -> Result<OwnedFd> {
    let attributes = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    new("tmpfs", "tmpfs", &["mode=755".to_string()], attributes)
}

/// A tmpfs for which no mode was asked has that of the folder that it covers, as with runc: `/tmp` stays
/// everybody's.
fn begin_as(
    folder: BorrowedFd<'_>,
    tree: BorrowedFd<'_>,
    options: &[String],
    copy_up: bool,
) -> io::Result<()> {
    if copy_up {
        super::copy_up::copy_up(folder, tree)?;
    }
    if options.iter().any(|option| option.starts_with("mode=")) {
        return Ok(());
    }
    super::copy_up::take_mode(folder, tree)
}

fn is_folder(fd: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode) == FileType::Directory)
}

fn target(root: &RootFd, at: &Path, folder: bool, links: Links) -> io::Result<OwnedFd> {
    if folder { root.make_folder(at, links) } else { root.make_file(at, links) }
}

fn explain_target(fault: Fault, mount: &Mount) -> Fault {
    let at = mount.at.display();
    match fault.errno() {
        Some(40) => {
            fault.hint(format!("on the way to `{at}` the root folder has a symbolic link, and must not"))
        }
        Some(20) => {
            fault.hint(format!("`{at}` is a file, and its source is a folder (or the other way round)"))
        }
        Some(30) => fault.hint(format!("`{at}` is not there, and cannot be made in a read-only file system")),
        _ => fault,
    }
}
