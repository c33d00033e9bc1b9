//! What commands that were killed have left of containers: folders that were never finished or that nobody removes any
//! more, and names of nobody.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fault::{Doing, Result};
use rustix::fs::FlockOperation;
use store::Store;

use super::{Folder, Record, Records, names};
use crate::own_root;

/// How long commands may take until they have locked what they are at work on, and how often to look.
const A_WHILE: Duration = Duration::from_secs(2);
const MOMENT: Duration = Duration::from_millis(20);

/// Behind the id of a container that is being removed.
pub(super) const GONE: &str = ".gone";

impl Records {
    /// Removes what commands that were killed have left; tells what that was, a path each. What somebody is at work with
    /// stays.
    pub fn sweep_leftovers(&self) -> Result<Vec<String>> {
        let mut swept = Vec::new();
        for name in self.entries()? {
            let path = self.containers().join(&name);
            let folder = Folder::at(path.clone());
            let was_left = match name.strip_suffix(GONE) {
                Some(id) => self.remove_gone(id, folder.record().ok().flatten().as_ref(), &path)?,
                None => folder.has_no_record() && self.remove_unfinished(&name, &folder)?,
            };
            swept.extend(was_left.then(|| path.display().to_string()));
        }
        swept.extend(self.sweep_names()?);
        Ok(swept)
    }

    /// There is something that [`Records::sweep_leftovers`] would remove. Commands at work leave such things for a moment, before
    /// they lock them: what is still there after a while, and locked by nobody, was left.
    pub fn has_leftovers(&self) -> bool {
        let (mut left, until) = (self.suspects(), Instant::now() + A_WHILE);
        while !left.is_empty() && Instant::now() < until {
            sleep(MOMENT);
            let now = self.suspects();
            left.retain(|name| now.contains(name));
        }
        left.iter().any(|name| !self.is_at_work(name))
    }

    /// Folders that are out of sight, or that have no record.
    fn suspects(&self) -> Vec<String> {
        let mut all = self.entries().unwrap_or_default();
        all.retain(|name| name.ends_with(GONE) || Folder::at(self.containers().join(name)).has_no_record());
        all
    }

    /// Somebody has it locked, or it is there no more.
    fn is_at_work(&self, name: &str) -> bool {
        let path = self.containers().join(name);
        if !name.ends_with(GONE) {
            return Folder::at(path).is_locked();
        }
        let locked = |folder| rustix::fs::flock(folder, FlockOperation::NonBlockingLockShared).is_err();
        File::open(&path).as_ref().map_or(true, locked)
    }

    fn entries(&self) -> Result<Vec<String>> {
        let path = self.containers();
        let doing = || format!("read `{}`", path.display());
        let entries = match fs::read_dir(&path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.doing(doing)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.doing(doing)?.file_name().into_string().ok());
        }
        Ok(names
            .into_iter()
            .filter(|name| super::find::is_id(name.strip_suffix(GONE).unwrap_or(name)))
            .collect())
    }

    /// Removes a container's folder that is out of sight already, and what images were kept for it. False if somebody
    /// else does.
    pub(super) fn remove_gone(&self, id: &str, record: Option<&Record>, away: &Path) -> Result<bool> {
        let doing = || format!("remove `{}`", away.display());
        let folder = match File::open(away) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(false),
            folder => folder.doing(doing)?,
        };
        match rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
            locked => locked.doing(doing)?,
        }
        self.end_uses(id, record)?;
        launch::remove_folder(away, own_root()?.as_ref())?;
        Ok(true)
    }

    /// Its images are not needed by it any more. Without a record, whatever is kept under its id is not.
    fn end_uses(&self, id: &str, record: Option<&Record>) -> Result<()> {
        let uses = self.root().join("uses");
        // What cannot be found out is no reason to leave them.
        let is_there = || uses.try_exists().doing(|| format!("look for `{}`", uses.display()));
        if record.is_some_and(|record| record.images().is_empty()) || !is_there()? {
            return Ok(());
        }
        let store = Store::open(self.root())?;
        if let Some(record) = record {
            return record.images().iter().try_for_each(|(user, _)| store.end_use(user));
        }
        let uses = store.uses()?;
        let mut own = uses.iter().filter(|(user, _)| user.split('.').next() == Some(id));
        own.try_for_each(|(user, _)| store.end_use(user))
    }

    fn remove_unfinished(&self, id: &str, folder: &Folder) -> Result<bool> {
        // Whoever creates it right now holds the lock.
        let Some(_lock) = folder.try_lock()? else { return Ok(false) };
        if !folder.has_no_record() {
            return Ok(false);
        }
        self.end_uses(id, None)?;
        launch::remove_folder(folder.path(), own_root()?.as_ref())?;
        Ok(true)
    }

    /// Names whose container is not there: its folder is made before them, and goes after them.
    fn sweep_names(&self) -> Result<Vec<String>> {
        let mut swept = Vec::new();
        for entry in fs::read_dir(self.names()).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some(holder) = names::holder(&self.names(), &name)? else { continue };
            if super::find::is_id(&holder) && self.folder(&holder).is_gone()? {
                names::give_back(&self.names(), &name, &holder)?;
                swept.push(entry.path().display().to_string());
            }
        }
        Ok(swept)
    }

    /// Removes a container of which nothing can be read any more, and whose program does not run. Its volumes stay.
    pub fn remove_unreadable(&self, id: &str) -> Result<()> {
        self.give_back_names(id)?;
        let away = self.put_away(id)?;
        self.remove_gone(id, None, &away).map(drop)
    }

    /// Gives back all names that a container has, whatever its record says.
    fn give_back_names(&self, id: &str) -> Result<()> {
        for entry in fs::read_dir(self.names()).into_iter().flatten().flatten() {
            if let Ok(name) = entry.file_name().into_string() {
                names::give_back(&self.names(), &name, id)?;
            }
        }
        Ok(())
    }
}
