//! The built-in image `host`: this machine's own root, read-only below, and a layer for changes on top.
//!
//! Where an ordinary user asks, the kernel lays no overlay over a folder in which somebody else has mounted
//! something: by it, one could see what is covered (CVE-2021-3732). So the root is an empty folder then, and
//! each folder in it that can be is a layer of its own.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use plan::{Hidden, Overlay, Stub};

use crate::mounts::mount;
use crate::secrets::secrets;

/// What is part of a system. Everything else in `/` is somebody's own.
const SYSTEM: [&str; 20] = [
    "bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt", "var", "nix", "gnu", "dev",
    "proc", "sys", "home", "root", "run", "tmp", "srv",
];

/// File systems that hold no files of the system: views of the kernel, memory, doors to others.
const NO_FILES: [&str; 28] = [
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "tmpfs",
    "ramfs",
    "cgroup",
    "cgroup2",
    "mqueue",
    "hugetlbfs",
    "debugfs",
    "tracefs",
    "securityfs",
    "selinuxfs",
    "configfs",
    "fusectl",
    "pstore",
    "efivarfs",
    "bpf",
    "binfmt_misc",
    "autofs",
    "rpc_pipefs",
    "nfsd",
    "nsfs",
    "fuse.lxcfs",
    "fuse.portal",
    "fuse.gvfsd-fuse",
    "resctrl",
];

/// This machine's root, as a container gets it.
#[derive(Debug)]
pub(crate) struct HostImage {
    pub(crate) overlay: Overlay,
    /// Files that are mounts of their own.
    pub(crate) files: Vec<oci::Mount>,
    /// What is hidden of what is here, and why.
    pub(crate) reasons: Vec<(PathBuf, &'static str)>,
}

/// File systems that overlayfs does not write to: overlayfs, NFS, FUSE. Source: linux/magic.h.
const NOT_WRITTEN_TO: [u64; 3] = [0x794c_7630, 0x6969, 0x6573_5546];

/// A folder that overlayfs may be able to write to. It, and the last folders of its path, need not be there yet.
fn can_keep(changes: &Path) -> bool {
    let there = changes.ancestors().find_map(|path| rustix::fs::statfs(path).ok());
    there.is_some_and(|stat| !NOT_WRITTEN_TO.contains(&stat.f_type.cast_unsigned()))
}

/// Looks at this machine; nothing is done yet. What is written goes to the folder `changes`, where that can be.
pub(crate) fn look(in_user_namespace: bool, changes: &Path) -> Result<HostImage> {
    let table = fs::read("/proc/self/mountinfo").doing(|| "read `/proc/self/mountinfo`")?;
    let points = mount_points(&table);
    let all = hidden()?;
    let reasons = all.iter().map(|(path, _, why)| (path.clone(), *why)).collect();
    let hidden = all.into_iter().map(|(path, hidden, _)| (path, hidden)).collect();
    let mut parts = Parts { points, hidden, layers: Vec::new(), stubs: Vec::new(), files: Vec::new() };
    if in_user_namespace {
        parts.split(Path::new("/"))?;
    } else {
        parts.whole();
    }
    let Parts { hidden, layers, stubs, files, .. } = parts;
    let changes = can_keep(changes).then(|| changes.to_path_buf());
    let overlay = Overlay { layers, hidden, changes, size: None, userxattr: in_user_namespace, stubs };
    Ok(HostImage { overlay, files, reasons })
}

/// What becomes of the parts of this machine's root.
struct Parts {
    points: Vec<(PathBuf, bool)>,
    hidden: Vec<(PathBuf, Hidden)>,
    layers: Vec<(PathBuf, PathBuf)>,
    stubs: Vec<(PathBuf, Stub)>,
    files: Vec<oci::Mount>,
}

impl Parts {
    /// A layer over the root, and one over each further file system that has files of the system.
    fn whole(&mut self) {
        self.layer(Path::new("/"));
        let points: Vec<_> = self.points.iter().filter(|(_, files)| *files).cloned().collect();
        for (point, _) in points {
            if point != Path::new("/") && self.hides(&point).is_none() && point.is_dir() {
                self.layer(&point);
            }
        }
    }

    fn layer(&mut self, path: &Path) {
        self.layers.push((path.to_path_buf(), path.to_path_buf()));
    }

    /// What hides a path: itself, or a folder that it is in.
    fn hides(&self, path: &Path) -> Option<&(PathBuf, Hidden)> {
        self.hidden.iter().find(|(hidden, _)| path.starts_with(hidden))
    }

    /// Something is mounted below it.
    fn has_mounts_below(&self, path: &Path) -> bool {
        self.points.iter().any(|(point, _)| point != path && point.starts_with(path))
    }

    /// Puts each entry of a folder in its place by itself.
    fn split(&mut self, folder: &Path) -> Result<()> {
        self.stubs.push((folder.to_path_buf(), Stub::Folder(0o755)));
        let mut entries: Vec<_> = fs::read_dir(folder)
            .doing(|| format!("read `{}`", folder.display()))?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        entries.iter().try_for_each(|path| self.entry(path))
    }

