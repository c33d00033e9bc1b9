//! All the ways in which images are written down, in archives and folders, and of several platforms.

use std::fs;
use std::process::Command;

use lab::{Lab, Nagaya, Registry, fails};
use serde_json::{Value, json};

use crate::kit::Images;
use crate::layout::{
    INDEX, LAYER, LAYER_GZIP, LAYER_ZSTD, Layout, bare, compress, pipe, sha256, sha512, tar,
};
use crate::sample::{PLACES, Sample, put};
use crate::with_docker::word_after;

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// A root with a shell, and a text that says which one it is.
fn root(lab: &Lab, what: &str) -> Vec<u8> {
    let root = lab.rootfs(&format!("root-{what}"));
    put(&root.join("what"), what);
    let archive = root.with_extension("tar");
    tar(&root, &archive, &[]);
    fs::read(archive).expect("a tar")
}

/// What the text in the image says.
fn what(lab: &Lab, image: &str) -> String {
    lab.run(&["--rm", "--pull", "never", image, "/bin/cat", "/what"]).output().ok()
}

/// An image for a platform, and its entry in an index.
fn for_platform(lab: &Lab, layout: &Layout, platform: &str) -> Value {
    let mut config = bare();
    let mut entry = json!({});
    for (key, value) in ["os", "architecture", "variant"].iter().zip(platform.split('/')) {
        config[key] = value.into();
        entry[key] = value.into();
    }
    let mut descriptor = layout.image(&[(&root(lab, &platform.replace('/', "-")), LAYER_GZIP)], config);
    descriptor["platform"] = entry;
    descriptor
}

fn host() -> String {
    format!("linux/{}", oci::image::Platform::host().architecture)
}

/// Layers in all compressions in one image; in a folder, in an archive, in one that is compressed, from a pipe.
#[test]
fn folders_archives_and_compressions() {
    let lab = Lab::new();
    let sample = Sample::new(&lab);
    let layout = Layout::new(lab.folder().join("layout"));
    let kinds = [LAYER, LAYER_GZIP, LAYER_ZSTD];
    let layers: Vec<_> = sample.tars.iter().map(Vec::as_slice).zip(kinds).collect();
    let mixed = layout.image(&layers, bare());
    layout.list(&[("mixed", mixed)]);
    lab.load(&layout.folder);
    let tree = lab.tree("mixed").below(&PLACES);
    let id = lab.inspect("mixed")["Id"].clone();
    let archive = layout.archive();
    let bytes = fs::read(&archive).unwrap();
    for (name, packed) in [
        ("plain", bytes.clone()),
        ("gzip", compress(&bytes, "gzip")),
        ("zstd", compress(&bytes, "zstd")),
        ("several streams", [compress(&bytes[..1000], "gzip"), compress(&bytes[1000..], "gzip")].concat()),
    ] {
        let other = Lab::new();
        let file = other.folder().join(name);
        fs::write(&file, packed).unwrap();
        other.load(&file);
        assert_eq!(other.inspect("mixed")["Id"], id, "{name}");
        other.tree("mixed").below(&PLACES).is(&tree);
        let piped = Lab::new();
        let said = piped.nagaya(&["load"]).stdin(fs::File::open(&file).unwrap()).output().ok();
        assert_eq!(said, "Loaded image: mixed:latest\n");
        assert_eq!(piped.inspect("mixed")["Id"], id);
    }
    // xz is of no use to anybody here, and is said so.
    fs::write(lab.folder().join("xz"), pipe(&mut Command::new("xz"), &bytes)).unwrap();
    fails(lab.nagaya(&["load", "-i"]).arg(lab.folder().join("xz")).output(), 1, &["archive"]);
}

