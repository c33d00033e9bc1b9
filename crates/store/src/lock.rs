//! The store's one lock. It is held for moments: nobody fetches, unpacks or waits for a network under it.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;

use fault::{Doing, Result};
use rustix::fs::{FlockOperation, flock};

use crate::Store;

/// Whoever holds it may begin to use things: nothing is removed meanwhile.
pub(crate) struct Shared(#[expect(dead_code, reason = "the lock goes with the file")] File);

/// Whoever holds it may change names and remove things: nobody begins to use anything meanwhile.
#[derive(Debug)]
pub struct Exclusive(#[expect(dead_code, reason = "the lock goes with the file")] File);

impl Store {
    pub(crate) fn shared(&self) -> Result<Shared> {
        self.locked(FlockOperation::LockShared).map(Shared)
    }

    /// Waits until nobody else is at work on names, leases or removals.
    pub fn exclusive(&self) -> Result<Exclusive> {
        self.locked(FlockOperation::LockExclusive).map(Exclusive)
    }

    fn locked(&self, operation: FlockOperation) -> Result<File> {
        let path = self.at("lock");
        let doing = || format!("lock `{}`", path.display());
        let file =
            File::options().read(true).append(true).create(true).mode(0o600).open(&path).doing(doing)?;
        wait(&file, operation).doing(doing)?;
        Ok(file)
    }
}

/// A signal that is handled does not end the wait.
pub(crate) fn wait(file: &File, operation: FlockOperation) -> rustix::io::Result<()> {
    rustix::io::retry_on_intr(|| flock(file, operation))
}

/// Takes the lock of a file, if its owner has ended.
pub(crate) fn abandoned(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
}
