//! What we push is what others pull.

use std::io::{self, Read};

use lab::Registry;
use oci::image::{Descriptor, Family, MediaType, Reference};
use registry::{Client, Pushed};

use crate::kit::{Image, client, name, settings};

fn push(client: &Client, to: &Reference, blob: &Descriptor, bytes: &[u8], from: &[Reference]) -> Pushed {
    let bytes = bytes.to_vec();
    let source = move |at: u64| -> io::Result<Box<dyn Read>> {
        let at = usize::try_from(at).expect("a place in memory");
        Ok(Box::new(io::Cursor::new(bytes[at..].to_vec())))
    };
    client.push_blob(to, blob, from, &source).expect("a push")
}

fn push_image(client: &Client, to: &Reference, image: &Image) -> [Pushed; 2] {
    let layer = push(client, to, &image.layer_descriptor(), &image.layer, &[]);
    let config = push(client, to, &image.config_descriptor(), &image.config, &[]);
    client.push_manifest(to, &MediaType::Manifest(Family::Oci), &image.manifest).expect("a manifest");
    [layer, config]
}

#[test]
fn skopeo_pulls_what_we_pushed() {
    let (registry, image) = (Registry::plain(), Image::new(200_000));
    let to = name(&registry.host(), "team/app:1");
    assert_eq!(push_image(&client(), &to, &image), [Pushed::Sent; 2]);
    let folder = lab::Scratch::new("pulled");
    let dir = format!("dir:{}", folder.path().display());
    lab::skopeo(&["copy", "--src-tls-verify=false", &format!("docker://{to}"), &dir]);
    let pulled = |file: &str| std::fs::read(folder.path().join(file)).unwrap();
    assert_eq!(pulled("manifest.json"), image.manifest);
    assert_eq!(pulled(image.layer_descriptor().digest.hex()), image.layer);
    // What is there is not sent again, and what another repository has is not sent at all.
    assert_eq!(push_image(&client(), &to, &image), [Pushed::WasThere; 2]);
    let other = name(&registry.host(), "other/app:1");
    let mounted = push(&client(), &other, &image.layer_descriptor(), b"", &[to]);
    assert_eq!(mounted, Pushed::Mounted);
    assert!(client().has_blob(&other, &image.layer_descriptor()).unwrap());
    assert!(!client().has_blob(&other, &image.config_descriptor()).unwrap());
}

#[test]
fn a_blob_may_go_in_pieces() {
    let (registry, image) = (Registry::plain(), Image::new(200_000));
    let to = name(&registry.host(), "app:1");
    let mut settings = settings();
    settings.patience.piece = Some(64 << 10);
    push_image(&Client::new(settings), &to, &image);
    let patches =
        registry.log().lines().filter(|line| line.contains("\"PATCH /v2/app/blobs/uploads/")).count();
    assert_eq!(patches, image.layer.len().div_ceil(64 << 10));
    assert_eq!(client().resolve(&to).unwrap().bytes, image.manifest);
}

#[test]
fn a_manifest_by_digest_has_no_tag() {
    let (registry, image) = (Registry::plain(), Image::new(10));
    let to = name(&registry.host(), "app");
    push(&client(), &to, &image.layer_descriptor(), &image.layer, &[]);
    push(&client(), &to, &image.config_descriptor(), &image.config, &[]);
    let digest = client().push_manifest(&to, &MediaType::Manifest(Family::Oci), &image.manifest).unwrap();
    assert_eq!(client().resolve(&to.clone().with_digest(digest)).unwrap().bytes, image.manifest);
    assert!(client().resolve(&to).is_err(), "there is no `latest`");
}

#[test]
fn a_manifest_without_its_blobs_is_refused() {
    let (registry, image) = (Registry::plain(), Image::new(10));
    let to = name(&registry.host(), "app:1");
    let fault = client().push_manifest(&to, &MediaType::Manifest(Family::Oci), &image.manifest).unwrap_err();
    assert!(fault.sentence().contains("manifest blob unknown"), "{fault}");
}

#[test]
fn a_file_that_is_too_short_is_no_fault_of_the_network() {
    let (registry, image) = (Registry::plain(), Image::new(100_000));
    let to = name(&registry.host(), "app:1");
    let source = |_: u64| -> io::Result<Box<dyn Read>> { Ok(Box::new(io::repeat(0).take(1000))) };
    let fault = client().push_blob(&to, &image.layer_descriptor(), &[], &source).unwrap_err();
    assert!(fault.sentence().contains("bytes shorter than it should be"), "{fault}");
    let wrong = |_: u64| -> io::Result<Box<dyn Read>> { Ok(Box::new(io::repeat(0))) };
    let fault = client().push_blob(&to, &image.layer_descriptor(), &[], &wrong).unwrap_err();
    assert!(fault.sentence().contains("digest invalid"), "{fault}");
}
