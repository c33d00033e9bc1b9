//! An image that is about to come: its documents are at hand, its layers are somewhere.

use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fault::{Fault, Kind, Result};
use oci::image::{Config, Descriptor, Digest, Document, Layer, Manifest};
use store::{Kept, Lease, Ready};

use crate::landing::Landing;
use crate::progress::{Event, Progress};
use crate::{Images, layers};

/// Where blobs come from.
pub trait Source: Sync {
    /// Opens a blob. What comes is checked by whoever reads it.
    fn open(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send + '_>>;
}

/// Layers that come at once. More do not help: the next ones decompress while these arrive.
const AT_ONCE: usize = 4;

/// The documents of an image, as they were sent.
pub(crate) struct Incoming {
    pub(crate) manifest: Descriptor,
    pub(crate) manifest_json: Vec<u8>,
    /// The index that it was chosen from.
    pub(crate) index: Option<(Descriptor, Vec<u8>)>,
    pub(crate) config_json: Vec<u8>,
}

impl Incoming {
    /// Bytes of its documents, which are in memory.
    pub(crate) fn document_bytes(&self) -> u64 {
        let index = self.index.as_ref().map_or(0, |(_, json)| json.len());
        (self.manifest_json.len() + self.config_json.len() + index) as u64
    }
}

/// An image all of whose parts are here; nobody has recorded it yet.
pub(crate) struct Here {
    pub(crate) id: Digest,
    pub(crate) kept: Kept,
    /// Its parts stay until it is recorded.
    pub(crate) _lease: Lease,
}

impl Images {
    /// Brings an image here: documents, layers, and their root.
    pub(crate) fn bring(
        &self,
        incoming: &Incoming,
        source: &dyn Source,
        progress: &dyn Progress,
    ) -> Result<Here> {
        let manifest = manifest_of(incoming)?;
        let id = manifest.config.digest.clone();
        let config = Config::parse(&incoming.config_json)
            .map_err(|fault| fault.during(format!("read the config of image `{id}`")))?;
        let all = manifest.layers_of(&config)?;
        let lease = self.lease(incoming, &all)?;
        let wanted: Vec<_> = all.iter().filter(|layer| is_wanted(layer, progress)).collect();
        let landing = Landing::new(&self.store, progress);
        bring_all(&landing, &wanted, source)?;
        self.store.land(self.documents(incoming, &id)?)?;
        let diff_ids: Vec<_> = wanted.iter().map(|layer| layer.diff_id.clone()).collect();
        self.make_root(&diff_ids, progress)?;
        let index = incoming.index.as_ref().map(|(index, _)| index.clone());
        Ok(Here { id, kept: Kept::now(incoming.manifest.clone(), index), _lease: lease })
    }

    /// What there is to read of it, as far as it is not here.
    fn documents(&self, incoming: &Incoming, id: &Digest) -> Result<Vec<Ready>> {
        let index = incoming.index.as_ref().map(|(index, json)| (&index.digest, json));
        let all =
            [(&incoming.manifest.digest, &incoming.manifest_json), (id, &incoming.config_json)].into_iter();
        let ready = all.chain(index).map(|(digest, json)| self.store.ready_document(digest, json));
        ready.filter_map(Result::transpose).collect()
    }

    fn lease(&self, incoming: &Incoming, all: &[Layer]) -> Result<Lease> {
        let documents = [Some(&incoming.manifest), incoming.index.as_ref().map(|(index, _)| index)];
        let mut digests: Vec<_> = documents.into_iter().flatten().map(|one| one.digest.clone()).collect();
        let here = all.iter().filter(|layer| !layer.foreign);
        let diff_ids: Vec<_> = here.map(|layer| layer.diff_id.clone()).collect();
        digests.push(store::root_id(&diff_ids));
        digests.extend(crate::roots::chain(&diff_ids));
        digests.extend(all.iter().map(|layer| layer.blob.digest.clone()));
        digests.extend(diff_ids);
        if let Document::Manifest(manifest) = parse(incoming)? {
            digests.push(manifest.config.digest);
        }
        self.store.lease(&digests)
    }
}

fn parse(incoming: &Incoming) -> Result<Document> {
    Document::parse(&incoming.manifest_json, &[("descriptor", &incoming.manifest.media_type)])
}

fn manifest_of(incoming: &Incoming) -> Result<Manifest> {
    match parse(incoming)? {
        Document::Manifest(manifest) => Ok(*manifest),
        Document::Index(_) => Err(Fault::invalid("mediaType", "expected a manifest, got an index")),
    }
}

/// What is only to be had from its maker is not on this kind of machine's images; it is left out with a word.
fn is_wanted(layer: &Layer, progress: &dyn Progress) -> bool {
    if layer.foreign {
        progress.on(Event::Skipped(&layer.blob.digest, "it is a foreign layer, which may not be passed on"));
    }
    !layer.foreign
}

/// Some threads take one layer after the other. The first failure ends it, once those at work are done.
fn bring_all(landing: &Landing, all: &[&Layer], source: &dyn Source) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<Fault>> = Mutex::new(None);
    let keep = |outcome: Result<()>| {
        if let Err(fault) = outcome {
            next.store(all.len(), Ordering::Relaxed);
            if let Ok(mut failed) = failed.lock() {
                failed.get_or_insert(fault);
            }
        }
    };
    let work = || {
        while let Some(layer) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            keep(layers::bring(landing, layer, source));
        }
        // Others of ours may be waiting for somebody who waits for one of these.
        keep(landing.land());
    };
    thread::scope(|scope| {
        // Where there may be no more threads, fewer do.
        (1..all.len().min(AT_ONCE)).for_each(|_| drop(thread::Builder::new().spawn_scoped(scope, work)));
        work();
    });
    match failed.into_inner() {
        Ok(None) => Ok(()),
        Ok(Some(fault)) => Err(fault),
        Err(_) => {
            Err(Fault::new(Kind::Failed, "bring the layers").because("a thread of ours has ended early"))
        }
    }
}
