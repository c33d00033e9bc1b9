//! Where everything is.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Result};

/// The store below one folder. Cheap to open: one look, if it is there.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// The version of the layout, as the specification wants it.
/// Source: OCI image-spec, image-layout.md.
const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

const FOLDERS: [&str; 11] = [
    "images/blobs/sha256",
    "images/blobs/sha512",
    "references",
    "kept/sha256",
    "kept/sha512",
    "layers/sha256",
    "layers/sha512",
    "roots/sha256",
    "trees/sha256",
    "uses",
    "staging",
];

impl Store {
    /// Opens the store below `root`, and makes what is not there yet.
    pub fn open(root: &Path) -> Result<Store> {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        let store = Store { root };
        if !store.root.join("images/oci-layout").is_file() {
            store.make()?;
        }
        Ok(store)
    }

    fn make(&self) -> Result<()> {
        for folder in FOLDERS.iter().chain(&["leases", "claims"]) {
            let path = self.root.join(folder);
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .doing(|| format!("make the folder `{}`", path.display()))
                .map_err(|fault| {
                    fault.or_hint(Some("choose another folder by --root or NAGAYA_ROOT".into()))
                })?;
        }
        // Somebody else may be making it as well, and be further: what he has listed stays.
        let _lock = self.exclusive()?;
        let index = self.at("images/index.json");
        if !index.try_exists().doing(|| format!("look for `{}`", index.display()))? {
            self.replace(&index, &crate::layout::empty())?;
        }
        self.replace(&self.at("images/oci-layout"), OCI_LAYOUT)
    }

    /// The folder that everything is in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The OCI image layout.
    pub fn layout(&self) -> PathBuf {
        self.root.join("images")
    }

    pub(crate) fn at(&self, below: impl AsRef<Path>) -> PathBuf {
        self.root.join(below)
    }
}