/// An archive as docker before 25 writes it: several images, layers that are shared by links.
#[test]
fn an_archive_of_dockers_with_several_images() {
    let lab = Lab::new();
    let (base, one, two) = (root(&lab, "base"), root(&lab, "one"), root(&lab, "two"));
    let folder = lab.folder().join("archive");
    let config = |tars: &[&[u8]]| {
        let mut config = bare();
        let diff_ids: Vec<_> = tars.iter().map(|tar| sha256(tar).to_string()).collect();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        config.to_string()
    };
    put(&folder.join("a/layer.tar"), &base);
    put(&folder.join("b/layer.tar"), &one);
    put(&folder.join("d/layer.tar"), compress(&two, "gzip"));
    fs::create_dir(folder.join("c")).unwrap();
    std::os::unix::fs::symlink("../a/layer.tar", folder.join("c/layer.tar")).unwrap();
    put(&folder.join("one.json"), config(&[&base, &one]));
    put(&folder.join("two.json"), config(&[&base, &two]));
    let manifest = json!([
        { "Config": "one.json", "RepoTags": ["one:1", "registry.example.org/uno"], "Layers": ["a/layer.tar", "b/layer.tar"] },
        { "Config": "two.json", "RepoTags": null, "Layers": ["c/layer.tar", "d/layer.tar"] },
    ]);
    put(&folder.join("manifest.json"), manifest.to_string());
    put(&folder.join("repositories"), "{}");
    let archive = lab.folder().join("archive.tar");
    tar(&folder, &archive, &[]);
    let said = lab.load(&archive);
    let two = sha256(&fs::read(folder.join("two.json")).unwrap());
    let expected = format!(
        "Loaded image: one:1\nLoaded image: registry.example.org/uno:latest\nLoaded image ID: {two}\n"
    );
    assert_eq!(said, expected);
    assert_eq!(what(&lab, "one:1"), "one");
    assert_eq!(what(&lab, two.as_str()), "two");
    lab.is_clean();
    // Again, under a name that another image has.
    let again = manifest.to_string().replace("one:1", "uno:1").replace("null", "[\"one:1\"]");
    put(&folder.join("manifest.json"), again);
    tar(&folder, &archive, &[]);
    let said = lab.load(&archive);
    let one = sha256(&fs::read(folder.join("one.json")).unwrap());
    let taken =
        format!("The image one:1 already exists, renaming the old one with ID {one} to empty string\n");
    assert!(said.contains(&taken), "{said}");
    assert_eq!(what(&lab, "one:1"), "two");
}

#[test]
fn of_several_platforms_the_one_that_fits_comes() {
    let lab = Lab::new();
    let layout = Layout::new(lab.folder().join("layout"));
    let here = host();
    let all = ["linux/s390x", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "windows/amd64", &here];
    let entries: Vec<_> = all.iter().map(|platform| for_platform(&lab, &layout, platform)).collect();
    let index =
        layout.document(INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }));
    layout.list(&[("many", index.clone())]);
    let registry = Registry::plain();
    let name = format!("{}/many:1", registry.host());
    lab::skopeo(&[
        "copy",
        "-q",
        "--all",
        "--dest-tls-verify=false",
        &format!("oci:{}:many", layout.folder.display()),
        &format!("docker://{name}"),
    ]);
    for (asked, expected) in [
        (None, here.replace('/', "-")),
        (Some("linux/s390x"), "linux-s390x".to_string()),
        (Some("linux/arm"), "linux-arm-v7".to_string()),
        (Some("linux/arm/v6"), "linux-arm-v6".to_string()),
        (Some("linux/arm64"), "linux-arm64-v8".to_string()),
        (Some("linux/arm/v5"), String::new()),
        (Some("linux/mips"), String::new()),
    ] {
        for words in [&["load", "-i", layout.folder.to_str().unwrap()][..], &["pull", &name]] {
            let platform = asked.map_or(vec![], |platform| vec!["--platform", platform]);
            let output = lab.nagaya(&[words, &platform].concat()).output();
            if expected.is_empty() {
                fails(output, 1, &[asked.unwrap()]);
                continue;
            }
            let said = output.ok();
            let image = if words[0] == "pull" { &name } else { word_after("image:", &said) };
            assert_eq!(what(&lab, image), expected, "{words:?} {asked:?}");
            if words[0] == "pull" {
                // The name stands for all of them.
                assert_eq!(word_after("Digest:", &said), index["digest"]);
                assert_eq!(
                    lab.inspect(image)["RepoDigests"][0],
                    format!("{}@{}", name.trim_end_matches(":1"), index["digest"].as_str().unwrap())
                );
            }
        }
    }
    // By the digest of one of them, whatever this machine is.
    let one = format!("{}@{}", name.trim_end_matches(":1"), entries[0]["digest"].as_str().unwrap());
    lab.fine(&["pull", &one]);
    assert_eq!(what(&lab, &one), "linux-s390x");
    lab.is_clean();
}

