//! The commands for images say what docker says: the same words, the same outputs, the same exit codes.

use std::fs;
use std::process::Command;

use lab::{Lab, Nagaya, Output};
use peers::{Docker, Said};

use crate::kit::Images;
use crate::layout::{LAYER_GZIP, Layout, tar};
use crate::sample::{self, put};

/// Both engines, with the same images in them.
struct Both {
    lab: Lab,
    docker: Docker,
}

/// What docker's client or daemon says before the cause, and says twice.
const BEFORE: [&str; 5] = [
    "Error response from daemon: ",
    "Error: ",
    "is not a valid repository/tag: ",
    "no such image: nope: ",
    "Error processing tar file(exit status 1): ",
];

/// Names of one image come in any order from docker; images do not, which `-q` shows.
fn ordered<'a>(output: &'a str, words: &str) -> Vec<&'a str> {
    let mut lines: Vec<_> = output.lines().collect();
    if words.starts_with("image") && !words.contains("-q") {
        lines.sort_unstable();
    }
    lines
}

/// Why something did not work, in docker's words.
fn cause(line: &str) -> &str {
    BEFORE.iter().fold(line, |line, before| line.split_once(before).map_or(line, |(_, rest)| rest))
}

impl Both {
    /// `one:1` and `one:2` are one image, `two` has labels, `three:gone` was built on `one`; one has no name.
    fn new() -> Both {
        let both = Both { lab: Lab::new(), docker: Docker::start() };
        both.docker.fine(&["rmi", "box"]);
        let archive = images(&both.lab);
        both.docker.fine(&["load", "-i", archive.to_str().expect("a path of ours")]);
        both.lab.load(&archive);
        for tag in ["one:2", "registry.example.org:5000/group/one:x"] {
            both.docker.fine(&["tag", "one:1", tag]);
            both.lab.fine(&["tag", "one:1", tag]);
        }
        both.same_set();
        both
    }

    /// The control of all comparisons: there is something to compare.
    #[track_caller]
    fn same_set(&self) {
        let ids = self.lab.ids();
        assert_eq!(ids.len(), 6, "{ids:?}");
        assert_eq!(self.docker.fine(&["images", "-q", "--no-trunc"]).lines().collect::<Vec<_>>(), ids);
    }

    /// Words with quotes, as a shell has them.
    fn here(&self, words: &str) -> Output {
        let script = format!("exec \"$0\" --root \"$1\" {words}");
        let call = self.lab.program("sh").args(["-c", &script]).arg(lab::engine());
        call.arg(self.lab.engine_root()).folder(self.lab.folder()).output()
    }

    fn there(&self, words: &str) -> Said {
        self.docker.shell("nagaya", &format!("exec docker {words}"))
    }

    /// Both answer the same, but for what a daemon is called.
    fn difference(&self, words: &str) -> Option<String> {
        let (here, there) = (self.here(words), self.there(words));
        let same = if there.code == 0 {
            // Of what is no ASCII letter of JSON the two have other forms.
            let there = there.stdout.replace("\\u003c", "<").replace("\\u003e", ">");
            here.code == 0 && ordered(&here.stdout, words) == ordered(&there, words)
        } else {
            let mut causes = there.stderr.lines().filter(|line| line.starts_with("Error"));
            let said = |line| here.stderr.contains(cause(line));
            (here.code, here.stdout.trim()) == (there.code, there.stdout.trim()) && causes.all(said)
        };
        (!same).then(|| format!("{words}\n here: {here:?}\nthere: {there:?}\n"))
    }

    #[track_caller]
    fn same(&self, all: &[&str]) {
        let differences: Vec<_> = all.iter().filter_map(|words| self.difference(words)).collect();
        assert!(
            differences.is_empty(),
            "{} of {}:\n{}",
            differences.len(),
            all.len(),
            differences.join("\n")
        );
    }
}

