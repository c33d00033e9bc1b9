//! A store of its own, and images of one layer that has only a text in it.

use std::fs;
use std::path::{Path, PathBuf};

use oci::image::{Compression, Config, Descriptor, Digest, Family, Manifest, MediaType, Reference};
use store::{Folder, Kept, Named, Store};

/// A folder with a store in it, which goes in the end.
pub(crate) struct Place {
    pub(crate) store: Store,
    _lab: lab::Lab,
}

impl Place {
    pub(crate) fn new() -> Place {
        let lab = lab::Lab::new();
        Place { store: Store::open(&lab.folder().join("store")).expect("a store"), _lab: lab }
    }

    pub(crate) fn root(&self) -> &Path {
        self.store.root()
    }

    /// Things that are in the making.
    pub(crate) fn staged(&self) -> usize {
        fs::read_dir(self.root().join("staging")).expect("staging").count()
    }

    /// An image with these names; its id.
    pub(crate) fn image(&self, text: &str, names: &[&str]) -> Digest {
        image(&self.store, text, names)
    }

    /// An unpacked layer of that tar; where it is.
    pub(crate) fn layer(&self, tar: &[u8]) -> PathBuf {
        let staged = self.store.stage_folder().expect("a folder");
        fs::write(staged.path().join("tar"), tar).expect("a tar");
        let diff_id = digest(tar);
        self.store
            .ready_folder(staged, Folder::Layer(&diff_id), &[("tar", diff_id.clone())])
            .and_then(|ready| self.store.land(vec![ready]))
            .expect("published");
        self.store.folder(Folder::Layer(&diff_id)).expect("a layer")
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    hash::sha256(bytes)
}

pub(crate) fn reference(text: &str) -> Reference {
    text.parse::<Reference>().expect("a name").or_latest()
}

/// An image with these names; its id.
pub(crate) fn image(store: &Store, text: &str, names: &[&str]) -> Digest {
    let layer = format!("layer of {text}").into_bytes();
    let mut config = Config { author: text.to_string(), ..Config::default() };
    config.rootfs.diff_ids = vec![digest(&layer)];
    let config = config.to_json();
    let id = digest(&config);
    let described = |media_type, bytes: &[u8]| Descriptor::new(media_type, digest(bytes), bytes.len() as u64);
    let layers = vec![described(MediaType::Layer(Family::Oci, Compression::None), &layer)];
    let manifest =
        Manifest::new(Family::Oci, described(MediaType::Config(Family::Oci), &config), layers).to_json();
    let descriptor = described(MediaType::Manifest(Family::Oci), &manifest);

    let _lease = store.lease([&digest(&layer), &id, &descriptor.digest]).expect("a lease");
    for bytes in [&layer, &config, &manifest] {
        store.put(&digest(bytes), bytes).expect("a blob");
    }
    let lock = store.exclusive().expect("the lock");
    store.keep(&id, &Kept::now(descriptor.clone(), None), &lock).expect("a record");
    for name in names {
        let named = Named { image: id.clone(), target: descriptor.digest.clone(), in_registry: false };
        store.set_name(&reference(name), &named, &lock).expect("a name");
    }
    store.write_index(&lock).expect("the index");
    id
}
