//! Names: what people call images.

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use oci::image::{Digest, Reference};
use serde::{Deserialize, Serialize};

use crate::{Exclusive, Store, files};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Named {
    /// The image's id.
    pub image: Digest,
    /// What the registry or archive answered to the name: the digest of a manifest, or of an index.
    pub target: Digest,
    /// A registry has answered so to this name, not an archive.
    #[serde(default)]
    pub in_registry: bool,
}

impl Store {
    /// What a name stands for. One file is read, however many names there are.
    pub fn name(&self, name: &Reference) -> Result<Option<Named>> {
        files::read_json(&self.name_path(name))
    }

    /// The same; or, for a name with a digest, what has a tag in the same repository to which a registry answered so.
    pub(crate) fn name_or_answer(&self, name: &Reference) -> Result<Option<Named>> {
        let named = self.name(name)?;
        let Some(digest) = name.digest().filter(|_| named.is_none()) else { return Ok(named) };
        let folder = self.name_folder(name);
        for entry in files::names_in(&folder)?.iter().filter(|entry| entry.starts_with(':')) {
            let named = files::read_json::<Named>(&folder.join(entry))?;
            if let Some(named) = named.filter(|named| named.in_registry && named.target == *digest) {
                return Ok(Some(named));
            }
        }
        Ok(None)
    }

    /// Gives a name to an image, and takes it from the one that had it.
    pub fn set_name(&self, name: &Reference, named: &Named, lock: &Exclusive) -> Result<()> {
        let path = self.name_path(name);
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).doing(|| format!("make the folder `{}`", folder.display()))?;
        self.index_will_change(lock)?;
        self.replace_json(&path, named)
    }

    /// Removes a name, and the folders that have no name in them any more.
    pub fn remove_name(&self, name: &Reference, lock: &Exclusive) -> Result<()> {
        let path = self.name_path(name);
        self.index_will_change(lock)?;
        files::remove(&path)?;
        let names = self.at("references");
        for folder in path.ancestors().skip(1).take_while(|folder| **folder != names) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Removes folders of names that somebody was killed in before he had put a name there, or removed the folder.
    pub(crate) fn sweep_names(&self) -> Result<()> {
        remove_empty(&self.at("references"))
    }

    /// All names, in order. For commands that show or clean all.
    pub fn names(&self) -> Result<Vec<(Reference, Named)>> {
        let mut names = Vec::new();
        for (text, path) in self.name_files()? {
            // What is no name is nobody's: `check` tells of it.
            let Ok(name) = text.parse::<Reference>() else { continue };
            names.extend(files::read_json(&path)?.map(|named| (name, named)));
        }
        names.sort_by_cached_key(|(name, _)| name.to_string());
        Ok(names)
    }

    /// The file of each, with the name as its place has it.
    pub(crate) fn name_files(&self) -> Result<Vec<(String, PathBuf)>> {
        let mut found = Vec::new();
        walk(&self.at("references"), "", &mut found)?;
        Ok(found)
    }

    fn name_folder(&self, name: &Reference) -> PathBuf {
        self.at("references").join(name.domain()).join(name.path())
    }

    /// Names with colon and at sign are files, all others folders: `a/b:c` and `a/b/c:d` cannot meet.
    fn name_path(&self, name: &Reference) -> PathBuf {
        let folder = self.name_folder(name);
        match (name.digest(), name.tag()) {
            (Some(digest), _) => folder.join(format!("@{digest}")),
            (None, tag) => folder.join(format!(":{}", tag.unwrap_or("latest"))),
        }
    }
}

fn remove_empty(folder: &Path) -> Result<()> {
    for entry in files::names_in(folder)?.iter().filter(|entry| !entry.starts_with([':', '@'])) {
        let inner = folder.join(entry);
        remove_empty(&inner)?;
        // The kernel refuses it where there is a name.
        let _ = fs::remove_dir(inner);
    }
    Ok(())
}

fn walk(folder: &Path, name: &str, found: &mut Vec<(String, PathBuf)>) -> Result<()> {
    for entry in files::names_in(folder)? {
        let path = folder.join(&entry);
        match entry.chars().next() {
            Some(':' | '@') => found.push((format!("{name}{entry}"), path)),
            _ if name.is_empty() => walk(&path, &entry, found)?,
            _ => walk(&path, &format!("{name}/{entry}"), found)?,
        }
    }
    Ok(())
}
