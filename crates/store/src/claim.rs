//! Claims: one process at a time does a thing, and those who wait for it find it done.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use fault::{Doing, Result};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::{Store, files, lock};

/// The right to make the thing of this name. It ends when dropped, or with the process.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    #[expect(dead_code, reason = "the lock goes with the file")]
    file: File,
}

impl Store {
    /// Waits until nobody else makes `thing`, such as a blob's hex digest. Look again whether it is there.
    ///
    /// Whoever waits has no other claim: two that wait for each other would do so for ever.
    pub fn claim(&self, thing: &str) -> Result<Claim> {
        loop {
            if let Some(claim) = self.claim_by(thing, FlockOperation::LockExclusive)? {
                return Ok(claim);
            }
        }
    }

    /// The same without waiting; nothing if somebody else makes it.
    pub fn claim_now(&self, thing: &str) -> Result<Option<Claim>> {
        self.claim_by(thing, FlockOperation::NonBlockingLockExclusive)
    }

    fn claim_by(&self, thing: &str, how: FlockOperation) -> Result<Option<Claim>> {
        let path = self.at("claims").join(thing);
        let doing = || format!("lock `{}`", path.display());
        let file =
            File::options().read(true).append(true).create(true).mode(0o600).open(&path).doing(doing)?;
        match lock::wait(&file, how) {
            Err(Errno::WOULDBLOCK) => return Ok(None),
            locked => locked.doing(doing)?,
        }
        // Whoever had it before us has removed it in the end: then we hold a file that nobody else sees.
        let ours = file.metadata().doing(doing)?.ino();
        let seen = std::fs::metadata(&path).is_ok_and(|now| now.ino() == ours);
        Ok(seen.then_some(Claim { path, file }))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = files::remove(&self.path);
    }
}
