//! `index.json`: what the store has, for other tools. Made from the records, never read by us.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use fault::Result;
use oci::image::{Digest, Reference};
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
    pub fn write_index(&self, _lock: &Exclusive) -> Result<()> {
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
        let mut names: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
        for (name, Named { image, .. }) in self.names()? {
            let names = names.entry(image).or_default();
            names.extend(is_by_tag(&name).then(|| name.to_string()));
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

fn is_by_tag(name: &Reference) -> bool {
    name.digest().is_none()
}

/// One for each name; one without a name if it has none, so that other tools do not take it for garbage.
fn entries_of(kept: &Kept, names: &[String]) -> Vec<Value> {
    let manifest = &kept.manifest;
    let bare = json!({
        "mediaType": manifest.media_type.to_string(), "digest": manifest.digest.to_string(), "size": manifest.size,
    });
    if names.is_empty() {
        return vec![bare];
    }
    let named = |name: &String| {
        let mut entry = bare.clone();
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        entry
    };
    names.iter().map(named).collect()
}

fn text(entries: &[Value]) -> Vec<u8> {
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries,
    });
    index.to_string().into_bytes()
}
