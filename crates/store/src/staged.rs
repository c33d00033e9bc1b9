//! Things that are being made, where nobody looks for them.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use rustix::fs::FlockOperation;
use serde::Serialize;

use sys::remove_tree::remove_tree;

use crate::{Store, files, lock};

/// A file or folder that has no name yet. Dropped, it goes; killed, it goes with the next collection.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    /// Locked: somebody is at work on it.
    handle: File,
    published: bool,
}

impl Store {
    /// An empty file.
    pub fn stage_file(&self) -> Result<Staged> {
        self.stage(files::create)
    }

    /// An empty folder, of mode 0700.
    pub fn stage_folder(&self) -> Result<Staged> {
        self.stage(|path| {
            DirBuilder::new().mode(0o700).create(path)?;
            File::open(path)
        })
    }

    fn stage(&self, make: impl Fn(&Path) -> io::Result<File>) -> Result<Staged> {
        let path = self.at("staging").join(files::random_name());
        let doing = || format!("make `{}`", path.display());
        // Between its making and its lock it would look abandoned.
        let _shared = self.shared()?;
        let handle = make(&path).doing(doing)?;
        lock::wait(&handle, FlockOperation::LockExclusive).doing(doing)?;
        Ok(Staged { path, handle, published: false })
    }

    /// Writes a file that is there as a whole or not at all, also after a power cut. The caller holds the lock,
    /// exclusive or not: so nobody takes what is half written for left.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.replace_soon(path, bytes)?;
        files::sync_folder_of(path).doing(|| format!("write `{}`", path.display()))
    }

    /// The same, but that after a power cut the former one may be there.
    pub(crate) fn replace_soon(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.put_at(path, bytes, true)
    }

    fn put_at(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<()> {
        let new = self.at("staging").join(files::random_name());
        let synced = |file: &File| if sync { file.sync_all() } else { Ok(()) };
        let written = files::create(&new)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| synced(&file)))
            .and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written.doing(|| format!("write `{}`", path.display()))
    }

    /// The same for a value, as JSON.
    pub(crate) fn replace_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<()> {
        let doing = || format!("write `{}`", path.display());
        self.replace(path, &serde_json::to_vec(value).map_err(io::Error::from).doing(doing)?)
    }

    /// The same, but that after a power cut it may be there, empty, or not at all.
    pub(crate) fn note_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<()> {
        let doing = || format!("write `{}`", path.display());
        self.put_at(path, &serde_json::to_vec(value).map_err(io::Error::from).doing(doing)?, false)
    }

    /// Removes what processes that have ended left behind. The caller keeps others from making new ones.
    pub(crate) fn sweep(&self) -> Result<()> {
        // Of claims, those that wait look again: nobody holds one that was removed.
        for folder in ["staging", "claims"].map(|name| self.at(name)) {
            for name in files::names_in(&folder)? {
                let path = folder.join(name);
                let Ok(file) = File::open(&path) else { continue };
                if !lock::abandoned(&file) {
                    continue;
                }
                match remove_tree(&path) {
                    // Somebody has mounted something in it, and is not done with that.
                    Err(err) if err.kind() == io::ErrorKind::CrossesDevices => {}
                    removed => removed.doing(|| format!("remove `{}`", path.display()))?,
                }
            }
        }
        self.sweep_names()
    }
}

impl Staged {
    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, or the folder.
    pub fn handle(&self) -> &File {
        &self.handle
    }

    /// Gives it its name; it has been synced, and the folder of its name will be. A folder that is there already is as good as this one.
    pub(crate) fn publish(mut self, at: &Path) -> Result<()> {
        let doing = || format!("rename `{}` to `{}`", self.path.display(), at.display());
        match fs::rename(&self.path, at) {
            Err(err) if is_there(&err) && at.is_dir() => return Ok(()),
            renamed => renamed.doing(doing)?,
        }
        self.published = true;
        Ok(())
    }
}

fn is_there(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists)
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            let _ = remove_tree(&self.path);
        }
    }
}
