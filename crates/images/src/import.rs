//! `import`: a root folder in a tar becomes an image of one layer.

use std::io::Read;
use std::time::SystemTime;

use fault::{Fault, Result};
use oci::image::{
    Compression, Config, Descriptor, Digest, Execution, Family, History, Manifest, MediaType, Platform,
    Reference, RootFs,
};
use snapshot::expand::expand;
use store::Flow;

use crate::incoming::{Incoming, Source};
use crate::load::descriptor;
use crate::progress::Progress;
use crate::{Images, Loaded, layers};

/// What is said of an image that is made of a tar.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// What it runs.
    pub execution: Execution,
    /// What it runs on.
    pub platform: Platform,
    /// Where it came from, or why.
    pub comment: String,
    /// Its name.
    pub name: Option<Reference>,
}

impl Images {
    /// Makes an image of a root folder in a tar, compressed or not.
    pub fn import(&self, input: impl Read, about: Imported, progress: &dyn Progress) -> Result<Loaded> {
        let staged = self.store.stage_file()?;
        let expanded = expand(input, None, layers::free(&self.store)?, &mut Flow::new(staged.handle()))
            .map_err(|fault: Fault| fault.during("read the tar"))?;
        let layer = expanded.tar.digest.clone();
        let _lease = self.store.lease([&layer])?;
        if !self.store.has_blob(&layer) {
            self.store.land(vec![self.store.ready_blob(staged, &layer)])?;
        }
        let media_type = MediaType::Layer(Family::Oci, Compression::None);
        let blob = Descriptor::new(media_type, layer.clone(), expanded.tar.bytes);
        let name = about.name.clone();
        let here = self.bring(&documents(about, layer, blob), &Nowhere, progress)?;
        self.record(here, name.into_iter().map(Reference::or_latest).collect(), false)
    }
}

fn documents(about: Imported, diff_id: Digest, layer: Descriptor) -> Incoming {
    let created = Some(humantime::format_rfc3339_nanos(SystemTime::now()).to_string());
    let history = History { created: created.clone(), comment: about.comment, ..History::default() };
    let config = Config {
        created,
        platform: about.platform,
        config: Some(about.execution),
        rootfs: RootFs { diff_ids: vec![diff_id], ..RootFs::default() },
        history: vec![history],
        ..Config::default()
    };
    let config_json = config.to_json();
    let config = descriptor(MediaType::Config(Family::Oci), &config_json);
    let manifest_json = Manifest::new(Family::Oci, config, vec![layer]).to_json();
    let manifest = descriptor(MediaType::Manifest(Family::Oci), &manifest_json);
    Incoming { manifest, manifest_json, index: None, config_json }
}

/// Its one layer is here already.
struct Nowhere;

impl Source for Nowhere {
    fn open(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        Err(Fault::new(fault::Kind::NotFound, format!("find layer `{}`", blob.digest)))
    }
}
