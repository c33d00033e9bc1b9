//! What `run` brings by itself, and images of as many layers as there may be.

use std::fs;

use lab::{Lab, Nagaya, Registry, fails};

use crate::kit::Images;
use crate::layout::{LAYER, Layout, bare, tar};
use crate::sample::put;
use crate::smith::Smith;

/// Pushes an image that says `text`, and nothing else; its digest.
fn push(lab: &Lab, registry: &Registry, text: &str) -> String {
    let root = lab.rootfs(text);
    put(&root.join("says"), text);
    let file = root.with_extension("tar");
    tar(&root, &file, &["--owner=0", "--group=0"]);
    let layout = Layout::new(lab.folder().join(format!("layout-{text}")));
    let image = layout.image(&[(&fs::read(file).expect("a tar"), LAYER)], bare());
    layout.list(&[("app", image.clone())]);
    registry.push(&format!("oci:{}:app", layout.folder.display()), "app:1");
    image["digest"].as_str().expect("a digest").to_string()
}

#[test]
fn run_pulls_what_is_asked_for() {
    let (lab, registry) = (Lab::new(), Registry::plain());
    let name = format!("{}/app:1", registry.host());
    let run =
        |name: &str, pull: &[&str]| lab.run(&[&["--rm"], pull, &[name, "cat", "/says"]].concat()).output();
    let first = push(&lab, &registry, "one");
    fails(run(&name, &["--pull", "never"]), 125, &["No such image"]);
    assert_eq!(lab.ids().len(), 0);
    // Missing is usual.
    let output = run(&name, &[]);
    assert!(
        output.stderr.contains("Unable to find image") && output.stderr.contains("Pulling from app"),
        "{output:?}"
    );
    assert_eq!(output.ok(), "one");
    push(&lab, &registry, "two");
    for pull in [&[][..], &["--pull", "missing"], &["--pull", "never"], &["--pull=missing"]] {
        let output = run(&name, pull);
        assert!(!output.stderr.contains("Pulling"), "{output:?}");
        assert_eq!(output.ok(), "one", "{pull:?}");
    }
    assert_eq!(run(&name, &["--pull", "always"]).ok(), "two");
    assert_eq!(run(&name, &["--pull", "never"]).ok(), "two");
    fails(run(&name, &["--pull", "sometimes"]), 125, &["sometimes"]);
    // By its digest the first one comes again; what is here needs no registry.
    let by_digest = format!("{}/app@{first}", registry.host());
    assert_eq!(run(&by_digest, &[]).ok(), "one");
    drop(registry);
    assert_eq!(run(&by_digest, &[]).ok(), "one");
    assert_eq!(run(&name, &[]).ok(), "two");
    fails(run(&name, &["--pull", "always"]), 125, &["connection refused"]);
}

#[test]
fn five_hundred_layers_are_one_root() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    let base = root.with_extension("tar");
    tar(&root, &base, &["--owner=0", "--group=0"]);
    let layer = |number: usize| {
        let gone = format!("many/.wh.{}", number - 2);
        let tar = Smith::default()
            .file(&format!("many/{number}"), b"x")
            .file("last", number.to_string().as_bytes());
        if number.is_multiple_of(2) && number > 2 { tar.file(&gone, b"") } else { tar }.end()
    };
    let tars: Vec<_> = std::iter::once(fs::read(base).expect("a tar")).chain((2..=500).map(layer)).collect();
    let layers: Vec<_> = tars.iter().map(|tar| (&tar[..], LAYER)).collect();
    let layout = Layout::new(lab.folder().join("layout"));
    layout.list(&[("many:1", layout.image(&layers, bare()))]);
    for way in ["index", "folders"] {
        let lab = Lab::new();
        lab.nagaya(&["load", "-i"]).arg(&layout.folder).env("NAGAYA_LAYERS", way).output().ok();
        let script = "cat /last; ls /many | wc -l; ls /many | sort -n | tail -n 2 | tr '\\n' ' '; echo changed > /last && cat /last";
        let said = lab.run(&["--rm", "many:1", "sh", "-c", script]).env("NAGAYA_LAYERS", way).output().ok();
        assert_eq!(said, "500250\n499 500 changed\n", "{way}");
        lab.fine(&["rmi", "many:1"]);
        lab.is_clean();
    }
}
