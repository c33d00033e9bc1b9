//! `index.json`: what the store has, for other tools. Made from the records, never read by us.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use fault::Result;
use oci::image::{Descriptor, Digest, Reference};
use serde_json::{Value, json};

use crate::images::Kept;
use crate::{Exclusive, Named, Store, files};

/// The boot in which the index was written; not there while names or images change. Never synced: after a power cut,
/// it is of another boot, whatever came of it.
const LISTED: &str = "listed";

fn boot() -> Vec<u8> {
    std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Its text while there is nothing.
pub(crate) fn empty() -> Vec<u8> {
    text(&[])
}

impl Store {
    /// Writes it anew, after names or images have changed. It is synced, and with it, on file systems with a journal,
    /// the removal of names and records before.
    pub fn write_index(&self, lock: &Exclusive) -> Result<()> {
        // On a full disk it is for the next one to do.
        let _ = self.forget_versions(lock);
        self.replace_soon(&self.at("images/index.json"), &self.index()?)?;
        let listed =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(self.at(LISTED));
        // Without it, the index is written once more than it had to be.
        let _ = listed.and_then(|mut file| file.write_all(&boot()));
        Ok(())
    }

    /// From here on it is stale, until it is written.
    pub(crate) fn index_will_change(&self, _lock: &Exclusive) -> Result<()> {
        files::remove(&self.at(LISTED))
    }

    /// Writes it for somebody who was killed before he had, or whom a power cut kept from it: neither is damage.
    pub(crate) fn finish_index(&self, lock: &Exclusive) -> Result<()> {
        let of_this_boot = std::fs::read(self.at(LISTED)).is_ok_and(|listed| listed == boot());
        if of_this_boot { Ok(()) } else { self.write_index(lock) }
    }

    /// Its text as it should be.
    pub(crate) fn index(&self) -> Result<Vec<u8>> {
        let mut names: BTreeMap<Digest, Vec<(Reference, Named)>> = BTreeMap::new();
        for (name, named) in self.names()?.into_iter().filter(|(name, _)| name.digest().is_none()) {
            names.entry(named.image.clone()).or_default().push((name, named));
        }
        let mut entries = Vec::new();
        for id in self.ids()? {
            if let Some(kept) = self.kept(&id)? {
                entries.extend(entries_of(&kept, names.get(&id).map_or(&[][..], Vec::as_slice)));
            }
        }
        Ok(text(&entries))
    }
}

/// One for each name; one without a name for each manifest that has none, so that other tools do not take it for garbage.
fn entries_of(kept: &Kept, names: &[(Reference, Named)]) -> Vec<Value> {
    let bare = |manifest: &Descriptor| json!({ "mediaType": manifest.media_type.to_string(), "digest": manifest.digest.to_string(), "size": manifest.size });
    let named = |(name, named): &(Reference, Named)| {
        let manifest = kept.clone().seen_as(&named.target).manifest;
        let mut entry = bare(&manifest);
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": name.to_string() });
        (manifest.digest, entry)
    };
    let (seen, mut entries): (Vec<Digest>, Vec<Value>) = names.iter().map(named).unzip();
    let all = kept.versions().into_iter().map(|version| version.manifest);
    entries.extend(all.filter(|manifest| !seen.contains(&manifest.digest)).map(|manifest| bare(&manifest)));
    entries
}

fn text(entries: &[Value]) -> Vec<u8> {
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries,
    });
    index.to_string().into_bytes()
}
