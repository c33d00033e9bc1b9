//! Files that are there as a whole or not at all, also after a power cut.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use fault::{Doing, Result};
use rustix::rand::{GetRandomFlags, getrandom};
use serde::de::DeserializeOwned;

/// Reads what [`crate::Store::replace_json`] wrote; nothing if it is not there.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let doing = || format!("read `{}`", path.display());
    let Some(bytes) = absent_is_none(fs::read(path)).doing(doing)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from).doing(doing).map_err(|fault| {
        fault.or_hint(Some("`nagaya system check --repair` mends what can be mended".to_string()))
    })
}

/// A file that is not there is no failure.
pub(crate) fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Removes a file that may have been removed already.
pub(crate) fn remove(path: &Path) -> Result<()> {
    absent_is_none(fs::remove_file(path)).map(drop).doing(|| format!("remove `{}`", path.display()))
}

/// A new file for us alone.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// What was renamed into a folder is there after a power cut.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Names of what is in a folder, in no order; none if it is not there.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let doing = || format!("read `{}`", folder.display());
    let Some(entries) = absent_is_none(fs::read_dir(folder)).doing(doing)? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.doing(doing)?.file_name().into_string().ok());
    }
    Ok(names)
}

/// Bytes of all files below a folder, as far as they can be seen.
pub fn size_of(path: &Path) -> u64 {
    let Ok(found) = fs::symlink_metadata(path) else { return 0 };
    if !found.is_dir() {
        // A file with several names goes with the last one.
        return found.len() / found.nlink().max(1);
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size_of(&entry.path())).sum()
}

/// A name that nobody else has.
pub(crate) fn random_name() -> String {
    let mut bytes = [0; 16];
    // The kernel gives as many as this in one piece, and cannot fail once the machine is up.
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    format!("{:032x}", u128::from_ne_bytes(bytes))
}
