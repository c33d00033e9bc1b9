//! `commit`: one more layer over an image's.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::SystemTime;

use fault::{Doing, Fault, Result};
use hash::{Sum, Summed};
use oci::image::{
    Compression, Descriptor, Digest, Execution, Family, History, Manifest, MediaType, Reference,
};

use crate::incoming::{Incoming, Source};
use crate::load::descriptor;
use crate::progress::Progress;
use crate::{Images, Loaded};

/// What is said of an image that is made of a container.
#[derive(Debug, Clone, Default)]
pub struct Committed {
    /// What it runs.
    pub execution: Execution,
    /// Who made it.
    pub author: String,
    /// Why.
    pub comment: String,
    /// What has made the changes.
    pub created_by: String,
    /// Its name.
    pub name: Option<Reference>,
}

impl Images {
    /// Makes an image of another one and of a layer, which `write` writes: the layers below stay what they are.
    ///
    /// # Errors
    /// `NotFound`, "No such image"; and what `write` says.
    pub fn commit(
        &self,
        image: &Digest,
        write: impl FnOnce(&mut dyn Write) -> Result<()>,
        about: Committed,
        progress: &dyn Progress,
    ) -> Result<Loaded> {
        let (below, _lease) = self.store.lease_image(image)?;
        let staged = self.store.stage_file()?;
        let (digest, bytes) = sum(staged.handle(), write)?;
        let _layer_lease = self.store.lease([&digest])?;
        if !self.store.has_blob(&digest) {
            self.store.land(vec![self.store.ready_blob(staged, &digest)])?;
        }
        let name = about.name.clone();
        let incoming = documents(below.config, below.manifest, &digest, bytes, about);
        let here = self.bring(&incoming, &Nowhere, progress)?;
        self.record(here, name.into_iter().map(Reference::or_latest).collect(), false)
    }
}

/// Has a layer written, and tells its digest and its size.
fn sum(file: &File, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<(Digest, u64)> {
    let mut layer = Summed::new(BufWriter::with_capacity(PIECE, file));
    write(&mut layer)?;
    layer.flush().doing(|| "write the layer")?;
    let Sum { digest, bytes } = layer.sum();
    Ok((digest, bytes))
}

/// Bytes written at once.
const PIECE: usize = 256 << 10;

fn documents(
    mut config: oci::image::Config,
    below: Manifest,
    layer: &Digest,
    bytes: u64,
    about: Committed,
) -> Incoming {
    let created = Some(humantime::format_rfc3339_nanos(SystemTime::now()).to_string());
    config.history.push(History {
        created: created.clone(),
        author: about.author.clone(),
        created_by: about.created_by,
        comment: about.comment.clone(),
        empty_layer: false,
    });
    config.rootfs.diff_ids.push(layer.clone());
    (config.created, config.config) = (created, Some(about.execution));
    config.author = about.author;
    config.comment = about.comment;
    let family = match &below.config.media_type {
        MediaType::Config(family) => *family,
        _ => Family::Oci,
    };
    let config_json = config.to_json();
    let mut layers = below.layers;
    layers.push(Descriptor::new(MediaType::Layer(family, Compression::None), layer.clone(), bytes));
    let config = descriptor(MediaType::Config(family), &config_json);
    let manifest_json = Manifest::new(family, config, layers).to_json();
    let manifest = descriptor(MediaType::Manifest(family), &manifest_json);
    Incoming { manifest, manifest_json, index: None, config_json }
}

/// All its layers are here already.
struct Nowhere;

impl Source for Nowhere {
    fn open(&self, blob: &Descriptor) -> Result<Box<dyn io::Read + Send + '_>> {
        Err(Fault::new(fault::Kind::NotFound, format!("find layer `{}`", blob.digest)))
    }
}
