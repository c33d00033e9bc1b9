//! A root folder, as a descriptor. Every path in it is resolved once, by the kernel, inside it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, mkdirat, openat2};
use rustix::io::Errno;

/// The root of a container. There is no way from it to a path of the host: that is the point.
#[derive(Debug)]
pub struct RootFd(OwnedFd);

/// What to do about symbolic links on the way. Magic links, which lead anywhere, are refused in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Follow them, with `/` and `..` ending at the root.
    Follow,
    /// Refuse them (`ELOOP`).
    Refuse,
}

/// Links on one way that lead to nothing yet, as many as the kernel follows (`MAXSYMLINKS`).
const MOST_LINKS: u8 = 40;

impl Links {
    fn resolve(self) -> ResolveFlags {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        if self == Links::Refuse { resolve | ResolveFlags::NO_SYMLINKS } else { resolve }
    }
}

impl RootFd {
    /// The folder that `root` is open on.
    pub fn new(root: OwnedFd) -> RootFd {
        RootFd(root)
    }

    /// Opens a path in it.
    pub(crate) fn open(&self, path: &Path, flags: OFlags, links: Links) -> io::Result<OwnedFd> {
        let path = inside(path);
        // Somebody renames a folder above while the kernel walks: it cannot tell, and asks us to try again.
        for _ in 0..64 {
            match openat2(&self.0, &path, flags | OFlags::CLOEXEC, Mode::empty(), links.resolve()) {
                Err(Errno::AGAIN) => {}
                other => return Ok(other?),
            }
        }
        Err(Errno::AGAIN.into())
    }

    /// A descriptor that names whatever is at a path, without opening it. A link at the end is followed, or meant itself.
    pub fn find_any(&self, path: &Path, follow: bool) -> io::Result<OwnedFd> {
        let flags = if follow { OFlags::PATH } else { OFlags::PATH | OFlags::NOFOLLOW };
        self.open(path, flags, Links::Follow)
    }

    /// The folder at a path; with `make`, it is made with all its parents if it is not there.
    pub fn folder(&self, path: &Path, make: bool) -> io::Result<OwnedFd> {
        if make {
            return self.make_folder(path, Links::Follow);
        }
        self.open(path, OFlags::PATH | OFlags::DIRECTORY, Links::Follow)
    }

    /// A descriptor that names what is at a path, without opening it.
    pub(crate) fn find(&self, path: &Path, links: Links) -> io::Result<OwnedFd> {
        self.open(path, OFlags::PATH, links)
    }

    /// Opens a file of the container for reading, up to `most` bytes of it; nothing but a regular file.
    ///
    /// # Errors
    /// `InvalidInput` for a pipe, a device and the like: opening one of those could wait for ever.
    pub fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        use std::io::Read;
        let file = self.open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, Links::Follow)?;
        let stat = rustix::fs::fstat(&file)?;
        if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let mut bytes = Vec::new();
        std::fs::File::from(file).take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The folder at a path, made with all its parents if it is not there.
    pub(crate) fn make_folder(&self, path: &Path, links: Links) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.open(path, flags, links) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        self.make_folders(&inside(path), links, MOST_LINKS)
    }

    fn make_folders(&self, path: &Path, links: Links, left: u8) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let mut parent = self.open(Path::new("/"), flags, links)?;
        let mut way = PathBuf::new();
        for name in path.components() {
            way.push(name);
            parent = match self.open(&way, flags, links) {
                Err(err) if err.kind() == io::ErrorKind::NotFound => {
                    match mkdirat(&parent, name.as_os_str(), Mode::from_raw_mode(0o755)) {
                        Ok(()) => self.open(&way, flags, links)?,
                        Err(Errno::EXIST) => {
                            let leads_to = leads_to(&parent, &way, links, left)?;
                            self.make_folders(&leads_to, links, left - 1)?;
                            self.open(&way, flags, links)?
                        }
                        Err(err) => return Err(err.into()),
                    }
                }
                other => other?,
            };
        }
        Ok(parent)
    }

    /// The file at a path, made empty if it is not there, its folder too.
    pub(crate) fn make_file(&self, path: &Path, links: Links) -> io::Result<OwnedFd> {
        match self.find(path, links) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        self.make_file_at(&inside(path), links, MOST_LINKS)?;
        self.find(path, links)
    }

    fn make_file_at(&self, path: &Path, links: Links, left: u8) -> io::Result<()> {
        let (parent, name) = self.parent(path, links)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&parent, &name, flags, Mode::from_raw_mode(0o644)) {
            Ok(_) => Ok(()),
            Err(Errno::EXIST) if self.find(path, links).is_err() => {
                let leads_to = leads_to(&parent, path, links, left)?;
                self.make_file_at(&leads_to, links, left - 1)
            }
            Err(Errno::EXIST) => Ok(()),
            Err(err) => Err(err.into()),
        }
    }

    /// The folder that a path is in, made if it is not there, and the path's last name.
    pub(crate) fn parent(&self, path: &Path, links: Links) -> io::Result<(OwnedFd, PathBuf)> {
        let path = inside(path);
        let name = path.file_name().ok_or(Errno::INVAL)?.into();
        Ok((self.make_folder(path.parent().unwrap_or(Path::new("")), links)?, name))
    }
}