/// An archive of docker's with some images.
fn images(lab: &Lab) -> std::path::PathBuf {
    let layout = Layout::new(lab.folder().join("images"));
    let root = |what: &str| {
        let folder = lab.folder().join(format!("root-{what}"));
        // Docker counts the bytes of files, we those of the tar: of many, the first digits are the same.
        put(&folder.join("what"), what.repeat(6_250_000));
        let archive = folder.with_extension("tar");
        tar(&folder, &archive, &[]);
        fs::read(archive).expect("a tar")
    };
    let (base, more) = (root("base"), root("more"));
    let config = |created: &str, command: &str, labels: serde_json::Value| {
        let mut config = sample::config();
        config["created"] = created.into();
        config["config"]["Labels"] = labels;
        config["history"] = serde_json::json!([
            { "created": "2020-01-01T00:00:00Z", "created_by": "/bin/sh -c #(nop) ADD file:abc in / " },
            { "created": created, "created_by": command, "comment": "why", "empty_layer": command.starts_with("ENV") },
        ]);
        config
    };
    let none = serde_json::Value::Null;
    let long = format!("/bin/sh -c echo {}", "word ".repeat(30));
    let one = layout.image(&[(&base, LAYER_GZIP)], config("2021-01-01T00:00:00Z", "ENV A=1", none.clone()));
    let labels = serde_json::json!({ "kind": "second", "empty": "" });
    let two = layout
        .image(&[(&base, LAYER_GZIP), (&more, LAYER_GZIP)], config("2022-02-02T02:02:02Z", &long, labels));
    let three = layout.image(&[(&more, LAYER_GZIP)], config("2023-03-03T03:03:03Z", "ENV B=2", none.clone()));
    let nameless = layout.image(&[(&more, LAYER_GZIP)], config("2019-03-03T03:03:03Z", "ENV C=2", none));
    layout.list(&[("one:1", one), ("two", two), ("three:gone", three), ("", nameless)]);
    let archive = lab.folder().join("images.tar");
    // As it comes from us, docker 20.10 takes it.
    let maker = Lab::new();
    maker.load(&layout.folder);
    let ids = maker.ids();
    let save = ["save", "-o", archive.to_str().expect("a path of ours"), "one:1", "two", "three:gone"];
    maker.fine(&[&save[..], &[ids.last().expect("four")]].concat());
    archive
}

/// What `docker images` can be asked.
#[test]
fn lists() {
    let both = Both::new();
    both.same(&[
        "images",
        "images --all",
        "image ls",
        "image list --no-trunc",
        "images -q",
        "images -aq --no-trunc",
        "images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'",
        "images --format 'table {{.Repository}}\\t{{.ID}}'",
        "images --format '{{.CreatedAt}} {{.CreatedSince}}'",
        "images --format '{{json .}}'",
        "images --format '{{.Nope}}'",
        "images --format '{{'",
        "images one",
        "images one:1",
        "images nope",
        "images 'o*'",
        "images registry.example.org:5000/group/one",
        "images --filter dangling=true",
        "images --filter dangling=false -q",
        "images --filter dangling=nope",
        "images --filter label=kind",
        "images --filter label=kind=second -q",
        "images --filter label=kind=third -q",
        "images --filter label=empty= -q",
        "images --filter before=two",
        "images --filter since=two -q",
        "images --filter since=nope",
        "images --filter reference='o*:1'",
        "images --filter reference='*/*/one'",
        "images --filter reference=one --filter reference=two",
        "images --filter nope=1",
        "images one two",
        "images --nope",
    ]);
    both.docker.stop();
}

#[test]
fn names() {
    let both = Both::new();
    both.same(&[
        "tag one:1 again",
        "tag one:1 again:v1.0",
        "tag nope else",
        "tag one:1 UPPER",
        "tag one:1 'a b'",
        "tag one:1 again:",
        "tag one:1 again@sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "tag one:1",
        "images again",
        "rmi again again:v1.0",
        "rmi nope",
        "rmi -f nope",
        "rmi one:2",
        "rmi nope one:1 three:gone",
        "images",
        "rmi two",
        "rmi two",
        "image rm registry.example.org:5000/group/one:x",
        "rmi",
        "images",
    ]);
    both.docker.stop();
}

#[test]
fn removal_by_id() {
    let both = Both::new();
    let ids = both.lab.fine(&["images", "--no-trunc", "--format", "{{.Repository}} {{.ID}}"]);
    let id = |name: &str| {
        let line = ids.lines().find(|line| line.starts_with(name)).expect("an image");
        line.rsplit(' ').next().expect("its id").to_string()
    };
    let (one, two) = (id("one "), id("two "));
    let short = &two[7..19];
    for words in [
        format!("rmi {one}"),
        format!("tag {short} deux"),
        format!("rmi {short}"),
        "images".to_string(),
        format!("tag {two} two:b"),
        format!("rmi {two}"),
        format!("rmi -f {one}"),
        "images".to_string(),
        "image prune -f | grep -v Total".to_string(),
        "images -a".to_string(),
        "image prune -f | grep -v Total".to_string(),
        "image prune --all -f --filter label=kind | grep -v Total".to_string(),
        "image prune --all -f | grep -v Total | sort".to_string(),
        "images".to_string(),
    ] {
        both.same(&[&words]);
    }
    both.lab.is_clean();
    both.docker.stop();
}

