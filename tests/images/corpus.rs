//! Layers that somebody might send: each is refused whole, or what it says is in the container and nothing else.

use lab::{Call, Canary, Lab, Nagaya, ORDINARY_USER, Output, fails, for_ordinary_user};

use crate::kit::{SLEEP, bounded, seen_in};
use crate::layout::{LAYER, Parts, bare, sha256};
use crate::sample::put;
use crate::smith::Smith;
use crate::tree::Tree;
use crate::ways_in::Attempt;

/// Who loads the layers: root mounts an index over them, an ordinary user unpacks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Root,
    User,
}

/// Layers are loaded one after the other, over one that has a shell and in `t` what cases begin with.
pub(crate) struct Corpus {
    pub(crate) attempt: Attempt,
    pub(crate) canary: Canary,
    who: Who,
    /// The lowest layer, in a manifest and a config: it is hashed once.
    base: Parts,
}

impl Corpus {
    pub(crate) fn new(who: Who) -> Corpus {
        let attempt = Attempt::new();
        let lab = &attempt.lab;
        if who == Who::User {
            for_ordinary_user(lab);
        }
        let root = lab.rootfs("base");
        put(&root.join("t/below/file"), "from below");
        put(&root.join("t/below/other"), "also");
        put(&root.join("t/plain"), "a file");
        std::os::unix::fs::symlink("below", root.join("t/way")).expect("a link");
        std::os::unix::fs::symlink("/t/below/file", root.join("t/soft")).expect("a link");
        let archive = root.with_extension("tar");
        crate::layout::tar(&root, &archive, &["--owner=0", "--group=0"]);
        let base = std::fs::read(archive).expect("a tar");
        let base = attempt.layout.parts(&[(&base, LAYER)], bare());
        Corpus { canary: Canary::new(lab), who, base, attempt }
    }

    pub(crate) fn lab(&self) -> &Lab {
        &self.attempt.lab
    }

    /// As whoever it is.
    pub(crate) fn call(&self, words: &[&str]) -> Call {
        let call = self.lab().nagaya(words);
        if self.who == Who::User { call.user(ORDINARY_USER) } else { call }
    }

    fn load(&self, layers: &[Vec<u8>]) -> Output {
        let mut parts = self.base.clone();
        for tar in layers {
            let blob = self.attempt.layout.blob(LAYER, tar);
            let diff_ids = parts.config["rootfs"]["diff_ids"].as_array_mut().expect("a list");
            diff_ids.push(blob["digest"].clone());
            parts.manifest["layers"].as_array_mut().expect("a list").push(blob);
        }
        let image = self.attempt.layout.finish(parts);
        self.attempt.layout.list(&[("app:1", image)]);
        self.call(&["load", "-i"]).arg(&self.attempt.layout.folder).output()
    }

    /// The last layer is refused by its digest and for one of these reasons, and nothing of any is left.
    #[track_caller]
    pub(crate) fn refused(&self, what: &str, layers: &[Vec<u8>], reasons: &[&str]) {
        let said = self.refused_whole(what, layers, reasons);
        let digest = sha256(layers.last().expect("a layer")).to_string();
        assert!(said.contains(&digest[..40]), "{what}: {said}");
    }

    /// The same, where no layer is wrong by itself.
    #[track_caller]
    pub(crate) fn refused_whole(&self, what: &str, layers: &[Vec<u8>], reasons: &[&str]) -> String {
        let output = self.load(layers);
        assert_eq!(output.code, 1, "{what}: {output:?}");
        let said = fails(output, 1, &[]);
        bounded(&said);
        assert!(reasons.iter().any(|reason| said.contains(reason)), "{what}: {said}");
        self.attempt.nothing_came();
        self.canary.unharmed();
        said
    }

    /// It is taken, and these are what is in `t` then, other than before.
    #[track_caller]
    pub(crate) fn taken(&self, what: &str, layers: &[Vec<u8>], expected: &[&str]) {
        let output = self.load(layers);
        assert_eq!(output.code, 0, "{what}: {output:?}");
        let (seen, before) = (self.seen(), BASE.map(String::from));
        let new = seen.iter().filter(|line| !before.contains(line)).cloned();
        let gone = before.iter().filter(|line| !seen.contains(line)).map(|line| format!("no {line}"));
        let mut changes: Vec<_> = new.chain(gone).collect();
        changes.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(changes, expected, "{what}");
        self.canary.unharmed();
        self.call(&["image", "prune", "-af"]).output().ok();
    }

    /// It is taken; what it is remains to be seen.
    #[track_caller]
    pub(crate) fn loads(&self, what: &str, layers: &[Vec<u8>]) {
        let output = self.load(layers);
        assert_eq!(output.code, 0, "{what}: {output:?}");
    }

    /// What a script says in a container of it.
    #[track_caller]
    pub(crate) fn said(&self, script: &str) -> String {
        let words = ["--pull", "never", "--rm", "app:1", "/bin/sh", "-c", script];
        self.lab().run(&words).output().ok()
    }

    /// Extended attributes of a path in a container of it, as they are seen from the host.
    #[track_caller]
    pub(crate) fn attributes(&self, path: &str) -> String {
        seen_in(self.lab(), self.asleep(), |root| crate::tree::xattrs(&root.join(path)))
    }

    /// Bytes that everything takes on the disk.
    pub(crate) fn taken_room(&self) -> u64 {
        let said = self.lab().program("du").args(["-s", "-B1"]).arg(self.lab().engine_root()).output().ok();
        said.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).expect("a number")
    }

    fn asleep(&self) -> Call {
        let words =
            ["--rm", "--pull", "never", "--user", "0", "--entrypoint", "/bin/sh", "app:1", "-c", SLEEP];
        let name = self.lab().container_name();
        self.call(&["run", "--name", &name]).args(words)
    }

    /// What is in `t`, seen from the host: a line for each name, with its kind.
    fn seen(&self) -> Vec<String> {
        seen_in(self.lab(), self.asleep(), |root| Tree::of(&root.join("t")).short())
    }
}

/// What the lowest layer has in `t`.
const BASE: [&str; 7] = [
    ". folder",
    "below folder",
    "below/file file 10",
    "below/other file 4",
    "plain file 6",
    "soft -> /t/below/file",
    "way -> below",
];

/// An archive of one layer.
pub(crate) fn tar() -> Smith {
    Smith::default()
}

/// An archive, and bytes behind it.
pub(crate) fn before(mut archive: Smith, bytes: &[u8]) -> Smith {
    archive.0.extend(bytes);
    archive
}

/// A layer that is refused: what it is, the layer, and why.
pub(crate) type Bad<'a> = (&'a str, Smith, &'a str);
/// A layer that is taken, and what changes by it.
pub(crate) type Good<'a> = (&'a str, Smith, &'a [&'a str]);

/// Each of them by each kind of person.
pub(crate) fn all(good: &[Good], bad: &[Bad]) {
    for who in [Who::Root, Who::User] {
        let corpus = Corpus::new(who);
        for (what, layer, expected) in good {
            corpus.taken(what, &[layer.clone().end()], expected);
        }
        for (what, layer, reason) in bad {
            corpus.refused(what, &[layer.clone().end()], &[reason]);
        }
    }
}
