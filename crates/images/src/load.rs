//! `load`: images from an archive, or from a folder.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use oci::image::{Descriptor, Digest, Document, MediaType, Platform, Reference};
use rustix::fs::OFlags;
use store::{Named, Store};

use crate::archive::Archive;
use crate::incoming::{Incoming, Source};
use crate::oci_layout::Documents;
use crate::progress::Progress;
use crate::{Images, manifest_json, oci_layout};

/// An image that an archive has, and what it is called there.
pub(crate) struct Offered {
    pub(crate) names: Vec<Reference>,
    pub(crate) incoming: Incoming,
}

/// An image that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its id.
    pub id: Digest,
    /// Names that it has now.
    pub names: Vec<Reference>,
    /// Names that another image had before, with that image's id.
    pub taken: Vec<(Reference, Digest)>,
}

impl Images {
    /// Takes the images of an archive: as `docker save` writes it, or an OCI image layout in a tar.
    pub fn load(
        &self,
        input: impl Read,
        platform: &Platform,
        progress: &dyn Progress,
    ) -> Result<Vec<Loaded>> {
        let mut archive = Archive::read(&self.store, input)?;
        let offered = offered(&archive, platform)?;
        if offered.is_empty() {
            return Err(Fault::new(Kind::Invalid, "load the archive")
                .because("there is no image in it: neither `manifest.json` nor `index.json` names one")
                .hint("a root folder in a tar is taken by `nagaya import`"));
        }
        let wanted = wanted(&offered)?;
        let _lease = self.store.lease(&wanted)?;
        archive.adopt(&self.store, &wanted)?;
        self.take(offered, &InStore(&self.store), progress)
    }

    /// Takes the images of an OCI image layout in a folder.
    pub fn load_folder(
        &self,
        folder: &Path,
        platform: &Platform,
        progress: &dyn Progress,
    ) -> Result<Vec<Loaded>> {
        let folder = LayoutFolder(folder.to_path_buf());
        let index =
            folder.read(Path::new("index.json"), oci::image::limits::LONGEST_MANIFEST).map_err(|fault| {
                fault.or_hint(Some(
                    "a folder must be an OCI image layout, with `index.json` in it".to_string(),
                ))
            })?;
        let offered = oci_layout::images(&index, &folder, platform)?;
        if offered.is_empty() {
            return Err(Fault::new(Kind::Invalid, format!("load `{}`", folder.0.display()))
                .because("there is no image in it: `index.json` names none"));
        }
        self.take(offered, &folder, progress)
    }

    fn take(
        &self,
        offered: Vec<Offered>,
        source: &dyn Source,
        progress: &dyn Progress,
    ) -> Result<Vec<Loaded>> {
        let mut loaded = Vec::new();
        for Offered { names, incoming } in offered {
            let here = self.bring(&incoming, source, progress)?;
            // A name with a digest is nobody's to give: it is what has that digest.
            let target =
                incoming.index.as_ref().map_or(&incoming.manifest, |(index, _)| index).digest.clone();
            let mut names = names;
            names.retain(|name| name.digest().is_none_or(|digest| *digest == target));
            loaded.push(self.record(here, names, false)?);
        }
        Ok(loaded)
    }
}

/// Everything that the offered images are made of, as far as their documents say.
fn wanted(offered: &[Offered]) -> Result<Vec<Digest>> {
    let mut wanted = Vec::new();
    for Offered { incoming, .. } in offered {
        wanted.push(incoming.manifest.digest.clone());
        let document =
            Document::parse(&incoming.manifest_json, &[("descriptor", &incoming.manifest.media_type)])?;
        if let Document::Manifest(manifest) = document {
            wanted.push(manifest.config.digest);
            wanted.extend(manifest.layers.into_iter().map(|layer| layer.digest));
        }
    }
    Ok(wanted)
}

/// An archive can be of both kinds. Then the layout counts, whose digests are those of the registry, and the names
/// of either.
fn offered(archive: &Archive, platform: &Platform) -> Result<Vec<Offered>> {
    let Some(index) = archive.document("index.json")? else { return manifest_json::images(archive) };
    let mut all = oci_layout::images(&index, archive, platform)?;
    let names = manifest_json::names(archive)?;
    for offered in &mut all {
        let document = Document::parse(
            &offered.incoming.manifest_json,
            &[("descriptor", &offered.incoming.manifest.media_type)],
        )?;
        if let Document::Manifest(manifest) = document {
            offered.names.extend(names.get(&manifest.config.digest).into_iter().flatten().cloned());
        }
        offered.names.sort();
        offered.names.dedup();
    }
    Ok(all)
}