#[test]
fn what_is_known_of_an_image() {
    let both = Both::new();
    both.same(&[
        "history two",
        "history -q two",
        "history --no-trunc two",
        "history -H=false --format '{{.ID}} {{.CreatedAt}}' two",
        "history --format '{{.ID}} {{.CreatedBy}} {{.Size}} {{.Comment}}' one:1",
        "history --format 'table {{.CreatedSince}}\\t{{.CreatedAt}}' two",
        "history --format '{{json .}}' two",
        "history nope",
        "history",
        "inspect --format '{{.Id}} {{.Created}} {{.Os}}/{{.Architecture}} {{.Author}}' one:1",
        "inspect --format '{{json .Config.Env}} {{json .Config.Entrypoint}} {{json .Config.Cmd}}' one:1",
        "inspect --format '{{.Config.User}} {{.Config.WorkingDir}} {{.Config.StopSignal}}' two",
        "inspect --format '{{json .Config.Labels}} {{json .Config.ExposedPorts}} {{json .Config.Volumes}}' two",
        "inspect --format '{{range .RepoTags}}{{.}} {{end}}' one:1",
        "inspect --format '{{json .RootFS}}' two",
        "inspect --format '{{len .RootFS.Layers}} {{index .RootFS.Layers 0}}' two",
        "inspect --format '{{.Nope}}' two",
        "inspect --type image --format '{{.Id}}' one:1 two",
        "inspect --type image nope",
        "inspect nope",
        "image inspect nope",
        "image inspect --format '{{.Id}}' two nope one:1",
        "image inspect",
    ]);
    both.docker.stop();
}

#[test]
fn archives_and_imports() {
    let both = Both::new();
    put(&both.lab.folder().join("root/file"), "text");
    let made = both.lab.folder().join("root.tar");
    tar(&both.lab.folder().join("root"), &made, &[]);
    both.docker.write("root.tar", &fs::read_to_string(&made).expect("a tar of text"));
    both.docker.write("no.tar", "this is no tar");
    put(&both.lab.folder().join("no.tar"), "this is no tar");
    both.same(&[
        "save -o saved.tar one:1 two three:gone",
        "rmi one:1 one:2 registry.example.org:5000/group/one:x two",
        "load -i saved.tar | sort",
        "load -q -i saved.tar | sort",
        "load < saved.tar | sort",
        "load -i nope.tar",
        "images",
        "save -o saved.tar nope",
        "save -o nope/saved.tar one:1",
        "save",
        "import root.tar made:1 > /dev/null",
        "import - made:2 < root.tar > /dev/null",
        "import -m 'a comment' -c 'ENV A=1 B=2' -c 'CMD [\"a\", \"b\"]' -c 'ENTRYPOINT run it' -c 'EXPOSE 80' \
         -c 'VOLUME /v' -c 'WORKDIR /w' -c 'USER me' -c 'LABEL a=b' root.tar made:3 > /dev/null",
        "inspect --format '{{json .Config.Env}} {{json .Config.Cmd}} {{json .Config.Entrypoint}}' made:3",
        "inspect --format '{{json .Config.ExposedPorts}} {{json .Config.Volumes}} {{json .Config.Labels}}' made:3",
        "inspect --format '{{.Config.WorkingDir}} {{.Config.User}} {{.Comment}}' made:3",
        "inspect --format '{{json .RootFS.Layers}}' made:1 made:2",
        "inspect --format '{{json .Config.Cmd}} {{json .Config.Env}}' made:1",
        "import -c 'RUN x' root.tar",
        "import -c 'ENV' root.tar",
        "import nope.tar",
        "import root.tar UPPER",
        "import",
    ]);
    let ids = both.here("image inspect --format '{{.Id}}' one:1 two three:gone").ok();
    assert_eq!(both.there("image inspect --format '{{.Id}}' one:1 two three:gone").stdout, ids);
    both.docker.stop();
}

/// Without a daemon: what a terminal is told, and what goes wrong with what is written.
#[test]
fn archives_do_not_go_to_terminals_and_are_written_whole_or_not_at_all() {
    let lab = Lab::new();
    lab.load(&images(&lab));
    let script = format!("{} --root {} save one:1", lab::engine().display(), lab.engine_root().display());
    let said = Command::new("script").args(["-qec", &script, "/dev/null"]).output().expect("script");
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(!said.status.success() && text.contains("cowardly refusing to save to a terminal"), "{text}");
    let to = lab.folder().join("to");
    put(&to.join("saved.tar"), "what was there");
    let full = lab.nagaya(&["save", "one:1"]).redirect("> /dev/full").output();
    lab::fails(full, 1, &["no space"]);
    let output = lab.nagaya(&["save", "-o"]).arg(to.join("saved.tar")).args(["one:1", "nope"]).output();
    lab::fails(output, 1, &["No such image"]);
    assert_eq!(fs::read_to_string(to.join("saved.tar")).unwrap(), "what was there");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
}
