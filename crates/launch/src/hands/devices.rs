//! Device nodes and the links beside them.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Result};
use plan::{Node, NodeKind};
use rustix::fs::{AtFlags, FileType, Gid, Mode, Uid, chmodat, chownat, makedev, mknodat};
use rustix::io::Errno;

use super::{Hands, mount};
use crate::rootfs::Links;

impl Hands<'_> {
    /// Makes the nodes, or binds the host's.
    pub(super) fn make_devices(&self, nodes: &[Node], bind: bool) -> Result<()> {
        for node in nodes {
            let made = if bind { self.bind_device(node) } else { self.make_device(node) };
            made.map_err(|fault| fault.during(format!("make device `{}`", node.path.display())))?;
        }
        Ok(())
    }

    fn make_device(&self, node: &Node) -> Result<()> {
        let (folder, name) = self.device_folder(&node.path)?;
        let (kind, number) = raw(node.kind);
        let mode = Mode::from_raw_mode(node.mode);
        match mknodat(&folder, &name, kind, mode, number) {
            Ok(()) => {}
            // The image may have one already: ours, or it has to be another.
            Err(Errno::EXIST) => return check_same(&folder, &name, node),
            Err(err) => return Err(err).doing(|| "make the node"),
        }
        if node.mode & 0o7000 != 0 {
            chmodat(&folder, &name, mode, AtFlags::empty()).doing(|| "set its mode")?;
        }
        if (node.uid, node.gid) == (0, 0) {
            return Ok(());
        }
        let (uid, gid) = (Uid::from_raw(node.uid), Gid::from_raw(node.gid));
        chownat(&folder, &name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).doing(|| "set its owner")
    }

    /// The folder of a node: of ordinary folders only. An image in which `/dev` leads elsewhere would have
    /// us make devices there (CVE-2026-41579, CVE-2026-47766).
    fn device_folder(&self, path: &Path) -> Result<(OwnedFd, std::path::PathBuf)> {
        self.root()?
            .parent(path, Links::Refuse)
            .doing(|| format!("find the folder of `{}`", path.display()))
            .map_err(|fault| match fault.errno() {
                Some(40) => {
                    fault.hint("in the root folder there is a symbolic link on the way, and must not be")
                }
                _ => fault,
            })
    }

    fn bind_device(&self, node: &Node) -> Result<()> {
        let tree = mount::clone_tree(&node.path, false)?;
        let target =
            self.root()?.make_file(&node.path, Links::Refuse).doing(|| "make a file to bind it on")?;
        mount::attach(tree.as_fd(), target.as_fd()).doing(|| "bind the host's")
    }

    /// Source: config-linux.md, "Default Devices"; runtime-linux.md, "File descriptors".
    pub(super) fn make_links(&self) -> Result<()> {
        const LINKS: [(&str, &str); 5] = [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ];
        let (folder, _) = self.device_folder(Path::new("/dev/null"))?;
        for (name, target) in LINKS {
            link(&folder, name, target).doing(|| format!("link `/dev/{name}`"))?;
        }
        Ok(())
    }
}

fn link(folder: &OwnedFd, name: &str, target: &str) -> io::Result<()> {
    match rustix::fs::symlinkat(target, folder, name) {
        Err(Errno::EXIST) => {}
        other => return Ok(other?),
    }
    if rustix::fs::readlinkat(folder, name, Vec::new())
        .is_ok_and(|there| there.to_bytes() == target.as_bytes())
    {
        return Ok(());
    }
    // A node or a file of the image's own stands here. It goes by name from the folder that we hold.
    rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
    Ok(rustix::fs::symlinkat(target, folder, name)?)
}

fn raw(kind: NodeKind) -> (FileType, u64) {
    match kind {
        NodeKind::Char(major, minor) => (FileType::CharacterDevice, makedev(major, minor)),
        NodeKind::Block(major, minor) => (FileType::BlockDevice, makedev(major, minor)),
        NodeKind::Fifo => (FileType::Fifo, 0),
    }
}

fn check_same(folder: &OwnedFd, name: &Path, node: &Node) -> Result<()> {
    let stat =
        rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).doing(|| "look at what is there")?;
    let (kind, number) = raw(node.kind);
    let same =
        FileType::from_raw_mode(stat.st_mode) == kind && (kind == FileType::Fifo || stat.st_rdev == number);
    if same {
        return Ok(());
    }
    let path = node.path.display();
    Err(Fault::invalid(path, "the root folder has something else in its place")
        .hint("remove it from the root folder, or mount a tmpfs on `/dev`"))
}