impl Documents for Archive {
    fn document(&self, digest: &Digest) -> Result<Vec<u8>> {
        self.document_of(digest)
    }

    fn has(&self, digest: &Digest) -> bool {
        self.blob(digest).is_some()
    }
}

/// Blobs that are in the store already.
pub(crate) struct InStore<'a>(pub(crate) &'a Store);

impl Source for InStore<'_> {
    fn open(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        let missing = |_| {
            Fault::new(Kind::NotFound, format!("find layer `{}`", blob.digest))
                .because("it is not here, and the archive does not have it")
        };
        self.0.blob(&blob.digest).map(|file| Box::new(file) as _).map_err(missing)
    }
}

/// An OCI image layout of somebody else's.
struct LayoutFolder(PathBuf);

impl LayoutFolder {
    fn blob(digest: &Digest) -> PathBuf {
        Path::new("blobs").join(digest.algorithm().as_str()).join(digest.hex())
    }

    /// Only a file: of a pipe or a device nobody knows what comes, nor when.
    fn file(&self, path: &Path) -> Result<File> {
        let path = self.0.join(path);
        let doing = || format!("open `{}`", path.display());
        let without_waiting = OFlags::NONBLOCK.bits().cast_signed();
        let file = File::options().read(true).custom_flags(without_waiting).open(&path).doing(doing)?;
        if !file.metadata().doing(doing)?.is_file() {
            return Err(Fault::new(Kind::Invalid, doing()).because("it is not a file"));
        }
        Ok(file)
    }

    fn read(&self, path: &Path, longest: u64) -> Result<Vec<u8>> {
        let doing = || format!("read `{}`", self.0.join(path).display());
        let mut bytes = Vec::new();
        self.file(path)?.take(longest + 1).read_to_end(&mut bytes).doing(doing)?;
        if bytes.len() as u64 > longest {
            return Err(
                Fault::new(Kind::Invalid, doing()).because(format!("it is longer than {longest} bytes"))
            );
        }
        Ok(bytes)
    }
}

impl Documents for LayoutFolder {
    fn document(&self, digest: &Digest) -> Result<Vec<u8>> {
        let bytes = self.read(&LayoutFolder::blob(digest), oci::image::limits::LONGEST_CONFIG)?;
        let got = hash::of(&bytes, digest.algorithm());
        if got != *digest {
            return Err(Fault::new(Kind::Invalid, format!("read blob `{digest}`"))
                .because(format!("its digest is `{got}`")));
        }
        Ok(bytes)
    }

    fn has(&self, digest: &Digest) -> bool {
        self.0.join(LayoutFolder::blob(digest)).exists()
    }
}

impl Source for LayoutFolder {
    fn open(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.file(&LayoutFolder::blob(&blob.digest))?))
    }
}

/// What a document of ours is called by.
pub(crate) fn descriptor(media_type: MediaType, json: &[u8]) -> Descriptor {
    Descriptor::new(media_type, hash::sha256(json), json.len() as u64)
}

impl Images {
    /// Records an image that is here, and gives it names: from now on it is found and stays.
    pub(crate) fn record(
        &self,
        here: crate::incoming::Here,
        names: Vec<Reference>,
        in_registry: bool,
    ) -> Result<Loaded> {
        let crate::incoming::Here { id, kept, _lease } = here;
        let target = kept.index.as_ref().unwrap_or(&kept.manifest).digest.clone();
        let lock = self.store.exclusive()?;
        self.store.keep(&id, &kept, &lock)?;
        let mut taken = Vec::new();
        for name in &names {
            let before = self.store.name(name)?.filter(|before| before.image != id);
            taken.extend(before.map(|before| (name.clone(), before.image)));
            let named = Named { image: id.clone(), target: target.clone(), in_registry };
            self.store.set_name(name, &named, &lock)?;
        }
        self.store.write_index(&lock)?;
        Ok(Loaded { id, names, taken })
    }
}
