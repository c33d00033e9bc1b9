//! Between docker and us, in both directions.

use std::fs;
use std::path::PathBuf;

use lab::{Lab, Nagaya, Registry};
use peers::Docker;
use serde_json::Value;

use crate::kit::Images;
use crate::sample::{GREETING, PLACES, Sample};
use crate::tree::Tree;

/// Every instruction that says something of the image, and layers that take away what others brought.
pub(crate) const DOCKERFILE: &str = r#"FROM scratch
ADD first.tar /
RUN ["/bin/sh", "-c", "cd /awkward && rm -r gone/a gone/folder opaque was-folder && mkdir opaque && echo new > opaque/new && echo file > was-folder && chmod 711 changed && rm was-file && mkdir -p was-file/deep && mknod nodes/zero c 1 5 && chown 7:8 plain && ln -s ../plain links/again && rm links/soft"]
RUN ["/bin/sh", "-c", "echo newest > /awkward/opaque/newest; touch -d '2020-01-02 03:04:05' /awkward/opaque /awkward/gone"]
ENV PATH=/bin GREETING="good day" EMPTY=
LABEL org.example.kind=sample blank=
EXPOSE 80 53/udp
VOLUME /volume
WORKDIR /awkward/links
USER guest
STOPSIGNAL SIGUSR1
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo \"$GREETING from $(id -u):$(id -g) in $PWD\""]
"#;

/// What images say of their programs.
const FIELDS: [&str; 9] =
    ["Env", "Entrypoint", "Cmd", "User", "WorkingDir", "Labels", "StopSignal", "ExposedPorts", "Volumes"];

/// `run --rm`, with the words of the image alone.
fn greeting_of(docker: &Docker, image: &str) -> String {
    docker.docker(&["run", "--rm", "--runtime", "nagaya", "--network", "none", image]).stdout
}

pub(crate) fn tree_of(docker: &Docker, image: &str) -> Tree {
    let run =
        ["run", "-d", "--runtime", "nagaya", "--network", "none", "--user", "0", "--entrypoint", "/bin/sh"];
    let id = docker.fine(&[&run[..], &[image, "-c", "while :; do sleep 1000; done"]].concat());
    let pid = docker.fine(&["inspect", "-f", "{{.State.Pid}}", &id]);
    let tree = Tree::of(&PathBuf::from(format!("/proc/{pid}/root")));
    docker.fine(&["rm", "-f", "-v", &id]);
    tree
}

fn config_of(docker: &Docker, image: &str) -> Value {
    serde_json::from_str(&docker.fine(&["inspect", "-f", "{{json .Config}}", image])).expect("JSON")
}

fn id_of(docker: &Docker, image: &str) -> String {
    docker.fine(&["inspect", "-f", "{{.Id}}", image])
}

/// The same image in both, and the same container of it.
#[track_caller]
fn same(lab: &Lab, ours: &str, docker: &Docker, theirs: &str) {
    let (here, there) = (lab.inspect(ours), config_of(docker, theirs));
    assert_eq!(here["Id"], id_of(docker, theirs));
    for field in FIELDS {
        assert_eq!(here["Config"][field], there[field], "{field}");
    }
    lab.tree(ours).below(&PLACES).is(&tree_of(docker, theirs).below(&PLACES));
    assert_eq!(lab.run(&["--rm", "--pull", "never", ours]).output().ok(), GREETING);
    assert_eq!(greeting_of(docker, theirs), GREETING);
}

/// The line of an output that begins so, without its beginning.
#[track_caller]
pub(crate) fn word_after<'a>(beginning: &str, output: &'a str) -> &'a str {
    let mut found = output.split_whitespace().skip_while(|word| *word != beginning).skip(1);
    found.next().unwrap_or_else(|| panic!("no `{beginning}` in: {output}"))
}

#[test]
fn what_docker_built_runs_here() {
    let (lab, docker, registry) = (Lab::new(), Docker::beside_registries(), Registry::plain());
    let context = docker.shared();
    fs::write(context.join("first.tar"), &Sample::new(&lab).tars[0]).unwrap();
    fs::write(context.join("Dockerfile"), DOCKERFILE).unwrap();
    let name = format!("{}/some/sample:1", registry.host());
    docker.fine(&["build", "-t", "sample:built", "-t", &name, context.to_str().unwrap()]);

    let archive = lab.folder().join("saved.tar");
    docker.fine(&["save", "-o", archive.to_str().unwrap(), "sample:built", "box"]);
    let said = lab.load(&archive);
    assert!(
        said.contains("Loaded image: sample:built\n") && said.contains("Loaded image: box:latest\n"),
        "{said}"
    );
    same(&lab, "sample:built", &docker, "sample:built");
    assert_eq!(lab.inspect("box")["Id"], id_of(&docker, "box"));

    let pushed = docker.fine(&["push", &name]);
    let pulled = lab.fine(&["pull", &name]);
    assert_eq!(word_after("digest:", &pushed), word_after("Digest:", &pulled));
    same(&lab, &name, &docker, "sample:built");
    // What came without compression and what came with it is one image, of layers that are here once.
    assert_eq!(lab.inspect(&name)["Id"], lab.inspect("sample:built")["Id"]);
    lab.is_clean();
    docker.finish();
}

#[test]
fn what_we_save_and_push_runs_in_docker() {
    let (lab, docker, registry) = (Lab::new(), Docker::beside_registries(), Registry::plain());
    lab.load(&Sample::new(&lab).layout(&lab, "sample").folder);
    let name = format!("{}/some/sample:1", registry.host());
    lab.fine(&["tag", "sample", &name]);
    lab.fine(&["tag", "sample", "other/name:2"]);

    let archive = lab.folder().join("saved.tar");
    lab.fine(&["save", "-o", archive.to_str().unwrap(), "sample", "other/name:2"]);
    let said = docker.fine(&["load", "-i", archive.to_str().unwrap()]);
    assert!(
        said.contains("Loaded image: sample:latest") && said.contains("Loaded image: other/name:2"),
        "{said}"
    );
    same(&lab, "sample", &docker, "sample");
    docker.fine(&["rmi", "sample", "other/name:2"]);

    let pushed = lab.fine(&["push", &name]);
    let pulled = docker.fine(&["pull", &name]);
    assert_eq!(word_after("digest:", &pushed), word_after("Digest:", &pulled));
    same(&lab, "sample", &docker, &name);
    docker.finish();
}
