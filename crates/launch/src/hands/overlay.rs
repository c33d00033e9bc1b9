//! The host's own files as a container's root: read-only below, and on top a layer in memory, or in a folder for changes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use plan::{Hidden, Overlay, Stub};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, XattrFlags};
use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::image::by_number;
use super::{Hands, mount};
use crate::rootfs::{Links, RootFd};

impl Hands<'_> {
    /// Lays an overlay over each folder of the host, the first of them the root. If nobody has named a folder for them,
    /// all upper layers are on one tmpfs that is attached nowhere: it goes when the container goes, whatever happens to us.
    pub(crate) fn lay_overlay(&mut self, overlay: &Overlay) -> Result<()> {
        if let Some(changes) = &overlay.changes {
            let trees = lay_all(&folder_for(changes)?, overlay)?;
            return self.put_all(trees, overlay);
        }
        let options = [vec!["mode=755".to_string()], size(overlay)].concat();
        // Overlayfs takes only attached layers before Linux 6.15, so the tmpfs lies over `/` for a moment.
        let memory = mount::new("tmpfs", "nagaya", &options, 0)?;
        let old =
            rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).doing(|| "open `/`")?;
        mount::attach(memory.as_fd(), old.as_fd()).doing(|| "put a tmpfs over `/`")?;
        let trees = lay_all(&memory, overlay);
        // Off again: one mount too many over `/`, and `Pivot` would let go of that one instead of the host's.
        take_off(&memory)?;
        self.put_all(trees?, overlay)
    }

    fn put_all(&mut self, trees: Vec<OwnedFd>, overlay: &Overlay) -> Result<()> {
        let mut trees = trees.into_iter();
        if overlay.stubs.is_empty() {
            trees.next().map_or(Ok(()), |root| self.put_over_root(root))?;
        } else {
            let options = [vec!["mode=755".to_string()], size(overlay)].concat();
            self.put_over_root(mount::new("tmpfs", "nagaya", &options, 0)?)?;
            self.make_stubs(&overlay.stubs)?;
        }
        let first = usize::from(overlay.stubs.is_empty());
        for (tree, (_, at)) in trees.zip(&overlay.layers[first..]) {
            let target =
                self.root()?.make_folder(at, Links::Refuse).doing(|| format!("find `{}`", at.display()))?;
            mount::attach(tree.as_fd(), target.as_fd()).doing(|| format!("put it on `{}`", at.display()))?;
            self.layers.push(tree);
        }
        Ok(())
    }

    fn make_stubs(&self, stubs: &[(PathBuf, Stub)]) -> Result<()> {
        for (path, stub) in stubs {
            let doing = || format!("make `{}`", path.display());
            match stub {
                Stub::Folder(mode) => {
                    let folder = self.root()?.make_folder(path, Links::Refuse).doing(doing)?;
                    rustix::fs::chmod(by_number(folder.as_fd()), Mode::from_raw_mode(*mode)).doing(doing)?;
                }
                Stub::Link(to) => {
                    let (parent, name) = self.root()?.parent(path, Links::Refuse).doing(doing)?;
                    rustix::fs::symlinkat(to, &parent, &name).doing(doing)?;
                }
            }
        }
        Ok(())
    }
}

fn size(overlay: &Overlay) -> Vec<String> {
    overlay.size.iter().map(|bytes| format!("size={bytes}")).collect()
}

fn lay_all(memory: &OwnedFd, overlay: &Overlay) -> Result<Vec<OwnedFd>> {
    let lay = |(lower, at): &(PathBuf, PathBuf)| {
        let layer = Layer::make(memory, at, lower)?;
        layer.hide(lower, at, overlay)?;
        layer.lay(lower, overlay.userxattr)
    };
    overlay.layers.iter().map(lay).collect()
}

/// The folder for changes. What is in it is an earlier start's, and stays.
fn folder_for(path: &Path) -> Result<OwnedFd> {
    let doing = || format!("make the folder for changes `{}`", path.display());
    match rustix::fs::mkdir(path, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(err) => return Err(err).doing(doing),
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).doing(doing)
}

/// Takes a mount off `/` again, that lay over it for a moment. The overlays hold it by themselves.
pub(super) fn take_off(mount: &OwnedFd) -> Result<()> {
    let doing = || "take a layer off `/`";
    rustix::process::fchdir(mount).doing(doing)?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).doing(doing)?;
    rustix::process::chdir("/").doing(doing)
}

/// One upper layer.
struct Layer {
    upper: RootFd,
    work: OwnedFd,
}

impl Layer {
    /// One of an earlier start is as that has left it.
    fn make(base: &OwnedFd, at: &Path, lower: &Path) -> Result<Layer> {
        let doing = || format!("make a layer for `{}`", at.display());
        for name in ["upper", "work"] {
            make_folder(base, Path::new(name)).doing(doing)?;
        }
        let (upper, is_new) = make_folder(base, &plan::upper_of(at)).doing(doing)?;
        let (work, _) = make_folder(base, &plan::work_of(at)).doing(doing)?;
        let layer = Layer { upper: RootFd::new(upper), work };
        if is_new {
            layer.be_like(lower)?;
        }
        Ok(layer)
    }

