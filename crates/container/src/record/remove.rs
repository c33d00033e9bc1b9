//! A container goes, with all that is kept of it.

use fault::Result;
use store::Store;

use super::{Record, Records};
use crate::{Volumes, own_root};

impl Records {
    /// Removes a container whose program does not run. What is gone already is removed. With `volumes` also those of its
    /// volumes that nobody has named: first, as long as there is something that tells of them.
    pub fn remove(&self, record: &Record, volumes: bool) -> Result<()> {
        crate::detach(record, self.root())?;
        if volumes {
            Volumes::at(self.root()).remove_anonymous_of(record)?;
        }
        let away = self.forget(record)?;
        let images = record.images();
        if !images.is_empty() {
            let store = Store::open(self.root())?;
            images.iter().try_for_each(|(user, _)| store.end_use(user))?;
        }
        launch::remove_folder(&away, own_root()?.as_ref())?;
        self.note(record, "destroy", &[]);
        Ok(())
    }
}
