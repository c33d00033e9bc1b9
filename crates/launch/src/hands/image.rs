//! An image as a container's root: its layers below, and a folder for changes on top.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use plan::{Attributes, ImageRoot, Lower};
use rustix::fs::{CWD, Mode, OFlags};
use sys::mount_attr::map_ids;

use super::source::new_namespace;
use super::{Hands, mount, overlay::take_off};
use crate::roots;

impl Hands<'_> {
    /// Lays the folder for changes over the image's layers, and makes that the root to be.
    pub(super) fn lay_image(&mut self, image: &ImageRoot) -> Result<()> {
        self.put_over_root(image_tree(image)?)
    }

    /// The same on the host, before the clone: in a child with mounts of its own, so that none of the machine's is touched.
    pub(super) fn open_image(&mut self, image: &ImageRoot) -> Result<()> {
        self.opened_root = Some(roots::in_own_mounts(|| image_tree(image))?);
        Ok(())
    }

    /// Makes that the root to be.
    pub(super) fn take_image(&mut self) -> Result<()> {
        let missing = || Fault::new(Kind::Failed, "find the root that the host has laid");
        let tree = self.opened_root.take().ok_or_else(missing)?;
        self.put_over_root(tree)
    }
}

/// The folder for changes over the image's layers, attached nowhere.
pub(crate) fn image_tree(image: &ImageRoot) -> Result<OwnedFd> {
    let lower = open_lower(&image.lower)?;
    let changes = match Changes::open(&image.changes)? {
        Some(changes) => changes,
        None => Changes::make(&image.changes, lower.top().as_fd())?,
    };
    match &image.shown {
        None => lay(&lower, &changes, image),
        Some(ids) => {
            let namespace = new_namespace(ids)?;
            lay(&lower.shown(namespace.as_fd())?, &Changes::shown(&image.changes, namespace.as_fd())?, image)
        }
    }
}

/// The image's layers alone, attached nowhere.
pub(crate) fn lower_tree(lower: &Lower) -> Result<OwnedFd> {
    match open_lower(lower)? {
        Opened::Index(tree) => Ok(tree),
        Opened::Folders(folders) => match <[OwnedFd; 1]>::try_from(folders) {
            Ok([only]) => mount::clone_fd(only.as_fd(), false).doing(|| "open the layer"),
            Err(folders) => over_each_other(&folders, &[]),
        },
    }
}

/// What overlayfs is given to read from.
enum Opened {
    /// One file system that holds all layers; mounted, and attached nowhere.
    Index(OwnedFd),
    /// A folder for each layer, the topmost first.
    Folders(Vec<OwnedFd>),
}

impl Opened {
    fn all(&self) -> &[OwnedFd] {
        match self {
            Opened::Index(tree) => std::slice::from_ref(tree),
            Opened::Folders(folders) => folders,
        }
    }

    fn top(&self) -> &OwnedFd {
        &self.all()[0]
    }

    /// The same under the ids of a user namespace: what is on disk stays as it is.
    fn shown(self, namespace: BorrowedFd<'_>) -> Result<Opened> {
        match self {
            Opened::Index(tree) => {
                show(tree.as_fd(), namespace)?;
                Ok(Opened::Index(tree))
            }
            Opened::Folders(folders) => {
                let one = |folder: OwnedFd| shown(folder.as_fd(), namespace);
                folders.into_iter().map(one).collect::<Result<_>>().map(Opened::Folders)
            }
        }
    }
}

/// A copy of a mount that shows its files under the ids of a user namespace.
fn shown(folder: BorrowedFd<'_>, namespace: BorrowedFd<'_>) -> Result<OwnedFd> {
    let tree = mount::clone_fd(folder, false).doing(|| "open a layer")?;
    show(tree.as_fd(), namespace)?;
    Ok(tree)
}

fn show(tree: BorrowedFd<'_>, namespace: BorrowedFd<'_>) -> Result<()> {
    let doing = || "show the image's files under the container's ids";
    map_ids(tree, namespace, false).doing(doing).map_err(|fault| match fault.errno() {
        Some(22) => fault.hint("the file system that nagaya keeps images on cannot: ext4, xfs and btrfs can; or leave out --userns"),
        _ => fault,
    })
}

fn open_lower(lower: &Lower) -> Result<Opened> {
    match lower {
        Lower::Index { index, tars } => open_index(index, tars).map(Opened::Index),
        Lower::Folders(folders) if folders.is_empty() => Err(Fault::invalid("image", "it has no layers")),
        Lower::Folders(folders) => {
            let flags = OFlags::PATH | OFlags::DIRECTORY;
            folders.iter().map(|path| open(path, flags)).collect::<Result<_>>().map(Opened::Folders)
        }
    }
}

/// Source: erofs.rst, "device=%s"; files instead of block devices since Linux 6.12.
fn open_index(index: &Path, tars: &[PathBuf]) -> Result<OwnedFd> {
    let index = open(index, OFlags::RDONLY)?;
    let tars = tars.iter().map(|tar| open(tar, OFlags::RDONLY)).collect::<Result<Vec<_>>>()?;
    let devices: Vec<_> = tars.iter().map(|tar| format!("device={}", by_number(tar.as_fd()))).collect();
    mount::new("erofs", &by_number(index.as_fd()), &devices, Attributes::READONLY)
}

