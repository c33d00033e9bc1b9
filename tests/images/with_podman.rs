//! Between podman, buildah and us, in both directions.

use std::fs;

use lab::{Lab, Nagaya, Registry};

use crate::kit::Images;
use crate::sample::{GREETING, PLACES, Sample};
use crate::tools::Peers;
use crate::with_docker::{DOCKERFILE, word_after};

/// Two names of one link, which podman makes two links of.
const LINKS: [&str; 2] = ["awkward/links/soft", "awkward/links/soft too"];

/// The same container in both.
#[track_caller]
fn same(lab: &Lab, ours: &str, peers: &Peers, theirs: &str) {
    same_tree(lab, ours, peers, theirs);
    assert_eq!(lab.run(&["--rm", "--pull", "never", ours]).output().ok(), GREETING);
    assert_eq!(peers.fine(&format!("RUN --rm {theirs}")), GREETING.trim());
    let id = peers.fine(&format!("inspect --type image --format '{{{{.Id}}}}' {theirs}"));
    assert_eq!(lab.inspect(ours)["Id"], format!("sha256:{id}"));
}

#[track_caller]
fn same_tree(lab: &Lab, ours: &str, peers: &Peers, theirs: &str) {
    let theirs = peers.tree(theirs).below(&PLACES).without(&LINKS);
    lab.tree(ours).below(&PLACES).without(&LINKS).is(&theirs);
}

fn build(peers: &Peers, sample: &Sample, words: &str) {
    fs::write(peers.folder().join("first.tar"), &sample.tars[0]).expect("a file");
    fs::write(peers.folder().join("Dockerfile"), DOCKERFILE).expect("a file");
    peers.fine(&format!("build --isolation chroot --cap-add mknod {words} ."));
}

#[test]
fn what_podman_built_runs_here() {
    let (lab, peers, registry) = (Lab::new(), Peers::new(), Registry::plain());
    let (host, sample) = (registry.host(), Sample::new(&lab));
    for format in ["docker", "oci"] {
        build(&peers, &sample, &format!("--layers --format {format} -t built:{format}"));
        for archive in ["docker-archive", "oci-archive", "oci-dir"] {
            let file = peers.folder().join(format!("{format}.{archive}"));
            let image = format!("localhost/built:{format}");
            peers.fine(&format!("save -q --format {archive} -o {} {image}", file.display()));
            let said = lab.load(&file);
            let ours = word_after("image:", &said);
            assert_eq!(ours, image);
            same_tree(&lab, ours, &peers, &image);
            assert_eq!(lab.run(&["--rm", "--pull", "never", ours]).output().ok(), GREETING);
        }
        let name = format!("{host}/{format}:1");
        peers.fine(&format!("push -q --tls-verify=false --digestfile digest built:{format} docker://{name}"));
        let digest = fs::read_to_string(peers.folder().join("digest")).unwrap();
        assert_eq!(word_after("Digest:", &lab.fine(&["pull", &name])), digest);
        same(&lab, &name, &peers, &format!("localhost/built:{format}"));
    }
    lab.is_clean();
}

#[test]
fn what_buildah_built_runs_here() {
    let (lab, peers) = (Lab::new(), Peers::new());
    fs::write(peers.folder().join("first.tar"), &Sample::new(&lab).tars[0]).unwrap();
    let from = peers.buildah("from scratch").fine();
    for words in [
        format!("add -q {from} first.tar /"),
        format!(
            "config --env PATH=/bin --env 'GREETING=good day' --user guest --workingdir /awkward/links {from}"
        ),
        format!(
            "config --label org.example.kind=sample --stop-signal SIGUSR1 --entrypoint '[\"/bin/sh\",\"-c\"]' {from}"
        ),
        format!("config --cmd '[\"echo \\\"$GREETING from $(id -u):$(id -g) in $PWD\\\"\"]' {from}"),
        format!("commit -q {from} one"),
        format!("run --isolation chroot --user 0 {from} /bin/rm -r /awkward/gone /awkward/opaque"),
        format!("commit -q --format docker {from} two"),
    ] {
        peers.buildah(&words).fine();
    }
    for (image, kind) in
        [("one", "oci"), ("one", "docker-archive"), ("two", "oci-archive"), ("two", "docker-archive")]
    {
        let to = peers.folder().join(format!("{image}.{kind}"));
        peers.buildah(&format!("push -q {image} {kind}:{}:{kind}/{image}:1", to.display())).fine();
        let said = lab.load(&to);
        let ours = word_after("image:", &said);
        same_tree(&lab, ours, &peers, &format!("localhost/{image}"));
        assert_eq!(lab.run(&["--rm", "--pull", "never", ours]).output().ok(), GREETING);
        assert_eq!(lab.inspect(ours)["Config"]["StopSignal"], "SIGUSR1");
    }
}

#[test]
fn what_we_save_and_push_runs_in_podman_and_buildah() {
    let (lab, peers, registry) = (Lab::new(), Peers::new(), Registry::plain());
    lab.load(&Sample::new(&lab).layout(&lab, "docker.io/library/sample").folder);
    let archive = lab.folder().join("saved.tar");
    lab.fine(&["save", "-o", archive.to_str().unwrap(), "sample"]);
    let said = peers.fine(&format!("load -i {}", archive.display()));
    assert!(said.contains("docker.io/library/sample:latest"), "{said}");
    same(&lab, "sample", &peers, "docker.io/library/sample");
    peers.fine("rmi docker.io/library/sample");

    let name = format!("{}/some/sample:1", registry.host());
    lab.fine(&["tag", "sample", &name]);
    let pushed = lab.fine(&["push", &name]);
    for from in ["docker-archive", "oci-archive"] {
        peers.buildah(&format!("pull -q {from}:{}", archive.display())).fine();
        let there = peers.fine("images --quiet --no-trunc");
        assert!(there.contains(lab.inspect("sample")["Id"].as_str().unwrap()), "{from}");
        peers.fine("rmi --all --force");
    }
    peers.buildah(&format!("pull -q --tls-verify=false {name}")).fine();
    let digest = peers.fine(&format!("inspect --type image --format '{{{{.Digest}}}}' {name}"));
    assert_eq!(word_after("digest:", &pushed), digest);
    same(&lab, "sample", &peers, &name);
}
