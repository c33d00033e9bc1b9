//! An OCI image layout, in an archive or a folder. Source: OCI image-spec, image-layout.md.

use std::collections::BTreeMap;

use fault::{Fault, Kind, Result};
use oci::image::{Descriptor, Digest, Document, Manifest, MediaType, Platform, Reference, limits};

use crate::incoming::Incoming;
use crate::load::Offered;

/// Where documents come from.
pub(crate) trait Documents {
    /// A document by its digest, checked against it.
    fn document(&self, digest: &Digest) -> Result<Vec<u8>>;
    /// It is there.
    fn has(&self, digest: &Digest) -> bool;
}

/// The name of an image, as containerd and docker write it.
const FULL_NAME: &str = "io.containerd.image.name";
/// As the specification has it: a tag, or a name, as everybody likes.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The images that `index.json` lists, each for one platform.
pub(crate) fn images(index_json: &[u8], from: &dyn Documents, platform: &Platform) -> Result<Vec<Offered>> {
    let doing = |fault: Fault| fault.during("read `index.json`");
    let index = MediaType::named("application/vnd.oci.image.index.v1+json");
    let Document::Index(index) = Document::parse(index_json, &[("index.json", &index)]).map_err(doing)?
    else {
        return Err(doing(Fault::invalid("mediaType", "expected an index, got a manifest")));
    };
    let mut all: Vec<Offered> = Vec::new();
    let mut known: BTreeMap<(&Digest, u64, String), Option<usize>> = BTreeMap::new();
    let mut bytes = 0;
    for entry in &index.manifests {
        // An image that has many names is read once.
        let what = (&entry.digest, entry.size, entry.media_type.to_string());
        if let Some(known) = known.get(&what) {
            if let Some(offered) = known.and_then(|at| all.get_mut(at)) {
                offered.names.extend(name(entry));
            }
            continue;
        }
        let chosen = choose(entry, from, platform, 0)?;
        known.insert(what, chosen.as_ref().map(|_| all.len()));
        if let Some(incoming) = chosen {
            bytes += incoming.document_bytes();
            if bytes > limits::LONGEST_DOCUMENTS {
                return Err(doing(Fault::invalid("manifests", too_long())));
            }
            all.push(Offered { names: name(entry).into_iter().collect(), incoming });
        }
    }
    Ok(all)
}

/// Why documents are refused that are fine each.
pub(crate) fn too_long() -> String {
    format!("the documents of its images have more than {} bytes together", limits::LONGEST_DOCUMENTS)
}

/// The manifest of an entry; of several, the one that fits best of those that are there. Nothing for what is no
/// image, such as a signature.
fn choose(
    entry: &Descriptor,
    from: &dyn Documents,
    platform: &Platform,
    above: usize,
) -> Result<Option<Incoming>> {
    if above > limits::DEEPEST_INDEX {
        return Err(Fault::new(Kind::Invalid, format!("choose from index `{}`", entry.digest))
            .because(format!("more than {} indexes name each other", limits::DEEPEST_INDEX)));
    }
    let json = from.document(&entry.digest)?;
    entry.check(json.len(), &entry.media_type)?;
    match Document::parse(&json, &[("descriptor", &entry.media_type)])
        .map_err(|fault| fault.during(format!("read `{}`", entry.digest)))?
    {
        Document::Manifest(manifest) => of_manifest(&manifest, entry, json, from),
        Document::Index(index) => {
            let fitting = index.candidates(platform);
            let there: Vec<_> = fitting.into_iter().filter(|one| from.has(&one.digest)).collect();
            let Some(best) = there.first() else {
                return Err(Fault::new(Kind::NotFound, format!("choose from index `{}`", entry.digest))
                    .because(format!("there is no image for {platform} in it"))
                    .hint("name another platform by --platform"));
            };
            let chosen = choose(best, from, platform, above + 1)?;
            Ok(chosen.map(|incoming| Incoming { index: Some((entry.clone(), json)), ..incoming }))
        }
    }
}

fn of_manifest(
    manifest: &Manifest,
    entry: &Descriptor,
    json: Vec<u8>,
    from: &dyn Documents,
) -> Result<Option<Incoming>> {
    if manifest.check_is_image().is_err() {
        return Ok(None);
    }
    let config_json = from.document(&manifest.config.digest)?;
    manifest.config.check(config_json.len(), &manifest.config.media_type)?;
    let manifest = Descriptor { annotations: Default::default(), platform: None, ..entry.clone() };
    Ok(Some(Incoming { manifest, manifest_json: json, index: None, config_json }))
}

/// The name that an entry gives itself. A mere `latest` says nothing: it is what tools write who know no name.
fn name(entry: &Descriptor) -> Option<Reference> {
    let named = |key| entry.annotations.get(key).filter(|name| !name.is_empty() && *name != "latest");
    let name = named(FULL_NAME).or_else(|| named(REF_NAME))?;
    name.parse::<Reference>().ok().map(Reference::or_latest)
}
