//! `save`: images to an archive that is both an OCI image layout and what `docker load` has always taken.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};

use fault::{Doing, Fault, Kind as FaultKind, Result};
use oci::image::{Digest, Platform, Reference};
use serde_json::{Value, json};
use snapshot::tar::{Data, Entry, Kind, Time, Writer};
use store::{Image, Lease};

use crate::Images;

/// One image that is to be saved, under the names that were asked for.
struct Saved {
    image: Image,
    names: Vec<Reference>,
    /// It stays here meanwhile.
    _lease: Lease,
}

impl Saved {
    fn check_platform(&self, wanted: &Platform) -> Result<()> {
        let has = &self.image.config.platform;
        if wanted.rank(has).is_some() {
            return Ok(());
        }
        Err(Fault::new(FaultKind::NotFound, format!("save image `{}`", self.image.id.short()))
            .because(format!("it does not provide the specified platform ({wanted}): it is for {has}")))
    }
}

impl Images {
    /// Writes images to an archive. The same images give the same bytes.
    ///
    /// # Errors
    /// `NotFound`: "No such image", or none for the platform that was asked for; before anything is written.
    pub fn save(&self, texts: &[String], platform: Option<&Platform>, output: impl Write) -> Result<()> {
        let all = self.to_save(texts)?;
        platform.map_or(Ok(()), |wanted| all.iter().try_for_each(|saved| saved.check_platform(wanted)))?;
        let mut archive = Out { to: Writer::new(output), number: 0 };
        self.write(&all, &mut archive)?;
        let mut output = archive.to.finish().doing(doing)?;
        output.flush().doing(doing)
    }

    fn to_save(&self, texts: &[String]) -> Result<Vec<Saved>> {
        let mut all: Vec<Saved> = Vec::new();
        for text in texts {
            for (id, name) in self.meant(text)? {
                let known = all.iter().position(|saved| saved.image.id == id);
                if known.is_none() {
                    let (image, lease) = self.store.lease_image(&id)?;
                    all.push(Saved { image, names: Vec::new(), _lease: lease });
                }
                let at = known.unwrap_or(all.len() - 1);
                all[at].names.extend(name.filter(|name| name.digest().is_none()));
            }
        }
        for saved in &mut all {
            saved.names.sort();
            saved.names.dedup();
        }
        Ok(all)
    }

    /// A name without a tag means all tags of it, as with docker.
    fn meant(&self, text: &str) -> Result<Vec<(Digest, Option<Reference>)>> {
        if let Ok(name) = text.parse::<Reference>()
            && name.tag().is_none()
            && name.digest().is_none()
        {
            let all = self.store.names()?.into_iter().filter(|(other, _)| other.name() == name.name());
            let all: Vec<_> = all.map(|(name, named)| (named.image, Some(name))).collect();
            if !all.is_empty() {
                return Ok(all);
            }
        }
        let found = self.store.find(text)?;
        Ok(vec![(found.id, found.name)])
    }

    fn write(&self, all: &[Saved], archive: &mut Out<impl Write>) -> Result<()> {
        archive.folder("blobs/")?;
        archive.folder("blobs/sha256/")?;
        let blobs: BTreeSet<&Digest> = all.iter().flat_map(|saved| parts(&saved.image)).collect();
        for digest in blobs {
            let file = self.store.blob(digest)?;
            let size = file.metadata().doing(|| format!("look at blob `{digest}`"))?.len();
            archive.file(&path(digest), size, file)?;
        }
        archive.document("index.json", &index(all))?;
        archive.document("manifest.json", &Value::Array(all.iter().map(item).collect()))?;
        archive.document("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }))
    }
}

/// All but the index: that speaks of other platforms, which are not here.
fn parts(image: &Image) -> impl Iterator<Item = &Digest> {
    let documents = [&image.kept.manifest.digest, &image.id];
    documents.into_iter().chain(image.layers().map(|layer| &layer.digest))
}

fn path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().as_str(), digest.hex())
}

fn index(all: &[Saved]) -> Value {
    let mut entries = Vec::new();
    for Saved { image, names, .. } in all {
        let manifest = &image.kept.manifest;
        let bare = json!({
            "mediaType": manifest.media_type.to_string(), "digest": manifest.digest.to_string(), "size": manifest.size,
            "platform": { "architecture": image.config.platform.architecture, "os": image.config.platform.os },
        });
        for name in names {
            let mut entry = bare.clone();
            entry["annotations"] = json!({
                "io.containerd.image.name": name.to_string(),
                "org.opencontainers.image.ref.name": name.tag().unwrap_or_default(),
            });
            entries.push(entry);
        }
        if names.is_empty() {
            entries.push(bare);
        }
    }
    json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries })
}

fn item(saved: &Saved) -> Value {
    let names: Vec<_> = saved.names.iter().map(Reference::familiar).collect();
    json!({
        "Config": path(&saved.image.id),
        "RepoTags": names,
        "Layers": saved.image.layers().map(|layer| path(&layer.digest)).collect::<Vec<_>>(),
    })
}

fn doing() -> &'static str {
    "write the archive"
}

/// An archive that is being written: files of nobody's, as old as time.
struct Out<W> {
    to: Writer<W>,
    number: u64,
}

impl<W: Write> Out<W> {
    fn folder(&mut self, name: &str) -> Result<()> {
        self.member(name, Kind::Folder, 0o755, 0, io::empty())
    }

    fn document(&mut self, name: &str, value: &Value) -> Result<()> {
        let text = value.to_string();
        self.member(name, Kind::File, 0o644, text.len() as u64, text.as_bytes())
    }

    fn file(&mut self, name: &str, size: u64, file: File) -> Result<()> {
        self.member(name, Kind::File, 0o644, size, file)
            .map_err(|fault: Fault| fault.during(format!("save `{name}`")))
    }

    fn member(&mut self, name: &str, kind: Kind, mode: u32, size: u64, bytes: impl io::Read) -> Result<()> {
        self.number += 1;
        let entry = Entry {
            number: self.number,
            name: name.as_bytes().to_vec(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            xattrs: Vec::new(),
            data: Data { size, stored: size, ..Data::default() },
        };
        self.to.member(&entry, bytes).doing(doing)
    }
}
