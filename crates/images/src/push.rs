//! `push`: an image to a registry, byte for byte as it came.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fault::{Fault, Kind, Result};
use oci::image::{Descriptor, Digest, Reference};
use registry::{Client, Pushed};
use store::{Found, Image, Named};

use crate::Images;

/// Blobs that go at once, as with docker.
const AT_ONCE: usize = 5;

/// What a registry has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InRegistry {
    /// The digest of the manifest.
    pub digest: Digest,
    /// Bytes of the manifest.
    pub size: u64,
}

impl Images {
    /// Sends the image that has this name. `told` hears of each layer how it got there.
    ///
    /// # Errors
    /// `NotFound`: there is no image of this name; else what the registry says.
    pub fn push(
        &self,
        client: &Client,
        name: &Reference,
        told: &(dyn Fn(&Digest, Pushed) + Sync),
    ) -> Result<InRegistry> {
        let name = name.clone().or_latest();
        let named = self.store.name(&name)?.ok_or_else(|| {
            Fault::new(Kind::NotFound, format!("push `{}`", name.familiar()))
                .because(format!("An image does not exist locally with the tag: {}", name.familiar_name()))
        })?;
        let found =
            Found { id: named.image.clone(), name: Some(name.clone()), target: Some(named.target.clone()) };
        let (image, _lease) = self.store.lease_found(&found)?;
        let from = self.repositories_of(&named.image)?;
        self.push_layers(client, &name, &image, &from, told)?;
        self.push_blob(client, &name, &image.manifest.config, &from)?;
        let manifest = &image.kept.manifest;
        let json = self.store.document(&manifest.digest)?;
        let digest = client.push_manifest(&name, &manifest.media_type, &json)?;
        self.pushed(&name, &named, &digest)?;
        Ok(InRegistry { digest, size: json.len() as u64 })
    }

    /// The registry has it under this name, unless somebody has given that to another image meanwhile.
    fn pushed(&self, name: &Reference, before: &Named, digest: &Digest) -> Result<()> {
        let lock = self.store.exclusive()?;
        if self.store.name(name)?.as_ref() == Some(before) {
            let named = Named { image: before.image.clone(), target: digest.clone(), in_registry: true };
            self.store.set_name(name, &named, &lock)?;
        }
        Ok(())
    }

    /// Where else the image may be: from there a registry can take its blobs.
    fn repositories_of(&self, id: &Digest) -> Result<Vec<Reference>> {
        let names = self.store.names()?.into_iter().filter(|(_, named)| named.image == *id);
        let mut all: Vec<_> = names.map(|(name, _)| name.repository()).collect();
        all.dedup();
        Ok(all)
    }

    fn push_layers(
        &self,
        client: &Client,
        name: &Reference,
        image: &Image,
        from: &[Reference],
        told: &(dyn Fn(&Digest, Pushed) + Sync),
    ) -> Result<()> {
        let mut all: Vec<_> = image.layers().collect();
        all.sort_by(|one, other| one.digest.cmp(&other.digest));
        all.dedup_by(|one, other| one.digest == other.digest);
        let next = AtomicUsize::new(0);
        let failed: Mutex<Option<Fault>> = Mutex::new(None);
        let work = || {
            while let Some(layer) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                match self.push_blob(client, name, layer, from) {
                    Ok(pushed) => told(&layer.digest, pushed),
                    Err(fault) => {
                        next.store(all.len(), Ordering::Relaxed);
                        if let Ok(mut failed) = failed.lock() {
                            failed.get_or_insert(fault);
                        }
                    }
                }
            }
        };
        thread::scope(|scope| {
            // Where there may be no more threads, fewer do.
            for _ in 1..all.len().min(AT_ONCE) {
                drop(thread::Builder::new().spawn_scoped(scope, work));
            }
            work();
        });
        failed.into_inner().ok().flatten().map_or(Ok(()), Err)
    }

    fn push_blob(
        &self,
        client: &Client,
        name: &Reference,
        blob: &Descriptor,
        from: &[Reference],
    ) -> Result<Pushed> {
        let open = |at: u64| -> io::Result<Box<dyn Read>> {
            let mut file =
                self.store.blob(&blob.digest).map_err(|fault| io::Error::other(fault.sentence()))?;
            file.seek(SeekFrom::Start(at))?;
            Ok(Box::new(file))
        };
        client.push_blob(name, blob, from, &open)
    }
}
