//! All containers below one root: made, found, renamed and removed.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};

use super::leftovers::GONE;
use super::{Folder, Phase, Record, State, names, short};
use crate::Request;

/// Digits of an id.
const ID_LENGTH: usize = 64;

/// All containers below one root.
#[derive(Debug, Clone)]
pub struct Records {
    root: PathBuf,
}

impl Records {
    /// Those below `root`, which need not exist yet.
    pub fn at(root: &Path) -> Records {
        Records { root: root.to_path_buf() }
    }

    /// Where everything is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn names(&self) -> PathBuf {
        self.root.join("names")
    }

    pub(super) fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// All names that somebody has.
    pub fn all_names(&self) -> Result<Vec<String>> {
        let doing = || "read the names of containers";
        let entries = match fs::read_dir(self.names()) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.doing(doing)?,
        };
        let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().into_string().ok());
        entries.filter_map(|entry| name(entry).transpose()).collect::<io::Result<_>>().doing(doing)
    }

    /// The folder of a container, whether it is there or not.
    pub fn folder(&self, id: &str) -> Folder {
        Folder::at(self.containers().join(id))
    }

    /// Makes a container that nothing is done for yet.
    ///
    /// # Errors
    /// `Exists`, in Docker's words, if somebody has the name.
    pub fn create(&self, id: &str, name: &str, request: Request) -> Result<Record> {
        names::check(name)?;
        for path in [self.root.clone(), self.containers(), self.names()] {
            make_private(&path)?;
        }
        // The folder comes first: a name whose container is not there is free. Until it is written down, it is ours by
        // the lock.
        let folder = self.folder(id);
        let _lock = folder.make()?;
        let request = self.with_ids(request, id)?;
        let record = Record { id: id.to_string(), name: name.to_string(), created: crate::now(), request };
        let made = self.take_name(name, id).and_then(|()| folder.write_record(&record));
        let take_back = || self.forget(&record).and_then(|away| self.remove_gone(id, Some(&record), &away));
        made.inspect_err(|_| drop(take_back()))?;
        Ok(record)
    }

    fn take_name(&self, name: &str, id: &str) -> Result<()> {
        loop {
            if names::take(&self.names(), name, id)?.is_some() {
                return Ok(());
            }
            let holder = names::holder(&self.names(), name)?.unwrap_or_default();
            if !self.sweep(name, &holder)? {
                return Err(taken(name, &holder));
            }
        }
    }

    /// Frees a name whose container is gone, or was never finished. False if somebody has it.
    fn sweep(&self, name: &str, holder: &str) -> Result<bool> {
        let folder = self.folder(holder);
        if !holder.is_empty() && !folder.is_gone()? {
            // Whoever creates it right now holds the lock.
            let Some(_lock) = folder.try_lock()? else { return Ok(false) };
            if folder.record()?.is_some() {
                return Ok(false);
            }
            launch::remove_folder(folder.path(), None)?;
        }
        names::give_back(&self.names(), name, holder)?;
        Ok(true)
    }

    /// Gives a container another name.
    pub fn rename(&self, record: &Record, name: &str) -> Result<()> {
        names::check(name)?;
        let folder = self.folder(&record.id);
        self.take_name(name, &record.id)?;
        let renamed = Record { name: name.to_string(), ..record.clone() };
        folder
            .write_record(&renamed)
            .inspect_err(|_| drop(names::give_back(&self.names(), name, &record.id)))?;
        names::give_back(&self.names(), &record.name, &record.id)
    }

    /// Docker's rule for names.
    ///
    /// # Errors
    /// `Invalid`, in Docker's words.
    pub fn check_name(name: &str) -> Result<()> {
        names::check(name)
    }

    /// There is none that is called like this, in Docker's words.
    pub fn no_such(word: &str) -> Fault {
        let word = fault::visible(word);
        Fault::new(Kind::NotFound, format!("find container `{word}`"))
            .because(format!("No such container: {word}"))
            .hint("`nagaya ps -a` lists all")
    }

    /// By its name, its id, or the first digits of that.
    ///
    /// # Errors
    /// `NotFound` and `Invalid`, in Docker's words.
    pub fn find(&self, word: &str) -> Result<Record> {
        let name = word.strip_prefix('/').unwrap_or(word);
        let id = self.id_of(word)?;
        let record = id.as_ref().map(|id| self.folder(id).record()).transpose()?.flatten();
        if record.is_none()
            && let Some(id) = &id
        {
            // It was never finished.
            self.sweep(name, id)?;
        }
        record.ok_or_else(|| Records::no_such(word))
    }

    /// The id of a container, of which nothing is read, by its name, its id, or the first digits of that; nothing if there
    /// is none.
    ///
    /// # Errors
    /// `Invalid`, in Docker's words.
    pub fn id_of(&self, word: &str) -> Result<Option<String>> {
        let name = word.strip_prefix('/').unwrap_or(word);
        if let Some(id) = self.by_id(name) {
            return Ok(Some(id));
        }
        let holder = if names::check(name).is_ok() { names::holder(&self.names(), name)? } else { None };
        holder.map_or_else(|| self.by_digits(word), |id| Ok(Some(id)))
    }

    fn by_id(&self, word: &str) -> Option<String> {
        (is_id(word) && self.folder(word).path().is_dir()).then(|| word.to_string())
    }

    fn by_digits(&self, word: &str) -> Result<Option<String>> {
        let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits {
            return Ok(None);
        }
        let mut all = self.ids()?.into_iter().filter(|id| id.starts_with(word));
        match (all.next(), all.next()) {
            (Some(_), Some(_)) => Err(Fault::new(Kind::Invalid, format!("find container `{word}`"))
                .because(format!("multiple IDs found with provided prefix: {word}"))
                .hint("type more of its id")),
            (found, _) => Ok(found),
        }
    }

    /// All ids, in no order.
    pub fn ids(&self) -> Result<Vec<String>> {
        let path = self.containers();
        let doing = || format!("read `{}`", path.display());
        let entries = match fs::read_dir(&path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.doing(doing)?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            ids.extend(
                entry.doing(doing)?.file_name().into_string().ok().filter(|name| name.len() == ID_LENGTH),
            );
        }
        Ok(ids)
    }

    /// Ids of those of whose programs something is there, running or not.
    pub fn running(&self) -> HashSet<OsString> {
        let entries = fs::read_dir(self.root.join("run")).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).collect()
    }

    /// Ids of those that have a monitor, or have left something of a program that ran; in no order.
    pub fn watched(&self, running: &HashSet<OsString>) -> Result<Vec<String>> {
        let is_watched = |id: &String| running.contains(OsStr::new(id)) || self.folder(id).socket().exists();
        Ok(self.ids()?.into_iter().filter(is_watched).collect())
    }

    /// All containers, the newest first. What cannot be read is left out, as is what was never finished.
    pub fn all(&self) -> Result<Vec<Record>> {
        let mut all: Vec<_> =
            self.ids()?.iter().filter_map(|id| self.folder(id).record().ok().flatten()).collect();
        all.sort_by(|a, b| b.created.cmp(&a.created));
        Ok(all)
    }

    /// Forgets a container: its name is free, and its folder is out of sight, under a name that is returned, to be
    /// removed with whatever rights that takes.
    pub fn forget(&self, record: &Record) -> Result<PathBuf> {
        let folder = self.folder(&record.id);
        if let Ok(state) = folder.state() {
            let _ = folder.write_state(&State { phase: Phase::Removing, ..state });
        }
        names::give_back(&self.names(), &record.name, &record.id)?;
        self.give_ids_back(record)?;
        self.put_away(&record.id)
    }

    /// Puts a container's folder out of sight.
    pub(super) fn put_away(&self, id: &str) -> Result<PathBuf> {
        let (path, away) = (self.containers().join(id), self.containers().join(format!("{id}{GONE}")));
        match fs::rename(&path, &away) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => {
                Err(err).doing(|| format!("remove `{}`", path.display()))
            }
            _ => Ok(away),
        }
    }
}

/// It is a whole id.
pub(super) fn is_id(word: &str) -> bool {
    word.len() == ID_LENGTH && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A folder that nobody else looks into.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let doing = || format!("make the folder `{}`", path.display());
    match fs::DirBuilder::new().mode(0o700).recursive(true).create(path) {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.doing(doing).map_err(|fault| match fault.kind() {
            Kind::Denied => fault.hint("choose a folder of your own by --root or NAGAYA_ROOT"),
            _ => fault,
        }),
    }
}

/// In Docker's words, which people and programs know.
fn taken(name: &str, holder: &str) -> Fault {
    Fault::new(Kind::Exists, format!("name a container `{name}`"))
        .because(format!(
            "Conflict. The container name \"/{name}\" is already in use by container \"{holder}\". You have to remove (or \
             rename) that container to be able to reuse that name."
        ))
        .hint(format!("`nagaya rm -f {}` removes it", short(holder)))
}
