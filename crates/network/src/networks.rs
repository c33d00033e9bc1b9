//! All networks below one root.

use std::fs::File;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::FlockOperation;

use crate::{Network, defaults, disk};

/// Digits of an id.
const ID_LENGTH: usize = 64;

/// All networks below one root.
#[derive(Debug, Clone)]
pub struct Networks {
    root: PathBuf,
}

/// Nobody makes or removes a network while this is held; or nobody else does anything with networks.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "it is held by being open")] File);

impl Networks {
    /// Those below `root`, the folder that all is kept in.
    pub fn at(root: &Path) -> Networks {
        Networks { root: root.to_path_buf() }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join("networks")
    }

    pub(crate) fn names(&self) -> PathBuf {
        self.root.join("network-names")
    }

    pub(crate) fn busy(&self) -> PathBuf {
        self.folder().join("busy")
    }

    /// Where a network is kept.
    pub(crate) fn path(&self, id: &str) -> PathBuf {
        self.folder().join(id)
    }

    /// Nobody makes or removes a network as long as this is held.
    pub fn shared(&self) -> Result<Held> {
        self.lock(FlockOperation::LockShared)
    }

    /// Nobody else does anything with networks as long as this is held.
    pub fn alone(&self) -> Result<Held> {
        self.lock(FlockOperation::LockExclusive)
    }

    pub(crate) fn make_folders(&self) -> Result<()> {
        disk::make_private(&self.names())?;
        disk::make_private(&self.busy())
    }

    fn lock(&self, how: FlockOperation) -> Result<Held> {
        let path = self.folder();
        let doing = || format!("lock `{}`", path.display());
        let file = match File::open(&path) {
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => {
                self.make_folders()?;
                File::open(&path).doing(doing)?
            }
            file => file.doing(doing)?,
        };
        rustix::io::retry_on_intr(|| rustix::fs::flock(&file, how)).doing(doing)?;
        Ok(Held(file))
    }

    /// A network by its id; nothing if it is not there.
    pub(crate) fn read(&self, id: &str) -> Result<Option<Network>> {
        if !is_id(id) {
            return Ok(None);
        }
        disk::read(&self.path(id).join("network.json"))
    }

    /// A network by its id, if it is there and was finished.
    pub fn by_id(&self, id: &str) -> Result<Option<Network>> {
        if defaults::ids().iter().any(|(_, other)| *other == id) {
            return self.predefined(id).map(Some);
        }
        Ok(self.read(id)?.filter(|network| self.is_finished(network)))
    }

    /// One that has no name was not finished, or is being removed.
    pub(crate) fn is_finished(&self, network: &Network) -> bool {
        self.id_of(&network.name).is_some_and(|id| id == network.id)
    }

    /// By its name, its id, or the first digits of that.
    ///
    /// # Errors
    /// `NotFound` and `Invalid`, in Docker's words.
    pub fn find(&self, word: &str) -> Result<Network> {
        let id = match self.id_of(word) {
            Some(id) => Some(id),
            None if is_id(word) => Some(word.to_string()),
            None => self.by_digits(word)?,
        };
        let network = id.map(|id| self.by_id(&id)).transpose()?.flatten();
        network.ok_or_else(|| no_such(word))
    }

    fn by_digits(&self, word: &str) -> Result<Option<String>> {
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let mut ids = self.ids()?;
        ids.extend(defaults::ids().iter().map(|(_, id)| (*id).to_string()));
        ids.sort();
        ids.dedup();
        let mut fitting = ids.into_iter().filter(|id| id.starts_with(word));
        match (fitting.next(), fitting.next()) {
            (Some(_), Some(_)) => Err(Fault::new(Kind::Invalid, format!("find network `{word}`"))
                .because(format!("network {word} is ambiguous (2 matches found on name)"))
                .hint("type more of its id")),
            (found, _) => Ok(found),
        }
    }

    /// Ids of all folders, in order.
    pub(crate) fn ids(&self) -> Result<Vec<String>> {
        let mut ids = disk::names(&self.folder())?;
        ids.retain(|id| is_id(id));
        Ok(ids)
    }

    /// All names, those that are always there first.
    pub fn all_names(&self) -> Result<Vec<String>> {
        let mut names: Vec<_> = defaults::ids().iter().map(|(name, _)| (*name).to_string()).collect();
        names.extend(disk::names(&self.names())?);
        Ok(names)
    }

    /// All of them, by name. What cannot be read is left out.
    pub fn all(&self) -> Result<Vec<Network>> {
        for (_, id) in defaults::ids() {
            self.predefined(id)?;
        }
        let mut all: Vec<_> = self.ids()?.iter().filter_map(|id| self.by_id(id).ok().flatten()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }
}

/// 64 hexadecimal digits.
pub(crate) fn is_id(word: &str) -> bool {
    word.len() == ID_LENGTH && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// In Docker's words.
fn no_such(word: &str) -> Fault {
    let word = fault::visible(word);
    Fault::new(Kind::NotFound, format!("find network `{word}`"))
        .because(format!("network {word} not found"))
        .hint("`nagaya network ls` lists all")
}
