//! Where what has come whole waits for its name, so that many small things are synced at once.

use std::sync::{Mutex, PoisonError};

use fault::Result;
use oci::image::Digest;
use store::{Claim, Ready, Store};

use crate::progress::{Event, Progress};

/// Several threads bring things here.
pub(crate) struct Landing<'a> {
    pub(crate) store: &'a Store,
    pub(crate) progress: &'a dyn Progress,
    waiting: Mutex<Vec<Waiting>>,
}

/// Something that waits.
struct Waiting {
    ready: Vec<Ready>,
    /// Bytes of it, about.
    size: u64,
    /// The layer that is then here.
    blob: Digest,
    /// Nobody else brings it meanwhile.
    _claim: Option<Claim>,
}

/// So much is not left waiting: whoever is interrupted goes on from there.
const ENOUGH: u64 = 64 << 20;

impl<'a> Landing<'a> {
    pub(crate) fn new(store: &'a Store, progress: &'a dyn Progress) -> Landing<'a> {
        Landing { store, progress, waiting: Mutex::default() }
    }

    /// The right to make a thing. Before it waits for others, what others may wait for lands: nobody holds a claim
    /// while he waits for one, so no two wait for each other.
    pub(crate) fn claim(&self, thing: &str) -> Result<Claim> {
        if let Some(claim) = self.store.claim_now(thing)? {
            return Ok(claim);
        }
        self.land()?;
        self.store.claim(thing)
    }

    /// A layer that is whole and checked: all of its parts.
    pub(crate) fn add(
        &self,
        blob: &Digest,
        size: u64,
        ready: Vec<Ready>,
        claim: Option<Claim>,
    ) -> Result<()> {
        let sum = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(Waiting { ready, size, blob: blob.clone(), _claim: claim });
            waiting.iter().map(|one| one.size).sum::<u64>()
        };
        if sum > ENOUGH { self.land() } else { Ok(()) }
    }

    /// All that waits gets its name. To be called in the end, and whatever has failed elsewhere.
    pub(crate) fn land(&self) -> Result<()> {
        let mut waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.store.land(waiting.iter_mut().flat_map(|one| std::mem::take(&mut one.ready)).collect())?;
        for one in &waiting {
            self.progress.on(Event::Unpacked(&one.blob));
        }
        Ok(())
    }
}
