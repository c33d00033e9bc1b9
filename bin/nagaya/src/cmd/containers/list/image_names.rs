//! What `ps` calls images: by the name that a container was made by, as long as that is its image's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use container::Record;
use oci::image::Digest;
use store::Store;

/// Names that were looked up, each once.
pub(super) struct ImageNames {
    root: PathBuf,
    store: Option<Store>,
    known: BTreeMap<String, Option<Digest>>,
}

impl ImageNames {
    pub(super) fn at(root: &Path) -> ImageNames {
        ImageNames { root: root.to_path_buf(), store: None, known: BTreeMap::new() }
    }

    /// The name, or the id if the name is another image's by now, or nobody's. Source: moby, `daemon/list.go`.
    pub(super) fn shown(&mut self, record: &Record, whole: bool) -> String {
        let name = record.image();
        match record.image_id() {
            Some(id) if self.find(name) != Some(id) => {
                if whole {
                    id.to_string()
                } else {
                    id.short().to_string()
                }
            }
            _ => name.to_string(),
        }
    }

    fn find(&mut self, name: &str) -> Option<&Digest> {
        if !self.known.contains_key(name) {
            // There is a store where there are containers of images.
            if self.store.is_none() {
                self.store = Store::open(&self.root).ok();
            }
            let found = self.store.as_ref().and_then(|store| store.find(name).ok());
            self.known.insert(name.to_string(), found.map(|found| found.id));
        }
        self.known.get(name)?.as_ref()
    }
}
