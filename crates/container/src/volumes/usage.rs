//! Who uses volumes, and removing those that nobody uses.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fault::{Fault, Kind, Result};

use super::{Volume, Volumes, disk, no_such};
use crate::{Record, own_root};

/// Volumes that were removed.
#[derive(Debug, Clone, Default)]
pub struct PrunedVolumes {
    /// Their names.
    pub names: Vec<String>,
    /// Bytes of their files.
    pub bytes: u64,
}

/// What volumes take.
#[derive(Debug, Clone, Copy, Default)]
pub struct VolumeUsage {
    /// All of them.
    pub all: usize,
    /// Those that containers use.
    pub used: usize,
    /// Bytes of their files.
    pub size: u64,
    /// Bytes of those that nobody uses.
    pub reclaimable: u64,
}

/// The ids of all containers that use a volume, by its name.
pub type Users = BTreeMap<String, Vec<String>>;

impl Volumes {
    /// Who uses which volume, by what all records say.
    ///
    /// # Errors
    /// A record cannot be read: it may be about a volume, so nobody knows which are in use.
    pub fn users(&self) -> Result<Users> {
        let mut users = Users::new();
        for id in self.records.ids()? {
            let Some(record) = self.records.folder(&id).record()? else { continue };
            for volume in record.request.mounts.iter().filter_map(crate::Mount::volume) {
                let all = users.entry(volume.name.clone()).or_default();
                if !all.contains(&id) {
                    all.push(id.clone());
                }
            }
        }
        Ok(users)
    }

    /// Removes a volume that nobody uses.
    ///
    /// # Errors
    /// `NotFound` and `WrongState`, in Docker's words.
    pub fn remove(&self, name: &str) -> Result<()> {
        let held = self.alone()?;
        // Whatever is wrong with what was written down about it.
        if self.find(name).is_ok_and(|volume| volume.is_none()) {
            return Err(no_such(name));
        }
        if let Some(users) = self.users()?.get(name) {
            return Err(in_use(name, users));
        }
        let mut away = disk::leftovers(&self.folder)?;
        away.extend(disk::take_away(&self.folder, name)?);
        drop(held);
        remove_folders(&away)
    }

    /// Removes all volumes that nobody uses, and that `wanted` says yes to. What was left by commands that were killed goes
    /// too.
    pub fn prune(&self, wanted: impl Fn(&Volume) -> bool) -> Result<PrunedVolumes> {
        let held = self.alone()?;
        let users = self.users()?;
        let mut away = disk::leftovers(&self.folder)?;
        let mut pruned = PrunedVolumes::default();
        for volume in self.all()?.into_iter().filter(|volume| !users.contains_key(&volume.name)) {
            if wanted(&volume) {
                pruned.bytes += self.size(&volume.name);
                away.extend(disk::take_away(&self.folder, &volume.name)?);
                pruned.names.push(volume.name);
            }
        }
        drop(held);
        remove_folders(&away)?;
        Ok(pruned)
    }

    /// What they take, and how many are used.
    pub fn usage(&self) -> Result<VolumeUsage> {
        let users = self.users()?;
        let mut usage = VolumeUsage::default();
        for volume in self.all()? {
            let (used, size) = (users.contains_key(&volume.name), self.size(&volume.name));
            usage.all += 1;
            usage.used += usize::from(used);
            usage.size += size;
            usage.reclaimable += if used { 0 } else { size };
        }
        Ok(usage)
    }

    /// Bytes of its files.
    pub fn size(&self, name: &str) -> u64 {
        store::size_of(&self.data(name))
    }

    /// Removes the volumes without a name that a container uses, and nobody else.
    pub(crate) fn remove_anonymous_of(&self, record: &Record) -> Result<()> {
        let anonymous = |volume: &&crate::volume::OfVolume| volume.anonymous;
        let names: Vec<_> =
            record.request.mounts.iter().filter_map(crate::Mount::volume).filter(anonymous).collect();
        if names.is_empty() {
            return Ok(());
        }
        let held = self.alone()?;
        // If nobody knows who uses them they stay, and are found by `volume ls`.
        let Ok(users) = self.users() else { return Ok(()) };
        let mut away = Vec::new();
        for volume in names {
            let others = users.get(&volume.name).is_some_and(|all| all.iter().any(|id| *id != record.id));
            if !others {
                away.extend(disk::take_away(&self.folder, &volume.name)?);
            }
        }
        drop(held);
        remove_folders(&away)
    }
}

fn remove_folders(away: &[PathBuf]) -> Result<()> {
    if away.is_empty() {
        return Ok(());
    }
    let owners = own_root()?;
    away.iter().try_for_each(|path| launch::remove_folder(path, owners.as_ref()))
}

/// In Docker's words.
fn in_use(name: &str, users: &[String]) -> Fault {
    Fault::new(Kind::WrongState, format!("remove volume `{name}`"))
        .because(format!("remove {name}: volume is in use - [{}]", users.join(", ")))
        .hint("`nagaya rm` removes containers")
}
