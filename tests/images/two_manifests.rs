//! One image that two manifests describe: its layers were sent in two ways. Both are here at once.

use lab::{Lab, Nagaya, Registry};
use peers::Docker;
use serde_json::{Value, json};

use crate::kit::Images;
use crate::layout::{LAYER_GZIP, LAYER_ZSTD, Layout, bare, tar};

/// `app:one` and `app:two` in a registry, one as gzip has it; their digests.
fn served(lab: &Lab, registry: &Registry, other: &str) -> [String; 2] {
    let root = lab.rootfs("root");
    let file = root.with_extension("tar");
    tar(&root, &file, &["--owner=0", "--group=0"]);
    let bytes = std::fs::read(file).expect("a tar");
    let layout = Layout::new(lab.folder().join("layout"));
    let digests = [("one", LAYER_GZIP), ("two", other)].map(|(tag, kind)| {
        let mut parts = layout.parts(&[(&bytes, kind)], bare());
        parts.manifest["annotations"] = json!({ "which": tag });
        let image = layout.finish(parts);
        layout.list(&[(tag, image.clone())]);
        registry.push(&format!("oci:{}:{tag}", layout.folder.display()), &format!("app:{tag}"));
        image["digest"].as_str().expect("a digest").to_string()
    });
    assert_ne!(digests[0], digests[1]);
    digests
}

/// The digest that a registry has under a name, as skopeo sees it.
fn there(lab: &Lab, name: &str) -> String {
    let call = lab.program("skopeo").args(["inspect", "--tls-verify=false", "--format", "{{.Digest}}"]);
    call.arg(format!("docker://{name}")).output().ok().trim().to_string()
}

#[test]
fn each_is_pushed_as_it_was_pulled() {
    let (lab, registry) = (Lab::new(), Registry::plain());
    let digests = served(&lab, &registry, LAYER_ZSTD);
    let name = |repository: &str, tag: &str| format!("{}/{repository}:{tag}", registry.host());
    for tag in ["one", "two"] {
        lab.fine(&["pull", &name("app", tag)]);
    }
    let [one, two] = ["one", "two"].map(|tag| lab.inspect(&name("app", tag)));
    assert_eq!(one["Id"], two["Id"]);
    let descriptor = |image: &Value| image["Descriptor"]["digest"].as_str().expect("a digest").to_string();
    assert_eq!([descriptor(&one), descriptor(&two)], digests);
    lab.is_clean();
    for (tag, digest) in ["one", "two"].iter().zip(&digests) {
        lab.fine(&["tag", &name("app", tag), &name("copy", tag)]);
        let said = lab.fine(&["push", &name("copy", tag)]);
        assert!(said.contains(digest), "{said}");
        assert_eq!(there(&lab, &name("copy", tag)), *digest);
        let by_digest = format!("{}/app@{digest}", registry.host());
        assert_eq!(lab.inspect(&by_digest)["Id"], one["Id"]);
        assert_eq!(
            lab.run(&["--rm", "--pull", "never", &by_digest, "echo", "alive"]).output().ok(),
            "alive\n"
        );
    }
    // What nobody has a name for goes, and the other one stays whole.
    let blobs = || std::fs::read_dir(lab.engine_root().join("images/blobs/sha256")).expect("blobs").count();
    assert_eq!(blobs(), 5, "two manifests and two layers of one config");
    lab.fine(&["rmi", &name("app", "two"), &name("copy", "two")]);
    lab.fine(&["rmi", &format!("{}/app@{}", registry.host(), digests[1])]);
    lab.fine(&["rmi", &format!("{}/copy@{}", registry.host(), digests[1])]);
    lab.fine(&["image", "prune", "-f"]);
    assert_eq!(blobs(), 3);
    lab.is_clean();
    assert!(lab.fine(&["push", &name("copy", "one")]).contains(&digests[0]));
    lab.fine(&["image", "prune", "-af"]);
    assert_eq!(blobs(), 0);
}

/// What both say to the same lines; `ID` is the image's.
fn story(host: &str, digests: &[String; 2], call: impl Fn(&[&str]) -> String) -> Vec<String> {
    let name = |rest: &str| format!("{host}/app{rest}");
    let [one, two] = digests.each_ref().map(|digest| name(&format!("@{digest}")));
    let id = || call(&["images", "-q", "--no-trunc"]).lines().next().unwrap_or_default().to_string();
    let all = || {
        let format = "{{.Repository}}:{{.Tag}} {{.Digest}}";
        let mut rows: Vec<_> =
            call(&["images", "--digests", "--format", format]).lines().map(String::from).collect();
        rows.sort();
        rows.join("\n") + "\n" + &call(&["inspect", "-f", "{{json .RepoTags}} {{json .RepoDigests}}", &id()])
    };
    let pull = |tag: &str| drop(call(&["pull", "-q", &name(tag)]));
    let mut said = Vec::new();
    pull(":one");
    pull(":two");
    said.extend([all(), call(&["rmi", &id()])]);
    said.extend([call(&["rmi", &one]), all()]);
    pull(":one");
    said.extend([call(&["rmi", &name(":one")]), all()]);
    call(&["tag", &two, "other:1"]);
    said.extend([call(&["rmi", &name(":two")]), all()]);
    said.extend([call(&["rmi", "other:1"]), call(&["images", "-q"])]);
    // By its id, with one tag and what the registry has answered to it.
    pull(":one");
    said.push(call(&["rmi", &id()]));
    // By a digest alone.
    drop(call(&["pull", "-q", &one]));
    said.extend([all(), call(&["image", "prune", "-f"]).lines().take(3).collect::<Vec<_>>().join("\n")]);
    said
}

/// What was printed; or the conflict that it is.
fn told(code: i32, stdout: &str, stderr: &str) -> String {
    if code == 0 {
        return stdout.trim().to_string();
    }
    let conflict = stderr.split_once("conflict: ").and_then(|(_, why)| why.lines().next());
    conflict.unwrap_or_else(|| panic!("{stderr}")).to_string()
}

#[test]
fn names_and_digests_come_and_go_as_with_docker() {
    let (lab, registry, docker) = (Lab::new(), Registry::plain(), Docker::beside_registries());
    docker.run("", &["true"]).fine();
    docker.fine(&["rmi", "-f", "box"]);
    let digests = served(&lab, &registry, LAYER_GZIP);
    let ours = story(&registry.host(), &digests, |words| {
        let output = lab.nagaya(words).output();
        told(output.code, &output.stdout, &output.stderr)
    });
    let theirs = story(&registry.host(), &digests, |words| {
        let said = docker.docker(words);
        told(said.code, &said.stdout, &said.stderr)
    });
    for (step, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours, theirs, "step {step}");
    }
    assert!(ours[1].contains("must be forced"), "{ours:#?}");
    docker.finish();
}
