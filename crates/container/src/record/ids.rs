//! Ranges of this machine's ids that containers have: a link for each, `ids/FIRST`, to the id of the container.

use std::fs::File;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{FlockOperation, flock};

use super::find::make_private;
use super::{Record, Records, names};
use crate::{Request, Userns, userns};

impl Records {
    fn id_ranges(&self) -> PathBuf {
        self.root().join("ids")
    }

    /// Gives a container that is to have users of its own a range that no other container has.
    pub(super) fn with_ids(&self, mut request: Request, id: &str) -> Result<Request> {
        if let Some(user) = request.sharing.user.as_mut().filter(|user| user.is_open()) {
            let first = self.take_ids(id)?;
            *user = user.with(first);
        }
        Ok(request)
    }

    fn take_ids(&self, id: &str) -> Result<u32> {
        let folder = self.id_ranges();
        make_private(&folder)?;
        // One at a time: two who find the same range left behind would both take it.
        let _alone = lock(&folder)?;
        let start = id.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0);
        for first in userns::ranges(start) {
            let name = first.to_string();
            if names::take(&folder, &name, id)?.is_some() {
                return Ok(first);
            }
            let holder = names::holder(&folder, &name)?.unwrap_or_default();
            // Whoever had it was removed, or killed before it was one.
            if self.folder(&holder).is_gone()? {
                names::give_back(&folder, &name, &holder)?;
                if names::take(&folder, &name, id)?.is_some() {
                    return Ok(first);
                }
            }
        }
        Err(Fault::new(Kind::Unavailable, "make a user namespace for the container")
            .because("all ranges of ids are given away")
            .hint("remove containers, or say --uidmap"))
    }

    /// Gives back what a container has.
    pub(super) fn give_ids_back(&self, record: &Record) -> Result<()> {
        match record.request.sharing.user.as_ref().and_then(Userns::first) {
            Some(first) => names::give_back(&self.id_ranges(), &first.to_string(), &record.id),
            None => Ok(()),
        }
    }
}

/// Goes with what is returned, or with its process.
fn lock(folder: &Path) -> Result<File> {
    let doing = || format!("lock `{}`", folder.display());
    let file = File::open(folder).doing(doing)?;
    rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive)).doing(doing)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sharing;

    #[test]
    fn each_has_its_own_and_whose_container_is_gone_has_none() {
        let root = std::env::temp_dir().join(format!("nagaya-ids-{}", std::process::id()));
        let records = Records::at(&root);
        let request = || Request {
            sharing: Sharing { user: Userns::parse("auto", &[], &[], true).unwrap(), ..Sharing::default() },
            ..Request::default()
        };
        // The same first digits: both look for a range at the same place.
        let (one, other) = ("a".repeat(64), format!("{}b", "a".repeat(63)));
        let first = |record: &Record| record.request.sharing.user.as_ref().unwrap().first().unwrap();
        let made = records.create(&one, "one", request()).unwrap();
        let beside = records.create(&other, "other", request()).unwrap();
        assert_ne!(first(&made), first(&beside));
        // One that was killed gives nothing back.
        std::fs::remove_dir_all(records.folder(&one).path()).unwrap();
        let third = format!("{}c", "a".repeat(63));
        let next = records.create(&third, "third", request()).unwrap();
        assert_eq!(first(&next), first(&made));
        records.give_ids_back(&beside).unwrap();
        assert!(!root.join("ids").join(first(&beside).to_string()).exists());
        std::fs::remove_dir_all(root).unwrap();
    }
}
