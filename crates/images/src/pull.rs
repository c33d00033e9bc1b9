//! `pull`: an image from a registry.

use std::io::Read;

use fault::{Fault, Kind, Result};
use oci::image::{Descriptor, Digest, Document, Manifest, Platform, Reference, limits};
use registry::{Client, Resolved};

use crate::Images;
use crate::incoming::{Incoming, Source};
use crate::progress::Progress;

/// An image that was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Its id.
    pub id: Digest,
    /// What the registry answered to the name: the digest of a manifest, or of an index.
    pub target: Digest,
    /// It was here already, under this name.
    pub up_to_date: bool,
}

impl Images {
    /// Brings the image of a name here, for one platform; nothing is fetched that is here.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Unavailable`, as the registry says; `Invalid`: it has sent something else.
    pub fn pull(
        &self,
        client: &Client,
        name: &Reference,
        platform: &Platform,
        progress: &dyn Progress,
    ) -> Result<Pulled> {
        let name = name.clone().or_latest();
        let resolved = client.resolve(&name)?;
        self.pull_resolved(client, &name, resolved, platform, progress)
    }

    /// The same when it is known what the name stands for.
    pub(crate) fn pull_resolved(
        &self,
        client: &Client,
        name: &Reference,
        resolved: Resolved,
        platform: &Platform,
        progress: &dyn Progress,
    ) -> Result<Pulled> {
        let target = resolved.digest.clone();
        let before = self.store.name(name)?.filter(|before| before.target == target);
        let incoming = self.choose(client, name, resolved, platform)?;
        let source = FromRegistry { client, name };
        let here = self.bring(&incoming, &source, progress)?;
        let id = here.id.clone();
        self.record(here, vec![name.clone()], true)?;
        let up_to_date = before.is_some_and(|before| before.image == id);
        Ok(Pulled { id, target, up_to_date })
    }

    /// The documents of the image that fits the platform best.
    fn choose(
        &self,
        client: &Client,
        name: &Reference,
        resolved: Resolved,
        platform: &Platform,
    ) -> Result<Incoming> {
        let (mut at, mut index) = (resolved, None);
        for _ in 0..=limits::DEEPEST_INDEX {
            let said = [("registry", &at.media_type)];
            let document = Document::parse(&at.bytes, &said)
                .map_err(|fault| fault.during(format!("read manifest `{}` of `{name}`", at.digest)))?;
            let descriptor = Descriptor::new(document.media_type(), at.digest, at.bytes.len() as u64);
            match document {
                Document::Manifest(manifest) => {
                    let config_json = self.config_json(client, name, &manifest)?;
                    return Ok(Incoming {
                        manifest: descriptor,
                        manifest_json: at.bytes,
                        index,
                        config_json,
                    });
                }
                Document::Index(all) => {
                    let best = all.candidates(platform).first().copied().cloned();
                    let best = best.ok_or_else(|| no_platform(name, platform))?;
                    // What was asked for is the outermost one.
                    index.get_or_insert((descriptor, at.bytes));
                    at = client.resolve(&name.repository().with_digest(best.digest.clone()))?;
                    best.check(at.bytes.len(), &at.media_type)?;
                }
            }
        }
        Err(Fault::new(Kind::Invalid, format!("choose an image of `{name}`"))
            .because(format!("more than {} indexes name each other", limits::DEEPEST_INDEX)))
    }

    fn config_json(&self, client: &Client, name: &Reference, manifest: &Manifest) -> Result<Vec<u8>> {
        manifest.check_is_image()?;
        let config = &manifest.config;
        if self.store.has_blob(&config.digest)
            && let Ok(json) = self.store.document(&config.digest)
        {
            return Ok(json);
        }
        client.small_blob(name, config, limits::LONGEST_CONFIG)
    }
}

/// In Docker's words.
fn no_platform(name: &Reference, platform: &Platform) -> Fault {
    Fault::new(Kind::NotFound, format!("choose an image of `{name}`"))
        .because(format!("no matching manifest for {platform} in the manifest list entries"))
        .hint("name another platform by --platform")
}

struct FromRegistry<'a> {
    client: &'a Client,
    name: &'a Reference,
}

impl Source for FromRegistry<'_> {
    fn open(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.client.blob(self.name, blob)?))
    }
}