impl AsFd for RootFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Where a link leads that has nothing at its end. Found by text, so it is only where something is made: whether the
/// link then leads there is for the kernel to say, inside the root.
fn leads_to(parent: &OwnedFd, way: &Path, links: Links, left: u8) -> io::Result<PathBuf> {
    if links == Links::Refuse || left == 0 {
        return Err(Errno::LOOP.into());
    }
    let name = way.file_name().ok_or(Errno::INVAL)?;
    let target = rustix::fs::readlinkat(parent, name, Vec::new()).map_err(|err| match err {
        // No link: somebody has just made it.
        Errno::INVAL => Errno::EXIST,
        err => err,
    })?;
    let target = Path::new(std::ffi::OsStr::from_bytes(target.to_bytes()));
    Ok(inside(&way.parent().unwrap_or(Path::new("")).join(target)))
}

/// The path without `/` in front, `.` and `..`: the kernel resolves what is left inside the root. Taking
/// `..` out by text first means `a/../b` is `b` even where `a` is a link; a mount's destination is a name,
/// not a walk.
fn inside(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            _ => {}
        }
    }
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> (PathBuf, RootFd) {
        let name = format!("nagaya-rootfs-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(path.join("in")).unwrap();
        std::os::unix::fs::symlink("/etc", path.join("out")).unwrap();
        std::os::unix::fs::symlink("../../../../in", path.join("up")).unwrap();
        let fd = rustix::fs::open(&path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        (path, RootFd::new(fd))
    }

    #[test]
    fn links_end_at_the_root() {
        let (path, root) = root();
        assert_eq!(root.find(Path::new("/out/passwd"), Links::Follow).unwrap_err().raw_os_error(), Some(2));
        assert!(root.find(Path::new("/up"), Links::Follow).is_ok());
        assert_eq!(root.find(Path::new("/up"), Links::Refuse).unwrap_err().raw_os_error(), Some(40));
        root.make_folder(Path::new("/out/../up/a/b"), Links::Follow).unwrap();
        assert!(path.join("in/a/b").is_dir() && !Path::new("/etc/a").exists());
        root.make_file(Path::new("/../../x/file"), Links::Follow).unwrap();
        assert!(path.join("x/file").is_file());
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn what_a_link_leads_to_is_made_inside() {
        let (path, root) = root();
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, path.join(name)).unwrap();
        link("../../nowhere/file", "in/file");
        link("/nowhere/folder", "in/folder");
        link("loop", "loop");
        root.make_file(Path::new("/in/file"), Links::Follow).unwrap();
        assert!(path.join("nowhere/file").is_file());
        root.make_folder(Path::new("/in/folder/below"), Links::Follow).unwrap();
        assert!(path.join("nowhere/folder/below").is_dir() && !Path::new("/nowhere").exists());
        link("/absent", "in/absent");
        assert_eq!(
            root.make_file(Path::new("/in/absent"), Links::Refuse).unwrap_err().raw_os_error(),
            Some(40)
        );
        assert!(!path.join("absent").exists());
        assert_eq!(
            root.make_folder(Path::new("/loop/x"), Links::Follow).unwrap_err().raw_os_error(),
            Some(40)
        );
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn only_regular_files_are_read() {
        let (path, root) = root();
        std::fs::write(path.join("file"), "0123456789").unwrap();
        assert_eq!(root.read(Path::new("/file"), 4).unwrap(), b"0123");
        assert!(root.read(Path::new("/in"), 4).is_err());
        std::fs::remove_dir_all(path).unwrap();
    }
}
