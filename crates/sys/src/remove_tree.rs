//! Removing a folder with all that is in it, and nothing else: no link is followed, and nothing that is mounted is entered.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2, renameat, unlinkat,
};
use rustix::io::Errno;

/// Folders in folders that are open at once; those that are deeper are moved up.
const DEEPEST: usize = 64;
/// So often a folder may fill again while it is emptied.
const TRIES: usize = 1000;

/// Removes a folder, or a file. One that is not there is removed.
///
/// # Errors
/// `CrossesDevices`: something is mounted there, or in it. What is mounted is as it was.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let name = std::ffi::CString::new(name.as_encoded_bytes())?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = match openat(CWD, parent, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        parent => parent?,
    };
    Ok(remove(parent.as_fd(), &name, None)?)
}

/// The folder that the deepest ones are moved to, and how many of them there are.
struct Top<'a> {
    folder: BorrowedFd<'a>,
    depth: usize,
}

/// `top`: nothing for what is to be the top itself.
fn remove(at: BorrowedFd<'_>, name: &CStr, top: Option<&Top<'_>>) -> rustix::io::Result<()> {
    match unlinkat(at, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(Errno::BUSY) => return Err(Errno::XDEV),
        Err(err) => return Err(err),
    }
    remove_folder(at, name, top)
}

fn remove_folder(at: BorrowedFd<'_>, name: &CStr, top: Option<&Top<'_>>) -> rustix::io::Result<()> {
    match unlinkat(at, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::NOTEMPTY | Errno::EXIST) => {}
        // It is in use as a mount point.
        Err(Errno::BUSY) => return Err(Errno::XDEV),
        Err(err) => return Err(err),
    }
    if let Some(top) = top.filter(|top| top.depth >= DEEPEST) {
        return move_up(at, name, top.folder);
    }
    let folder = open(at, name)?;
    let own = Top {
        folder: top.map_or(folder.as_fd(), |top| top.folder),
        depth: top.map_or(0, |top| top.depth) + 1,
    };
    for _ in 0..TRIES {
        empty(&folder, &own)?;
        match unlinkat(at, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            // Somebody has put something there; or, at the top, we have.
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            Err(err) => return Err(err),
        }
    }
    Err(Errno::NOTEMPTY)
}

fn open(at: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
    openat2(at, name, flags, Mode::empty(), resolve)
}

fn empty(folder: &OwnedFd, top: &Top<'_>) -> rustix::io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        match entry.file_type() {
            FileType::Directory => remove_folder(folder.as_fd(), name, Some(top))?,
            FileType::Unknown => remove(folder.as_fd(), name, Some(top))?,
            _ => match unlinkat(folder, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::BUSY) => return Err(Errno::XDEV),
                Err(Errno::ISDIR) => remove(folder.as_fd(), name, Some(top))?,
                Err(err) => return Err(err),
            },
        }
    }
    Ok(())
}

/// Moves a folder to the top, under a name that nobody has there; what is mounted cannot be moved.
fn move_up(at: BorrowedFd<'_>, name: &CStr, top: BorrowedFd<'_>) -> rustix::io::Result<()> {
    for number in 0..=u32::MAX {
        match renameat(at, name, top, format!(".deep-{number}")) {
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::BUSY) => return Err(Errno::XDEV),
            moved => return moved,
        }
    }
    Err(Errno::EXIST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("nagaya-tree-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn links_stay_links() {
        let folder = scratch("links");
        let tree = folder.join("tree");
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::write(folder.join("kept"), "kept").unwrap();
        symlink(&folder, tree.join("a/up")).unwrap();
        symlink("/nowhere", tree.join("dangling")).unwrap();
        fs::write(tree.join("a/b/file"), "x").unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists() && folder.join("kept").exists());
        remove_tree(&tree).unwrap();
        symlink(folder.join("kept"), &tree).unwrap();
        remove_tree(&tree).unwrap();
        assert!(folder.join("kept").exists() && fs::symlink_metadata(&tree).is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    /// Deeper than descriptors and paths go.
    #[test]
    fn deep_ones() {
        let folder = scratch("deep");
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at = openat(CWD, &folder, flags, Mode::empty()).unwrap();
        for level in 0..5000 {
            for name in ["deeper", "other", ".deep-0"] {
                if name == "deeper" || level % 100 == 0 {
                    rustix::fs::mkdirat(&at, name, Mode::from_raw_mode(0o700)).unwrap();
                }
            }
            at = openat(&at, "deeper", flags, Mode::empty()).unwrap();
        }
        drop(at);
        remove_tree(&folder).unwrap();
        assert!(!folder.exists());
    }
}
