//! What is whole and checked gets its name: many things for the price of one sync.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use oci::image::Digest;

use crate::{Folder, Staged, Store, files};

/// Something staged that is as it should be, and where it belongs. Until it has landed nobody finds it.
#[derive(Debug)]
pub struct Ready {
    /// Where it is.
    path: PathBuf,
    /// It is the whole of what was staged.
    staged: Option<Staged>,
    at: PathBuf,
    /// Files in it to sync; of a tree, nobody counts them.
    files: Option<Vec<PathBuf>>,
}

/// More files than this are synced together with everything else on their file system.
const FEW: usize = 8;

/// Digests of files in a folder, a line each, as sha256sum(1) would write them with the name of the algorithm.
pub(crate) const SUMS: &str = "sums";

impl Store {
    /// A blob that was staged before its digest was known; whoever wrote it has computed `digest`.
    pub fn ready_blob(&self, staged: Staged, digest: &Digest) -> Ready {
        let path = staged.path().to_path_buf();
        Ready { staged: Some(staged), ..self.ready_part(path, digest) }
    }

    /// The same for a file in a folder that was staged, and stays until this has landed.
    pub fn ready_part(&self, path: PathBuf, digest: &Digest) -> Ready {
        Ready { files: Some(Vec::new()), path, staged: None, at: self.blob_path(digest) }
    }

    /// A folder. `sums` are the digests of files in it that whoever wrote them has computed: [`Store::check`]
    /// compares.
    pub fn ready_folder(&self, staged: Staged, folder: Folder, sums: &[(&str, Digest)]) -> Result<Ready> {
        let at = self.folder_path(folder);
        let doing = || format!("keep `{}`", at.display());
        let text = sums.iter().fold(String::new(), |mut text, (name, digest)| {
            let _ = writeln!(text, "{digest} {name}");
            text
        });
        fs::write(staged.path().join(SUMS), text).doing(doing)?;
        let files = match folder {
            Folder::Tree(_) => None,
            Folder::Layer(_) | Folder::Root(_) => {
                let names = files::names_in(staged.path())?;
                Some(names.iter().map(|name| staged.path().join(name)).collect())
            }
        };
        Ok(Ready { path: staged.path().to_path_buf(), staged: Some(staged), at, files })
    }

    /// Gives all of them their names, in this order, once they would survive a power cut; so do the names, once it
    /// returns. If it fails, some may have theirs, each of which is whole.
    pub fn land(&self, all: Vec<Ready>) -> Result<()> {
        sync(&all)?;
        let mut folders = BTreeSet::new();
        for Ready { path, staged, at, .. } in all {
            match staged {
                Some(staged) => staged.publish(&at)?,
                None => fs::rename(&path, &at)
                    .doing(|| format!("rename `{}` to `{}`", path.display(), at.display()))?,
            }
            folders.extend(at.parent().map(Path::to_path_buf));
        }
        for folder in folders {
            let synced = File::open(&folder).and_then(|folder| folder.sync_all());
            synced.doing(|| format!("sync the folder `{}`", folder.display()))?;
        }
        Ok(())
    }
}

fn sync(all: &[Ready]) -> Result<()> {
    let doing = |ready: &Ready| format!("sync what will be `{}`", ready.at.display());
    let few = all.iter().try_fold(0, |sum, ready| Some(sum + 1 + ready.files.as_ref()?.len()));
    if few.is_none_or(|files| files > FEW) {
        return all.first().map_or(Ok(()), |ready| {
            let synced = File::open(&ready.path).and_then(|file| Ok(rustix::fs::syncfs(file)?));
            synced.doing(|| doing(ready))
        });
    }
    for ready in all {
        for path in ready.files.iter().flatten().chain([&ready.path]) {
            File::open(path).and_then(|file| file.sync_all()).doing(|| doing(ready))?;
        }
    }
    Ok(())
}