fn open(path: &Path, flags: OFlags) -> Result<OwnedFd> {
    rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open `{}`", path.display()))
}

/// The two folders that overlayfs writes to.
struct Changes {
    upper: OwnedFd,
    work: OwnedFd,
    /// The mount that both are on, if it is attached nowhere: it goes when this is closed.
    _mount: Option<OwnedFd>,
}

/// A folder until it is complete.
const NEW: &str = "new";

impl Changes {
    /// Those of an earlier start, if there was one.
    fn open(path: &Path) -> Result<Option<Changes>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match open(&path.join("upper"), flags) {
            Err(fault) if fault.kind() == Kind::NotFound => Ok(None),
            upper => {
                Ok(Some(Changes { upper: upper?, work: open(&path.join("work"), flags)?, _mount: None }))
            }
        }
    }

    /// The same under the ids of a user namespace; both are on one mount, as overlayfs wants it.
    fn shown(path: &Path, namespace: BorrowedFd<'_>) -> Result<Changes> {
        let mount = shown(open(path, OFlags::PATH | OFlags::DIRECTORY)?.as_fd(), namespace)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let below = |name: &str| {
            rustix::fs::openat(&mount, name, flags, Mode::empty())
                .doing(|| format!("open `{}`", path.join(name).display()))
        };
        let (upper, work) = (below("upper")?, below("work")?);
        Ok(Changes { upper, work, _mount: Some(mount) })
    }

    fn make(path: &Path, root: BorrowedFd<'_>) -> Result<Changes> {
        let doing = || format!("make the folder for changes `{}`", path.display());
        let new = path.with_extension(NEW);
        crate::remove_folder(&new, None)?;
        let make = |path: &Path, mode| rustix::fs::mkdir(path, Mode::from_raw_mode(mode)).doing(doing);
        make(&new, 0o700)?;
        make(&new.join("upper"), 0o755)?;
        make(&new.join("work"), 0o755)?;
        let changes = Changes::open(&new)?.ok_or_else(|| Fault::new(Kind::NotFound, doing()))?;
        changes.be_like(root)?;
        rustix::fs::rename(&new, path).doing(doing)?;
        Ok(changes)
    }

    /// The top of it is what is seen of the root: with the mode and owner that the image gives that.
    fn be_like(&self, root: BorrowedFd<'_>) -> Result<()> {
        let doing = || "copy mode and owner of the image's root";
        let stat = rustix::fs::fstat(root).doing(doing)?;
        let upper = by_number(self.upper.as_fd());
        rustix::fs::chmod(&upper, Mode::from_raw_mode(stat.st_mode)).doing(doing)?;
        let (uid, gid) = (rustix::fs::Uid::from_raw(stat.st_uid), rustix::fs::Gid::from_raw(stat.st_gid));
        // In a user namespace not every owner can be given; the folder is the mapped root's then.
        let _ = rustix::fs::chownat(CWD, &upper, Some(uid), Some(gid), rustix::fs::AtFlags::empty());
        Ok(())
    }
}

/// Overlayfs takes layers that are attached nowhere since Linux 6.15; before, an index lies over `/` for a moment.
fn lay(lower: &Opened, changes: &Changes, image: &ImageRoot) -> Result<OwnedFd> {
    let detached = overlay(lower, changes, image);
    let Opened::Index(tree) = lower else { return detached };
    if !matches!(&detached, Err(fault) if fault.errno() == Some(22)) {
        return detached;
    }
    let doing = || "put the image over `/` for a moment";
    let old = open(Path::new("/"), OFlags::PATH)?;
    mount::attach(tree.as_fd(), old.as_fd()).doing(doing)?;
    let laid = overlay(lower, changes, image);
    take_off(tree)?;
    laid
}

fn overlay(lower: &Opened, changes: &Changes, image: &ImageRoot) -> Result<OwnedFd> {
    let mut options = vec![
        format!("upperdir={}", by_number(changes.upper.as_fd())),
        format!("workdir={}", by_number(changes.work.as_fd())),
    ];
    let flags = [("userxattr", image.owners.is_some()), ("volatile", image.volatile)];
    options.extend(flags.into_iter().filter(|(_, wanted)| *wanted).map(|(flag, _)| flag.to_string()));
    over_each_other(lower.all(), &options)
}

/// Layers, the topmost first.
fn over_each_other(lower: &[OwnedFd], options: &[String]) -> Result<OwnedFd> {
    let paths: Vec<_> = lower.iter().map(|fd| by_number(fd.as_fd())).collect();
    let with = |lower: Vec<String>| mount::new("overlay", "nagaya", &[lower, options.to_vec()].concat(), 0);
    let all = || with(vec![format!("lowerdir={}", paths.join(":"))]);
    if paths.len() == 1 {
        return all();
    }
    // One by one since Linux 6.7; before, all in one text, of which the kernel takes 255 bytes.
    match with(paths.iter().map(|path| format!("lowerdir+={path}")).collect()) {
        Err(fault) if fault.errno() == Some(22) => all(),
        laid => laid,
    }
}

/// A name for what a descriptor is open on, whatever becomes of its own name.
pub(super) fn by_number(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}
