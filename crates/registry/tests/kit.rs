//! Images and settings for these tests.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lab::{Asked, LyingRegistry, Reply, Scratch};
use oci::image::{Compression, Descriptor, Digest, Family, Index, Manifest, MediaType, Reference};
use registry::{Client, Patience, Settings, Waiting};

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    hash::sha256(bytes)
}

pub(crate) fn name(host: &str, rest: &str) -> Reference {
    format!("{host}/{rest}").parse().expect("what the test needs")
}

/// Without anything of this machine, and quick to give up.
pub(crate) fn settings() -> Settings {
    let patience = Patience {
        first_pause: Duration::from_millis(2),
        longest_pause: Duration::from_millis(20),
        stall: Duration::from_secs(5),
        ..Patience::default()
    };
    let mut settings = Settings { patience, ..Settings::default() };
    settings.hosts.resolv_conf = Some("/no/such/file".into());
    settings
}

pub(crate) fn client() -> Client {
    Client::new(settings())
}

/// An image of one layer with `size` bytes of nothing in particular.
pub(crate) struct Image {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) layer: Vec<u8>,
}

impl Image {
    pub(crate) fn new(size: usize) -> Image {
        let scratch = Scratch::new("image");
        let folder = scratch.path().join("root");
        fs::create_dir(&folder).expect("what the test needs");
        fs::write(folder.join("file"), noise(size)).expect("what the test needs");
        let tar = tar(&folder);
        let layer = gzip(&tar);
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
            sha256(&tar)
        );
        let layer_type = MediaType::Layer(Family::Oci, Compression::Gzip);
        let manifest = Manifest::new(
            Family::Oci,
            descriptor(MediaType::Config(Family::Oci), config.as_bytes()),
            vec![descriptor(layer_type, &layer)],
        );
        Image { manifest: manifest.to_json(), config: config.into_bytes(), layer }
    }

    /// As an OCI layout, which is there as long as what this gives.
    pub(crate) fn source(&self) -> Source {
        let scratch = Scratch::new("layout");
        let layout = scratch.path();
        let blobs = layout.join("blobs/sha256");
        fs::create_dir_all(&blobs).expect("what the test needs");
        for blob in [&self.manifest, &self.config, &self.layer] {
            fs::write(blobs.join(sha256(blob).hex()), blob).expect("what the test needs");
        }
        let index =
            Index::new(Family::Oci, vec![descriptor(MediaType::Manifest(Family::Oci), &self.manifest)]);
        fs::write(layout.join("index.json"), index.to_json()).expect("what the test needs");
        fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
            .expect("what the test needs");
        Source { words: format!("oci:{}", layout.display()), _scratch: scratch }
    }

    pub(crate) fn config_descriptor(&self) -> Descriptor {
        descriptor(MediaType::Config(Family::Oci), &self.config)
    }

    pub(crate) fn layer_descriptor(&self) -> Descriptor {
        descriptor(MediaType::Layer(Family::Oci, Compression::Gzip), &self.layer)
    }
}

/// A layout, as skopeo has it: `oci:FOLDER`.
pub(crate) struct Source {
    words: String,
    _scratch: Scratch,
}

impl std::ops::Deref for Source {
    type Target = str;

    fn deref(&self) -> &str {
        &self.words
    }
}

pub(crate) fn descriptor(media_type: MediaType, bytes: &[u8]) -> Descriptor {
    Descriptor::new(media_type, sha256(bytes), bytes.len() as u64)
}

/// Bytes that do not compress, the same each time.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}

fn tar(folder: &Path) -> Vec<u8> {
    let out =
        Command::new("tar").args(["--mtime=@0", "-cC"]).arg(folder).arg(".").output().expect("a command");
    assert!(out.status.success());
    out.stdout
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let file = Scratch::new("gzip");
    let path = file.path().join("tar");
    fs::write(&path, bytes).expect("what the test needs");
    let out = Command::new("gzip").args(["-1nc"]).arg(&path).output().expect("a command");
    assert!(out.status.success());
    out.stdout
}

/// What a good registry answers that has this image as `app:1`.
pub(crate) fn good(image: &Image, asked: &Asked) -> Reply {
    let is_blob = |blob: &[u8]| asked.path() == format!("/v2/app/blobs/{}", sha256(blob));
    match asked.path() {
        "/v2/" => Reply::of(200, "{}"),
        path if path == "/v2/app/manifests/1"
            || path == format!("/v2/app/manifests/{}", sha256(&image.manifest)) =>
        {
            manifest(&image.manifest)
        }
        _ if is_blob(&image.config) => Reply::part(asked, &image.config),
        _ if is_blob(&image.layer) => Reply::part(asked, &image.layer),
        _ => Reply::of(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#),
    }
}

/// A manifest as it is answered.
pub(crate) fn manifest(bytes: &[u8]) -> Reply {
    Reply::of(200, bytes)
        .header("content-type", MediaType::Manifest(Family::Oci).as_str())
        .header("docker-content-digest", sha256(bytes).as_str())
}

/// A registry with this image that answers otherwise where `lie` says so.
pub(crate) fn liar(
    image: &Arc<Image>,
    lie: impl Fn(&Asked, Reply) -> Reply + Send + Sync + 'static,
) -> LyingRegistry {
    let image = Arc::clone(image);
    LyingRegistry::new(move |asked| lie(asked, good(&image, asked)))
}

/// Pauses that a client has made: why, and how long.
pub(crate) type Pauses = Arc<Mutex<Vec<(String, Duration)>>>;

/// With notes of its pauses.
pub(crate) fn watched(mut settings: Settings) -> (Client, Pauses) {
    let pauses = Pauses::default();
    let notes = Arc::clone(&pauses);
    settings.watch = Some(Arc::new(move |waiting: &Waiting| {
        notes.lock().expect("the notes").push((waiting.why.sentence(), waiting.pause));
    }));
    (Client::new(settings), pauses)
}

/// All of a blob.
pub(crate) fn fetch(client: &Client, name: &Reference, blob: &Descriptor) -> fault::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    client.blob(name, blob)?.read_to_end(&mut bytes).map_err(|err| registry::fault_of(&err, "read"))?;
    Ok(bytes)
}