    /// The top of the layer is what is seen of its folder: with the mode and owner that it has below.
    fn be_like(&self, lower: &Path) -> Result<()> {
        let doing = || format!("look at `{}`", lower.display());
        let stat = rustix::fs::stat(lower).doing(doing)?;
        own(self.upper.as_fd(), Path::new("."), &stat).doing(doing)
    }

    /// Puts stand-ins for what cannot be seen into the layer, where the overlay finds them first.
    fn hide(&self, lower: &Path, at: &Path, overlay: &Overlay) -> Result<()> {
        let others = overlay.layers.iter().map(|(_, other)| other).filter(|other| *other != at);
        for (path, hidden) in &overlay.hidden {
            let Ok(inside) = path.strip_prefix(at) else { continue };
            let deeper = others.clone().any(|other| other.starts_with(at) && path.starts_with(other));
            let doing = || format!("hide `{}`", path.display());
            let there = rustix::fs::lstat(lower.join(inside));
            if deeper || inside.as_os_str().is_empty() || there.is_err() {
                continue;
            }
            match self.hide_one(lower, inside, *hidden, overlay.userxattr) {
                // In an earlier life the container has put something of its own there, or on the way to it.
                Err(err) if OWN.iter().any(|own| err.raw_os_error() == Some(own.raw_os_error())) => {}
                hid => hid.doing(doing)?,
            }
        }
        Ok(())
    }

    fn hide_one(&self, lower: &Path, inside: &Path, hidden: Hidden, userxattr: bool) -> io::Result<()> {
        self.copy_parents(lower, inside)?;
        let (parent, name) = self.upper.parent(inside, Links::Refuse)?;
        match hidden {
            Hidden::Gone => whiteout(&parent, &name),
            Hidden::Empty(mode) => empty(&parent, &name, mode, userxattr),
        }
    }

    /// Folders on the way get the mode and owner that they have below: the upper one's count.
    fn copy_parents(&self, lower: &Path, inside: &Path) -> io::Result<()> {
        let mut parents: Vec<_> =
            inside.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).collect();
        parents.reverse();
        for path in parents {
            let stat = rustix::fs::stat(lower.join(path))?;
            let (parent, name) = self.upper.parent(path, Links::Refuse)?;
            match rustix::fs::mkdirat(&parent, &name, Mode::from_raw_mode(stat.st_mode)) {
                Ok(()) => own(parent.as_fd(), &name, &stat)?,
                Err(Errno::EXIST) => {}
                Err(err) => return Err(err.into()),
            }
        }
        Ok(())
    }

    fn lay(&self, lower: &Path, userxattr: bool) -> Result<OwnedFd> {
        let lower_fd =
            rustix::fs::openat(CWD, lower, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .doing(|| format!("open `{}`", lower.display()))?;
        let mut options = vec![
            format!("lowerdir={}", by_number(lower_fd.as_fd())),
            format!("upperdir={}", by_number(self.upper.as_fd())),
            format!("workdir={}", by_number(self.work.as_fd())),
        ];
        if userxattr {
            options.push("userxattr".to_string());
        }
        mount::new("overlay", "nagaya", &options, 0)
    }
}

/// Something is there, a file or a link.
const OWN: [Errno; 3] = [Errno::EXIST, Errno::NOTDIR, Errno::LOOP];

/// A folder, and whether it is new.
fn make_folder(at: &OwnedFd, name: &Path) -> io::Result<(OwnedFd, bool)> {
    let made = match rustix::fs::mkdirat(at, name, Mode::from_raw_mode(0o755)) {
        Err(Errno::EXIST) => false,
        made => made.map(|()| true)?,
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok((rustix::fs::openat(at, name, flags, Mode::empty())?, made))
}

fn own(parent: BorrowedFd<'_>, name: &Path, stat: &rustix::fs::Stat) -> io::Result<()> {
    let (uid, gid) = (rustix::fs::Uid::from_raw(stat.st_uid), rustix::fs::Gid::from_raw(stat.st_gid));
    rustix::fs::chmodat(parent, name, Mode::from_raw_mode(stat.st_mode), AtFlags::empty())?;
    // In a user namespace not every owner can be given; the folder is the mapped root's then.
    let _ = rustix::fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::empty());
    Ok(())
}

/// "Not there": a character device 0:0. Source: overlayfs.rst, "whiteouts and opaque directories".
fn whiteout(parent: &OwnedFd, name: &Path) -> io::Result<()> {
    Ok(rustix::fs::mknodat(parent, name, FileType::CharacterDevice, Mode::empty(), 0)?)
}

/// A folder that does not let what is below shine through.
fn empty(parent: &OwnedFd, name: &Path, mode: u32, userxattr: bool) -> io::Result<()> {
    rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(mode))?;
    rustix::fs::chmodat(parent, name, Mode::from_raw_mode(mode), AtFlags::empty())?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    let attribute = if userxattr { "user.overlay.opaque" } else { "trusted.overlay.opaque" };
    Ok(rustix::fs::fsetxattr(&folder, attribute, b"y", XattrFlags::empty())?)
}
