//! Folders of volumes: made and removed as a whole.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};

use super::Volume;
use crate::volume::config::DATA;

/// What is in front of the name of a folder that is not finished, or is being removed.
const NOT_ONE: char = '.';

/// A folder that nobody else looks into.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let doing = || format!("make the folder `{}`", path.display());
    DirBuilder::new().mode(0o700).recursive(true).create(path).doing(doing)
}

/// Names of all volumes, in order.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = all(folder)?;
    names.retain(|name| !name.starts_with(NOT_ONE));
    names.sort();
    Ok(names)
}

fn all(folder: &Path) -> Result<Vec<String>> {
    let doing = || format!("read `{}`", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.doing(doing)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.doing(doing)?.file_name().into_string().ok());
    }
    Ok(names)
}

/// What a volume was made with; nothing if it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Volume>> {
    let path = path.join("volume.json");
    let doing = || format!("read `{}`", path.display());
    match fs::read(&path) {
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
        bytes => serde_json::from_slice(&bytes.doing(doing)?)
            .map(Some)
            .map_err(|err| Fault::new(Kind::Failed, doing()).because(err)),
    }
}

/// Makes a volume as a whole; one that is there stays. `durable`: it is on the disk when this returns.
pub(super) fn make(folder: &Path, volume: &Volume, durable: bool) -> Result<()> {
    let doing = || format!("make volume `{}`", volume.name);
    let new = folder.join(format!("{NOT_ONE}new-{}", crate::new_id()?));
    let filled = || -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(&new)?;
        DirBuilder::new().mode(0o755).create(new.join(DATA))?;
        let file = File::create(new.join("volume.json"))?;
        serde_json::to_writer(&file, volume)?;
        if durable {
            file.sync_data()?;
            File::open(&new)?.sync_all()?;
        }
        match fs::rename(&new, folder.join(&volume.name)) {
            // It is there.
            Err(err) if matches!(err.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
                fs::remove_dir_all(&new)
            }
            renamed => renamed,
        }?;
        if durable { File::open(folder)?.sync_all() } else { Ok(()) }
    };
    filled().inspect_err(|_| drop(fs::remove_dir_all(&new))).doing(doing)
}

/// Takes a volume out of sight; where it is from then on. Nothing if it is not there.
pub(super) fn take_away(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    let away = folder.join(format!("{NOT_ONE}gone-{}", crate::new_id()?));
    match fs::rename(folder.join(name), &away) {
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
        renamed => renamed.map(|()| Some(away)).doing(|| format!("remove volume `{name}`")),
    }
}

/// What others were killed over: folders that are no volumes. Only for who is alone, and for what is to be removed.
pub(super) fn leftovers(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(all(folder)?.iter().filter(|name| name.starts_with(NOT_ONE)).map(|name| folder.join(name)).collect())
}
