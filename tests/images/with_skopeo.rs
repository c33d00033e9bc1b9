//! skopeo, which knows all formats: whatever it makes of an image is the same image here.

use lab::{Lab, Nagaya, Registry, fails, skopeo};
use serde_json::Value;

use crate::kit::Images;
use crate::layout::{LAYER, LAYER_GZIP, LAYER_ZSTD, Layout};
use crate::sample::{self, PLACES, Sample};
use crate::with_docker::word_after;

#[test]
fn an_image_is_the_same_in_whatever_form_it_comes() {
    let (lab, registry) = (Lab::new(), Registry::plain());
    let sample = Sample::new(&lab);
    let first = sample.layout(&lab, "sample");
    let source = format!("oci:{}:sample", first.folder.display());
    lab.load(&first.folder);
    let tree = lab.tree("sample").below(&PLACES);
    let id = lab.inspect("sample")["Id"].clone();
    let at = |name: &str| lab.folder().join(name).display().to_string();
    for (options, kind) in [
        (&["--format", "v2s2"][..], "docker-archive"),
        (&["--format", "oci"], "oci-archive"),
        (&["--format", "oci"], "oci"),
        (&["--format", "oci", "--dest-compress-format", "zstd"], "oci"),
    ] {
        let file = at(&format!("{kind}{}", options.len()));
        let to = format!("{kind}:{file}:example.org/{kind}/copy:{}", options.len());
        skopeo(&[&["copy", "-q"], options, &[&source, &to]].concat());
        let said = lab.load(file.as_ref());
        let name = word_after("image:", &said);
        assert_eq!(name, to.split_once(&format!("{file}:")).unwrap().1);
        assert_eq!(lab.inspect(name)["Id"], id, "{to}");
        lab.tree(name).below(&PLACES).is(&tree);
    }
    for (number, format) in ["v2s2", "oci"].iter().enumerate() {
        let name = format!("{}/copy:{number}", registry.host());
        skopeo(&[
            "copy",
            "-q",
            "--dest-tls-verify=false",
            "--format",
            format,
            &source,
            &format!("docker://{name}"),
        ]);
        lab.fine(&["pull", &name]);
        assert_eq!(lab.inspect(&name)["Id"], id, "{name}");
        lab.tree(&name).below(&PLACES).is(&tree);
    }
    lab.is_clean();
    let (all, copy) = (Lab::new(), format!("{}/copy", registry.host()));
    let said = all.fine(&["pull", "--all-tags", &copy]);
    assert!(said.starts_with("0: Pulling from copy\n") && said.ends_with(&format!("\n{copy}\n")), "{said}");
    let tags = all.fine(&["images", "--format", "{{.Tag}}", &copy]);
    assert_eq!(tags.lines().count(), 2, "{tags}");
    fails(
        all.nagaya(&["pull", "-a", &format!("{copy}:0")]).output(),
        1,
        &["tag can't be used with --all-tags/-a"],
    );
    all.is_clean();
}

/// Digests of what we write are those of what came.
#[test]
fn what_we_save_and_push_is_what_came() {
    let (lab, registry) = (Lab::new(), Registry::plain());
    let sample = Sample::new(&lab);
    for (number, kind) in [LAYER, LAYER_GZIP, LAYER_ZSTD].iter().enumerate() {
        let layout = Layout::new(lab.folder().join(format!("layout{number}")));
        let image = layout.image(&sample.layers(kind), sample::config());
        let name = format!("{}/sample:{number}", registry.host());
        layout.list(&[(&name, image.clone())]);
        lab.load(&layout.folder);
        let pushed = lab.fine(&["push", &name]);
        assert_eq!(word_after("digest:", &pushed), image["digest"]);
        let archive = lab.folder().join("saved.tar");
        lab.fine(&["save", "-o", archive.to_str().unwrap(), &name]);
        let see = |from: &str| -> Value {
            let said = skopeo(&["inspect", "--tls-verify=false", "--raw", from]);
            serde_json::from_str(&said).expect("JSON")
        };
        let there = see(&format!("docker://{name}"));
        assert_eq!(there, see(&format!("oci:{}:{name}", layout.folder.display())));
        assert_eq!(there, see(&format!("oci-archive:{}", archive.display())));
        // This one has the layers uncompressed, whatever they are in the archive.
        let config =
            skopeo(&["inspect", "--config", "--raw", &format!("docker-archive:{}", archive.display())]);
        assert_eq!(serde_json::from_str::<Value>(&config).unwrap()["config"], sample::config()["config"]);
    }
    lab.is_clean();
}