/// Docker's own media types, with a list, and a layer that only its maker may hand out: left out, with a word.
#[test]
fn dockers_own_documents_and_foreign_layers() {
    let (lab, registry) = (Lab::new(), Registry::plain());
    let layout = Layout::new(lab.folder().join("layout"));
    let (base, foreign) = (root(&lab, "base"), root(&lab, "foreign"));
    let mut parts = layout.parts(&[(&base, DOCKER_LAYER), (&foreign, FOREIGN)], bare());
    parts.manifest["mediaType"] = DOCKER_MANIFEST.into();
    parts.manifest["config"] = layout.document(DOCKER_CONFIG, &parts.config);
    parts.manifest["layers"][1]["urls"] = json!(["http://127.0.0.1:1/nobody"]);
    let mut manifest = layout.document(DOCKER_MANIFEST, &parts.manifest);
    manifest["platform"] = json!({ "os": "linux", "architecture": bare()["architecture"] });
    let list = json!({ "schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [manifest] });
    layout.list(&[("listed", layout.document(DOCKER_LIST, &list))]);
    // Nobody has the layer, and nobody misses it.
    fs::remove_file(layout.blob_path(parts.manifest["layers"][1]["digest"].as_str().unwrap())).unwrap();
    lab.load(&layout.folder);
    assert_eq!(what(&lab, "listed"), "base");
    lab.is_clean();

    let name = format!("{}/listed:1", registry.host());
    lab.fine(&["tag", "listed", &name]);
    let pushed = lab.fine(&["push", &name]);
    assert_eq!(word_after("digest:", &pushed), manifest["digest"]);
    let other = Lab::new();
    let said = other.fine(&["pull", &name]);
    assert!(said.contains("foreign layer"), "{said}");
    assert_eq!(what(&other, &name), "base");
    other.is_clean();
    let saved = lab.folder().join("saved.tar");
    lab.fine(&["save", "-o", saved.to_str().unwrap(), "listed"]);
    lab.fine(&["rmi", "-f", "listed", &name]);
    lab.load(&saved);
    assert_eq!(what(&lab, "listed"), "base");
}

#[test]
fn digests_may_be_of_sha512() {
    let lab = Lab::new();
    let layout = Layout::new(lab.folder().join("layout"));
    let tar = root(&lab, "long");
    let mut parts = layout.parts(&[(&tar, LAYER_GZIP)], bare());
    let packed = compress(&tar, "gzip");
    let digest = sha512(&packed).to_string();
    fs::write(layout.blob_path(&digest), &packed).unwrap();
    parts.manifest["layers"][0]["digest"] = digest.clone().into();
    let image = layout.finish(parts);
    layout.list(&[("long", image)]);
    lab.load(&layout.folder);
    assert_eq!(what(&lab, "long"), "long");
    lab.is_clean();
    // The control: another byte is another digest.
    let path = layout.blob_path(&digest);
    fs::write(&path, compress(&root(&lab, "other"), "gzip")).unwrap();
    let other = Lab::new();
    fails(other.nagaya(&["load", "-i"]).arg(&layout.folder).output(), 1, &[&digest[..40]]);
}

/// A layer twice, an image without any, and an entry that is no image.
#[test]
fn images_of_odd_shapes() {
    let lab = Lab::new();
    let layout = Layout::new(lab.folder().join("layout"));
    let tar = root(&lab, "twice");
    let twice = layout.image(&[(&tar, LAYER_GZIP), (&tar, LAYER_GZIP)], bare());
    let none = layout.image(&[], bare());
    let mut artifact = layout.parts(&[], bare());
    artifact.manifest["config"] = layout.blob("application/vnd.example.thing", b"{}");
    let artifact = layout.finish(artifact);
    layout.list(&[("twice", twice), ("none", none), ("artifact", artifact)]);
    let said = lab.load(&layout.folder);
    assert_eq!(said, "Loaded image: twice:latest\nLoaded image: none:latest\n");
    assert_eq!(what(&lab, "twice"), "twice");
    let said = lab.run(&["--rm", "none", "/bin/sh"]).output();
    fails(said, 127, &["/bin/sh"]);
    lab.is_clean();
    let saved = lab.folder().join("saved.tar");
    lab.fine(&["save", "-o", saved.to_str().unwrap(), "none", "twice"]);
    let other = Lab::new();
    assert_eq!(other.load(&saved).lines().count(), 2);
}

/// The same images give the same archive.
#[test]
fn an_archive_can_be_made_again() {
    let lab = Lab::new();
    lab.load(&Sample::new(&lab).layout(&lab, "sample").folder);
    let [one, two] = ["one.tar", "two.tar"].map(|name| lab.folder().join(name));
    lab.fine(&["save", "-o", one.to_str().unwrap(), "sample"]);
    let other = Lab::new();
    other.load(&one);
    other.fine(&["save", "-o", two.to_str().unwrap(), "sample"]);
    assert!(fs::read(one).unwrap() == fs::read(two).unwrap());
}
