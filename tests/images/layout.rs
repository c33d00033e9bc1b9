//! OCI image layouts, piece by piece: good ones, and such as no tool would write.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hash::Summed;
use oci::image::{Algorithm, Digest};
use serde_json::{Value, json};

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub(crate) const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    hash::sha256(bytes)
}

pub(crate) fn sha512(bytes: &[u8]) -> Digest {
    hash::of(bytes, Algorithm::Sha512)
}

/// Of a file that may be too large for memory.
pub(crate) fn sha256_of_file(path: &Path) -> Digest {
    let mut file = Summed::new(fs::File::open(path).expect("a file"));
    io::copy(&mut file, &mut io::sink()).expect("its bytes");
    file.sum().digest
}

/// A layout in a folder.
pub(crate) struct Layout {
    pub(crate) folder: PathBuf,
}

/// An image in the making: its documents as values that a test may change.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) manifest: Value,
    pub(crate) config: Value,
}

impl Layout {
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Layout {
        let folder = folder.into();
        fs::create_dir_all(folder.join("blobs/sha256")).expect("a folder");
        fs::create_dir_all(folder.join("blobs/sha512")).expect("a folder");
        fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
        Layout { folder }
    }

    pub(crate) fn blob_path(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest.replacen(':', "/", 1))
    }

    /// Keeps a blob; what a descriptor says of it.
    pub(crate) fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = sha256(bytes).to_string();
        fs::write(self.blob_path(&digest), bytes).expect("a blob");
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    pub(crate) fn document(&self, media_type: &str, value: &Value) -> Value {
        self.blob(media_type, value.to_string().as_bytes())
    }

    /// The parts of an image of these tars, each as it is to be sent.
    pub(crate) fn parts(&self, tars: &[(&[u8], &str)], mut config: Value) -> Parts {
        let layers: Vec<_> = tars.iter().map(|(tar, kind)| self.blob(kind, &compress(tar, kind))).collect();
        let diff_ids: Vec<_> = tars.iter().map(|(tar, _)| sha256(tar).to_string()).collect();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": null, "layers": layers });
        Parts { manifest, config }
    }

    /// Keeps both; the manifest's descriptor. A config that was put in by hand stays.
    pub(crate) fn finish(&self, mut parts: Parts) -> Value {
        if parts.manifest["config"].is_null() {
            parts.manifest["config"] = self.document(CONFIG, &parts.config);
        }
        self.document(MANIFEST, &parts.manifest)
    }

    /// Keeps an image of these tars.
    pub(crate) fn image(&self, tars: &[(&[u8], &str)], config: Value) -> Value {
        self.finish(self.parts(tars, config))
    }

    /// Names images in the layout's own index.
    pub(crate) fn list(&self, entries: &[(&str, Value)]) {
        let entry = |(name, descriptor): &(&str, Value)| {
            let mut entry = descriptor.clone();
            if !name.is_empty() {
                entry["annotations"]["org.opencontainers.image.ref.name"] = (*name).into();
            }
            entry
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        self.write_index(&json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }));
    }

    pub(crate) fn write_index(&self, index: &Value) {
        fs::write(self.folder.join("index.json"), index.to_string()).expect("a file");
    }

    /// The same in an archive.
    pub(crate) fn archive(&self) -> PathBuf {
        let archive = self.folder.with_extension("tar");
        tar(&self.folder, &archive, &[]);
        archive
    }
}

/// `linux/amd64` of this machine, and nothing to run.
pub(crate) fn bare() -> Value {
    json!({ "architecture": oci::image::Platform::host().architecture, "os": "linux", "config": {} })
}

/// As a media type says.
pub(crate) fn compress(tar: &[u8], media_type: &str) -> Vec<u8> {
    if media_type.ends_with("gzip") {
        pipe(Command::new("gzip").arg("-1n"), tar)
    } else if media_type.ends_with("zstd") {
        pipe(Command::new("zstd").args(["-q", "-1"]), tar)
    } else {
        tar.to_vec()
    }
}

/// What a program makes of some bytes.
pub(crate) fn pipe(command: &mut Command, bytes: &[u8]) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`make packages`");
    let mut stdin = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || io::Write::write_all(&mut stdin, bytes));
        child.wait_with_output().expect("its end")
    });
    assert!(output.status.success(), "{command:?}");
    output.stdout
}

/// Everything in a folder, in order.
pub(crate) fn tar(folder: &Path, archive: &Path, options: &[&str]) {
    let mut command = Command::new("tar");
    command.args(["--sort=name", "--format=pax", "--numeric-owner"]).args(options);
    command.arg("-C").arg(folder).arg("-cf").arg(archive).arg(".");
    assert!(command.status().expect("tar").success(), "{command:?}");
}
