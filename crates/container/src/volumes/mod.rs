//! Volumes on disk.
//!
//! ```text
//! ROOT/volumes/            locked: shared by who makes and uses volumes, alone by who removes some
//! └── NAME/
//!     ├── volume.json      what it was made with
//!     ├── _data/           its files
//!     └── _filling/        there while files of an image are on their way to it
//! ```
//!
//! A folder with a dot in front is none: it was not finished, or is being removed. Who uses a volume is in the records of
//! containers, and nowhere else: a record is written before its volumes are made, and gone after they are.

mod disk;
mod local;
mod usage;

pub use usage::{PrunedVolumes, Users, VolumeUsage};

pub(crate) use local::{check_options, is_bind, is_mounted, no_driver};

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::volume::config::{DATA, Place, Places};
use crate::{Records, Request};

/// A volume, as it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// What people call it.
    pub name: String,
    /// Nobody has named it.
    pub anonymous: bool,
    /// RFC 3339.
    pub created: String,
    /// Notes of people and programs.
    pub labels: BTreeMap<String, String>,
    /// Of the local driver: `type`, `device`, `o`.
    pub options: BTreeMap<String, String>,
}

/// All volumes below one root.
#[derive(Debug, Clone)]
pub struct Volumes {
    records: Records,
    folder: PathBuf,
}

/// Nobody removes a volume while this is held; or nobody does anything with volumes.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "it is held by being open")] File);

/// A label of all volumes without a name, as Docker has it.
const ANONYMOUS: &str = "com.docker.volume.anonymous";

impl Volumes {
    /// Those below `root`, the folder that all is kept in.
    pub fn at(root: &Path) -> Volumes {
        Volumes { records: Records::at(root), folder: root.join("volumes") }
    }

    /// Where its files are.
    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.join(name).join(DATA)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Nobody removes a volume as long as this is held.
    pub fn shared(&self) -> Result<Held> {
        self.lock(FlockOperation::LockShared)
    }

    fn alone(&self) -> Result<Held> {
        self.lock(FlockOperation::LockExclusive)
    }

    fn lock(&self, how: FlockOperation) -> Result<Held> {
        disk::make_private(&self.folder)?;
        let doing = || format!("lock `{}`", self.folder.display());
        let file = File::open(&self.folder).doing(doing)?;
        rustix::io::retry_on_intr(|| rustix::fs::flock(&file, how)).doing(doing)?;
        Ok(Held(file))
    }

    /// A volume; nothing if there is none of that name.
    pub fn find(&self, name: &str) -> Result<Option<Volume>> {
        if crate::volume::check_name(name, "volume").is_err() {
            return Ok(None);
        }
        disk::read(&self.path(name))
    }

    /// A volume.
    ///
    /// # Errors
    /// `NotFound`, in Docker's words.
    pub fn get(&self, name: &str) -> Result<Volume> {
        self.find(name)?.ok_or_else(|| no_such(name))
    }

    /// All names, in order.
    pub fn all_names(&self) -> Result<Vec<String>> {
        disk::names(&self.folder)
    }

    /// All of them, by name. What cannot be read is left out.
    pub fn all(&self) -> Result<Vec<Volume>> {
        let names = disk::names(&self.folder)?;
        Ok(names.iter().filter_map(|name| self.find(name).ok().flatten()).collect())
    }

    /// Makes a volume; one that is there stays as it is. Without a name it gets one.
    pub fn create(
        &self,
        name: &str,
        driver: &str,
        options: BTreeMap<String, String>,
        labels: BTreeMap<String, String>,
    ) -> Result<Volume> {
        if driver != "local" {
            return Err(no_driver(driver, name));
        }
        check_options(&options)?;
        let anonymous = name.is_empty();
        let name = if anonymous { crate::new_id()? } else { name.to_string() };
        crate::volume::check_name(&name, "volume create")?;
        let _held = self.shared()?;
        let volume = Volume { name, anonymous, labels, options, ..Volume::default() };
        self.make(volume, true)
    }

    /// Makes the volumes of a container that are not there. Its record is written already, so nobody removes them.
    pub fn make_for(&self, request: &Request) -> Result<()> {
        let wanted = request.mounts.iter().filter_map(crate::Mount::volume);
        let missing: Vec<_> = wanted.filter(|volume| !self.path(&volume.name).is_dir()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let _held = self.shared()?;
        for asked in missing {
            let made = Volume {
                name: asked.name.clone(),
                anonymous: asked.anonymous,
                labels: asked.labels.clone(),
                options: asked.options.clone(),
                created: String::new(),
            };
            self.make(made, !asked.anonymous)?;
        }
        Ok(())
    }

    fn make(&self, mut volume: Volume, durable: bool) -> Result<Volume> {
        if let Some(there) = self.find(&volume.name)? {
            return Ok(there);
        }
        volume.created = crate::now();
        if volume.anonymous {
            volume.labels.insert(ANONYMOUS.to_string(), String::new());
        }
        disk::make(&self.folder, &volume, durable)?;
        // Somebody else may have been faster.
        self.get(&volume.name)
    }

    /// Where the volumes of a container are, and what they are mounted with.
    pub(crate) fn places(&self, request: &Request) -> Result<Places> {
        let mut places = Places::new();
        for asked in request.mounts.iter().filter_map(crate::Mount::volume) {
            let options =
                self.find(&asked.name)?.map_or_else(|| asked.options.clone(), |there| there.options);
            places.insert(asked.name.clone(), Place { folder: self.path(&asked.name), options });
        }
        Ok(places)
    }
}

/// In Docker's words.
fn no_such(name: &str) -> Fault {
    let name = fault::visible(name);
    Fault::new(Kind::NotFound, format!("find volume `{name}`"))
        .because(format!("get {name}: no such volume"))
        .hint("`nagaya volume ls` lists all")
}