    fn entry(&mut self, path: &Path) -> Result<()> {
        match self.hides(path) {
            Some((_, Hidden::Gone)) => return Ok(()),
            Some((_, Hidden::Empty(mode))) => {
                let mode = *mode;
                self.stubs.push((path.to_path_buf(), Stub::Folder(mode)));
                return Ok(());
            }
            None => {}
        }
        let Ok(meta) = fs::symlink_metadata(path) else { return Ok(()) };
        if meta.is_symlink() {
            let to = fs::read_link(path).doing(|| format!("read `{}`", path.display()))?;
            self.stubs.push((path.to_path_buf(), Stub::Link(to)));
        } else if meta.is_dir() && self.has_mounts_below(path) && fs::read_dir(path).is_ok() {
            self.split(path)?;
        } else if meta.is_dir() && !self.has_mounts_below(path) {
            self.layer(path);
        } else if meta.is_file() {
            let path = path.display().to_string();
            self.files.push(mount(&path, "bind", &path, "bind,ro,rprivate"));
        }
        Ok(())
    }
}

/// Everything that is to be hidden and is there, as paths without links in them; nothing that lies below
/// another.
fn hidden() -> Result<Vec<(PathBuf, Hidden, &'static str)>> {
    let mut all = strangers()?;
    for secret in secrets() {
        for path in expand(Path::new(secret.path)) {
            // A link may lead to where the secret is; both are hidden.
            let real =
                fs::canonicalize(&path).ok().filter(|real| *real != path && real.components().count() > 2);
            all.extend(real.map(|real| (real, secret.hidden, secret.why)));
            all.push((path, secret.hidden, secret.why));
        }
    }
    all.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let mut kept: Vec<(PathBuf, Hidden, &'static str)> = Vec::with_capacity(all.len());
    for one in all {
        if !kept.iter().any(|(above, ..)| one.0.starts_with(above)) {
            kept.push(one);
        }
    }
    Ok(kept)
}

/// What stands in `/` and is no part of a system; and what the container gets a new one of.
fn strangers() -> Result<Vec<(PathBuf, Hidden, &'static str)>> {
    let mut all: Vec<_> = ["/dev", "/proc", "/sys"]
        .map(|path| (PathBuf::from(path), Hidden::Empty(0o755), "the container has its own"))
        .to_vec();
    for entry in fs::read_dir("/").doing(|| "read `/`")?.flatten() {
        let name = entry.file_name();
        let listed = secrets().iter().any(|secret| Path::new(secret.path) == entry.path());
        if !listed && !SYSTEM.iter().any(|known| name == *known) {
            all.push((entry.path(), Hidden::Gone, "no part of a system: somebody's own files"));
        }
    }
    Ok(all)
}

/// The paths that a pattern stands for, as far as they are there. The folders on the way are real ones.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|name| name.to_str()))
    else {
        return Vec::new();
    };
    let Ok(folder) = fs::canonicalize(folder) else { return Vec::new() };
    let Some((start, end)) = name.split_once('*') else {
        let path = folder.join(name);
        return if path.symlink_metadata().is_ok() { vec![path] } else { Vec::new() };
    };
    let fits = |name: &[u8]| {
        name.len() >= start.len() + end.len()
            && name.starts_with(start.as_bytes())
            && name.ends_with(end.as_bytes())
    };
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    entries.filter(|entry| fits(entry.file_name().as_bytes())).map(|entry| entry.path()).collect()
}

/// Where something is mounted, outermost first, and whether that has files of the system.
///
/// Source: proc_pid_mountinfo(5): the fifth field, and the first one behind ` - `.
fn mount_points(table: &[u8]) -> Vec<(PathBuf, bool)> {
    let mut points: Vec<(PathBuf, bool)> = Vec::new();
    for line in String::from_utf8_lossy(table).lines() {
        let Some((front, back)) = line.split_once(" - ") else { continue };
        let Some(point) = front.split(' ').nth(4) else { continue };
        let kind = back.split(' ').next().unwrap_or_default();
        let point = PathBuf::from(unescape(point));
        // What was mounted there last is what is seen.
        points.retain(|(other, _)| *other != point);
        points.push((point, !NO_FILES.contains(&kind)));
    }
    points.sort();
    points
}

/// `\040` and the like stand for characters that would end a field.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                plain.push(char::from(code));
                plain.push_str(&part[3..]);
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_as_the_kernel_writes_them() {
        let table =
            b"27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 0:3 / /usr\\040x rw shared:1 - btrfs x rw\n\
                      29 27 0:4 / /proc rw - proc proc rw\nbroken\n30 27 0:5 / /usr\\040x rw - tmpfs t rw\n";
        let points = mount_points(table);
        assert_eq!(
            points,
            [("/", true), ("/proc", false), ("/usr x", false)]
                .map(|(path, files)| (PathBuf::from(path), files))
        );
    }

    #[test]
    fn what_is_hidden_is_said_once_and_the_system_stays() {
        let hidden = hidden().unwrap();
        for (at, (path, ..)) in hidden.iter().enumerate() {
            assert!(path.is_absolute());
            assert!(!hidden[..at].iter().any(|(above, ..)| path.starts_with(above)), "{path:?}");
        }
        for stays in ["/usr", "/etc", "/etc/passwd", "/bin", "/lib", "/var", "/etc/group"] {
            assert!(!hidden.iter().any(|(path, ..)| Path::new(stays).starts_with(path)), "{stays}");
        }
        assert!(hidden.iter().any(|(path, ..)| path == Path::new("/root")));
    }

    #[test]
    fn patterns() {
        assert_eq!(
            expand(Path::new("/etc/passw*")).iter().filter(|path| path.ends_with("passwd")).count(),
            1
        );
        assert!(expand(Path::new("/nowhere/x*")).is_empty());
    }
}
