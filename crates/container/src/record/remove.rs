//! A container goes, with all that is kept of it.

use fault::Result;

use super::{Record, Records};
use crate::Volumes;

impl Records {
    /// Removes a container whose program does not run. What is gone already is removed. With `volumes` also those of its
    /// volumes that nobody has named: first, as long as there is something that tells of them.
    pub fn remove(&self, record: &Record, volumes: bool) -> Result<()> {
        crate::detach(record, self.root())?;
        if volumes {
            Volumes::at(self.root()).remove_anonymous_of(record)?;
        }
        let away = self.forget(record)?;
        self.remove_gone(&record.id, Some(record), &away)?;
        self.note(record, "destroy", &[]);
        Ok(())
    }
}
