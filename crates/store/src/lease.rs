//! Leases: what a process is about to use, so that nobody removes it before a record names it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use oci::image::Digest;
use rustix::fs::FlockOperation;

use crate::uses::Use;
use crate::{Found, Image, Kept, Store, collect, files, images, lock};

/// Keeps blobs and layers, also ones that are not there yet. It ends when dropped, or with the process.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    #[expect(dead_code, reason = "its lock says that we live")]
    file: File,
}

impl Store {
    /// From here on, none of `digests` is removed: blobs, layers by their `diff_id`, or roots.
    pub fn lease<'a>(&self, digests: impl IntoIterator<Item = &'a Digest>) -> Result<Lease> {
        self.write_lease(&digests.into_iter().flat_map(|digest| [digest.as_str(), "\n"]).collect::<String>())
    }

    fn write_lease(&self, text: &str) -> Result<Lease> {
        let path = self.at("leases").join(files::random_name());
        let doing = || format!("write `{}`", path.display());
        let _shared = self.shared()?;
        let mut file = files::create(&path).doing(doing)?;
        lock::wait(&file, FlockOperation::LockExclusive).doing(doing)?;
        file.write_all(text.as_bytes()).doing(doing)?;
        Ok(Lease { path, file })
    }

    /// The same for all that an image is made of, its root included.
    ///
    /// # Errors
    /// `NotFound`, "No such image", also if somebody has just removed it.
    pub fn lease_image(&self, id: &Digest) -> Result<(Image, Lease)> {
        self.lease_read(self.image(id)?)
    }

    /// The same for an image that was found, as what it was found as.
    pub fn lease_found(&self, found: &Found) -> Result<(Image, Lease)> {
        self.lease_read(self.found(found)?)
    }

    fn lease_read(&self, image: Image) -> Result<(Image, Lease)> {
        let id = &image.id.clone();
        let used = Use { image: id.clone(), kept: image.kept.clone() };
        let json =
            serde_json::to_string(&used).map_err(io::Error::from).doing(|| format!("use image `{id}`"))?;
        let parts: String = collect::parts_of(&image).iter().flat_map(|part| [part.as_str(), "\n"]).collect();
        let lease = self.write_lease(&format!("{parts}{json}\n"))?;
        // It is kept still, so nothing of it was removed before.
        self.kept(id)?.map(|_| (image, lease)).ok_or_else(|| images::not_here(id))
    }

    /// What was kept of an image that is leased as a whole, whatever has become of its record. The caller holds the
    /// lock, shared or not.
    pub(crate) fn leased_image(&self, id: &Digest) -> Result<Option<Kept>> {
        // One without a lock may be of somebody who is about to take that.
        let texts = self.leases(|_| Ok(()))?;
        let mut uses = texts
            .iter()
            .flat_map(|text| text.lines())
            .filter_map(|line| serde_json::from_str::<Use>(line).ok());
        Ok(uses.find(|used| used.image == *id).map(|used| used.kept))
    }

    /// All that is leased by processes that live. The caller holds the exclusive lock, so none is half-written.
    pub(crate) fn leased(&self) -> Result<Vec<Digest>> {
        let texts = self.leases(files::remove)?;
        Ok(texts.iter().flat_map(|text| text.lines().filter_map(|line| line.parse().ok())).collect())
    }

    /// Leases of processes that live.
    fn leases(&self, dead: impl Fn(&Path) -> Result<()>) -> Result<Vec<String>> {
        let folder = self.at("leases");
        let mut leases = Vec::new();
        for name in files::names_in(&folder)? {
            let path = folder.join(name);
            let doing = || format!("read `{}`", path.display());
            // One that cannot be read may be of somebody who lives.
            let Some(file) = files::absent_is_none(File::open(&path)).doing(doing)? else { continue };
            if lock::abandoned(&file) {
                dead(&path)?;
                continue;
            }
            leases.extend(files::absent_is_none(std::fs::read_to_string(&path)).doing(doing)?);
        }
        Ok(leases)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = files::remove(&self.path);
    }
}
