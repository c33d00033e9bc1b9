//! Mounts. Each is made detached, set up by its descriptor, and put in its place when it is complete.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Result};
use plan::{Attributes, Link, Mount, Propagation, Source};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, StatxAttributes, StatxFlags, statx};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_reconfigure, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, fspick, move_mount,
    open_tree,
};
use sys::mount_attr::{Change, mount_setattr};

use super::{Hands, part};
use crate::proc::Proc;
use crate::rootfs::{Links, RootFd};

impl Hands<'_> {
    /// Makes one mount.
    pub(super) fn mount(&mut self, mount: &Mount) -> Result<()> {
        match &mount.what {
            Source::New { kind, source, options, .. } => {
                // What it begins with must be written first.
                let later = if kind == "tmpfs" { Attributes::READONLY } else { 0 };
                let tree = new(kind, source, options, mount.attributes.set & !later)?;
                let tree = match &mount.part {
                    Some(part) => part::of(tree.as_fd(), part, true)
                        .map_err(|fault| fault.during(format!("use `{}.options`", mount.field)))?,
                    None => tree,
                };
                self.place(mount, tree.as_fd())?;
                if kind == "proc" && mount.at == Path::new("/proc") {
                    self.proc = Some(Proc::of_mount(tree));
                }
                Ok(())
            }
            Source::Bind { source, recursive, .. } => {
                let tree = match self.sources.remove(&mount.field) {
                    Some(tree) => tree,
                    None => {
                        open_source(source, *recursive, mount.link == Link::Follow, mount.part.as_deref())
                            .map_err(|fault| fault.during(format!("use `{}.source`", mount.field)))?
                    }
                };
                if mount.link == Link::Copy && is_link(tree.as_fd()).doing(|| "look at its source")? {
                    return self.copy_link(mount, tree.as_fd());
                }
                self.place(mount, tree.as_fd())
            }
            Source::Again { options } => self.mount_again(mount, options),
            Source::Cgroups(all) => match all.as_slice() {
                [(name, path)] if name.is_empty() => self.place(mount, clone_tree(path, false)?.as_fd()),
                all => self.mount_cgroups(mount, all),
            },
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
        share(tree, &mount.propagation)?;
        let links = if mount.no_links { Links::Refuse } else { Links::Follow };
        let covers = takes_mode(mount) && self.root()?.find(&mount.at, links).is_ok();
        let target = match self.link_to_cover(mount, links) {
            Some(link) => Ok(link),
            None => target(self.root()?, &mount.at, is_folder(tree).doing(|| "look at its source")?, links),
        };
        let target = target
            .doing(|| format!("use `{}.destination`", mount.field))
            .map_err(|fault| explain_target(fault, mount))?;
        if let Source::New { kind, copy_up, .. } = &mount.what
            && kind == "tmpfs"
        {
            begin_as(target.as_fd(), tree, covers, *copy_up)
                .doing(|| format!("copy what `{}` holds", mount.at.display()))?;
            let readonly = Attributes { set: mount.attributes.set & Attributes::READONLY, clear: 0 };
            set(tree, readonly, false)?;
        }
        attach(tree, target.as_fd())
            .doing(|| format!("put it on `{}`", mount.at.display()))
            .map_err(|fault| explain_target(fault, mount))
    }

    /// A symbolic link in its place, if it is to be covered.
    fn link_to_cover(&self, mount: &Mount, links: Links) -> Option<OwnedFd> {
        let root = self.root.as_ref().filter(|_| mount.over_link)?;
        let found = root.open(&mount.at, OFlags::PATH | OFlags::NOFOLLOW, links).ok()?;
        is_link(found.as_fd()).ok()?.then_some(found)
    }

    /// Makes a symbolic link like the one that is the source.
    fn copy_link(&self, mount: &Mount, source: BorrowedFd<'_>) -> Result<()> {
        let text =
            rustix::fs::readlinkat(source, "", Vec::new()).doing(|| "read the link that is its source")?;
        let doing = || format!("use `{}.destination`", mount.field);
        let links = if mount.no_links { Links::Refuse } else { Links::Follow };
        let (folder, name) = self.root()?.parent(&mount.at, links).doing(doing)?;
        match rustix::fs::symlinkat(&text, &folder, &name) {
            Err(Errno::EXIST) => match rustix::fs::readlinkat(&folder, &name, Vec::new()) {
                Ok(there) if there == text => Ok(()),
                _ => Err(Errno::EXIST).doing(doing).map_err(|fault| {
                    fault.hint("`copy-symlink`: something else than this link is there already")
                }),
            },
            done => done.doing(doing),
        }
    }

    /// Sets up again what is mounted in a place already.
    fn mount_again(&self, mount: &Mount, options: &[String]) -> Result<()> {
        let links = if mount.no_links { Links::Refuse } else { Links::Follow };
        let doing = || format!("use `{}.destination`", mount.field);
        let there = self.root()?.find(&mount.at, links).doing(doing)?;
        if !is_mounted(there.as_fd()).doing(doing)? {
            return Err(Fault::invalid(
                format!("{}.options", mount.field),
                format!("`remount`: nothing is mounted on `{}`", mount.at.display()),
            ));
        }
        set(there.as_fd(), mount.attributes, false)?;
        set(there.as_fd(), mount.recursive, true)?;
        share(there.as_fd(), &mount.propagation)?;
        if options.is_empty() {
            return Ok(());
        }
        let doing = || format!("use `{}.options`", mount.field);
        let flags = FsPickFlags::FSPICK_CLOEXEC | FsPickFlags::FSPICK_EMPTY_PATH;
        let context = fspick(&there, "", flags).doing(doing)?;
        let told = tell(context.as_fd(), "", options).and_then(|()| fsconfig_reconfigure(&context));
        let said = told.is_err().then(|| what_the_kernel_says(context.as_fd())).flatten();
        told.doing(doing).map_err(|fault| fault.or_hint(said))
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
    pub(super) fn mask(&self, paths: &[String], options: &[String]) -> Result<()> {
        let (mut null, mut empty) = (None, None);
        for path in paths {
            let doing = || format!("mask `{path}`");
            let Some(found) = self.find_if_there(path).doing(doing)? else { continue };
            let cover = if is_folder(found.as_fd()).doing(doing)? { &mut empty } else { &mut null };
            if cover.is_none() {
                let folder = is_folder(found.as_fd()).doing(doing)?;
                *cover = Some(if folder { empty_folder(options)? } else { self.null()? });
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
pub(crate) fn cut(propagation: Propagation) -> Result<()> {
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
pub(crate) fn clone_tree(path: &Path, recursive: bool) -> Result<OwnedFd> {
    clone_source(path, recursive, true)
}

/// The same, where a symbolic link at the end may be meant itself.
fn clone_source(path: &Path, recursive: bool, follow: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    if !follow {
        flags |= OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    }
    open_tree(CWD, path, flags).doing(|| format!("open `{}`", path.display()))
}

/// The same, or only a part of it.
pub(super) fn open_source(
    path: &Path,
    recursive: bool,
    follow: bool,
    part: Option<&Path>,
) -> Result<OwnedFd> {
    let Some(part) = part else { return clone_source(path, recursive, follow) };
    let whole = rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open `{}`", path.display()))?;
    part::of(whole.as_fd(), part, recursive)
}

/// A copy of a part of what is mounted, by descriptor.
pub(crate) fn clone_fd(fd: BorrowedFd<'_>, recursive: bool) -> io::Result<OwnedFd> {
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
    match move_mount(tree, "", target, "", flags) {
        // A file on a folder, or the other way round: mount(2) has a word for it, which docker looks for.
        Err(Errno::INVAL) if is_folder(tree)? != is_folder(target)? => Err(Errno::NOTDIR.into()),
        done => Ok(done?),
    }
}

pub(crate) fn set(tree: BorrowedFd<'_>, attributes: Attributes, recursive: bool) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let change = Change { set: attributes.set, clear: attributes.clear, recursive, propagation: 0 };
    mount_setattr(tree, change).doing(|| "set its options").map_err(|fault| match fault.errno() {
        Some(1) => fault.hint("in a user namespace, options that the host has set cannot be cleared"),
        _ => fault,
    })
}

fn empty_folder(options: &[String]) -> Result<OwnedFd> {
    let attributes = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    let options: Vec<_> = options.iter().cloned().chain(["mode=755".to_string()]).collect();
    new("tmpfs", "tmpfs", &options, attributes)
}

/// A tmpfs for which no mode was asked has that of the folder that it covers, as with runc: `/tmp` stays
/// everybody's.
fn begin_as(folder: BorrowedFd<'_>, tree: BorrowedFd<'_>, take_mode: bool, copy_up: bool) -> io::Result<()> {
    if copy_up {
        super::copy_up::copy_up(folder, tree)?;
    }
    if take_mode { super::copy_up::take_mode(folder, tree) } else { Ok(()) }
}

/// A tmpfs for which no mode was asked has that of the folder it covers. Where there was none, everybody may write.
fn takes_mode(mount: &Mount) -> bool {
    let Source::New { kind, options, .. } = &mount.what else { return false };
    kind == "tmpfs" && !options.iter().any(|option| option.starts_with("mode="))
}

fn share(tree: BorrowedFd<'_>, kinds: &[Propagation]) -> Result<()> {
    for Propagation { flag, recursive } in kinds {
        let change = Change { propagation: *flag, recursive: *recursive, ..Change::default() };
        mount_setattr(tree, change).doing(|| "set how it is shared")?;
    }
    Ok(())
}

fn is_mounted(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let stat = statx(fd, "", AtFlags::EMPTY_PATH, StatxFlags::empty())?;
    Ok(stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn is_link(fd: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode) == FileType::Symlink)
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
