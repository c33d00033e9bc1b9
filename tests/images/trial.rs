//! A command on a store, tried again and again from the same beginning, and what must be true whatever happened to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lab::{Call, Disk, Lab, Nagaya, Registry, copy};

use crate::injected::{self, Point};
use crate::kit::Images;
use crate::layout::{self, LAYER_GZIP, Layout};
use crate::sample::put;

/// An image that was loaded long before, and shares its lowest layer with the one that comes.
pub(crate) const OLD: &str = "old:1";

/// By this variable, layers are kept as folders also where an index can be had.
const WAY: &str = "NAGAYA_LAYERS";

/// What a command changes.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// There is an image of this name.
    Comes(String),
    /// There is none any more.
    Goes(String),
    /// Images without a name go.
    Nothing,
}

/// A command, and the store before it.
pub(crate) struct Trial<'lab> {
    pub(crate) lab: &'lab Lab,
    pub(crate) disk: &'lab Disk,
    words: Vec<String>,
    way: &'static str,
    pub(crate) change: Change,
    before: PathBuf,
    /// All files of the store once the command has worked and garbage was collected.
    after: BTreeSet<String>,
}

/// Where images come from.
pub(crate) struct Sources {
    registry: Registry,
    archive: PathBuf,
}

impl Sources {
    /// Both images, in an archive each; the new one in a registry as well.
    pub(crate) fn new(lab: &Lab) -> Sources {
        let lowest = lab.rootfs("lowest");
        let (middle, top) = (lab.folder().join("middle"), lab.folder().join("top"));
        put(&middle.join("random"), random(700 << 10));
        put(&middle.join("folder/gone"), "of the middle\n");
        put(&top.join("folder/.wh.gone"), "");
        put(&top.join("hello"), "hello\n");
        let tar = |folder: &Path| {
            let archive = folder.with_extension("layer");
            layout::tar(folder, &archive, &[]);
            fs::read(archive).expect("a tar")
        };
        let tars = [&lowest, &middle, &top].map(|folder| tar(folder));
        let layers: Vec<_> = tars.iter().map(|tar| (&tar[..], LAYER_GZIP)).collect();
        let old = Layout::new(lab.folder().join("old"));
        old.list(&[(OLD, old.image(&layers[..1], layout::bare()))]);
        let new = Layout::new(lab.folder().join("new"));
        new.list(&[("new:1", new.image(&layers, layout::bare()))]);
        let registry = Registry::plain();
        for (layout, image) in [(&old, OLD), (&new, "new:1")] {
            registry.push(&format!("oci:{}:{image}", layout.folder.display()), image);
        }
        old.archive();
        Sources { registry, archive: new.archive() }
    }

    /// The new image as a file.
    pub(crate) fn archive(&self) -> &str {
        self.archive.to_str().expect("a path of ours")
    }

    /// What an image is called that is in the registry: `new:1`, or `old:1`.
    pub(crate) fn name(&self, image: &str) -> String {
        format!("{}/{image}", self.registry.host())
    }
}

impl<'lab> Trial<'lab> {
    /// `pull`, `load`, `tag`, `rmi` or `prune`; layers become an `index`, or `folders`.
    pub(crate) fn new(
        lab: &'lab Lab,
        disk: &'lab Disk,
        from: &Sources,
        verb: &str,
        way: &'static str,
    ) -> Trial<'lab> {
        lab.nagaya(&["load", "-i"]).arg(lab.folder().join("old.tar")).env(WAY, way).output().ok();
        let name = from.name("new:1");
        let (words, change) = match verb {
            "pull" => (vec!["pull", &name], Change::Comes(name.clone())),
            "load" => (vec!["load", "-i", from.archive()], Change::Comes("new:1".to_string())),
            "tag" => (vec!["tag", OLD, "some/where/else:2"], Change::Comes("some/where/else:2".to_string())),
            "rmi" => (vec!["rmi", &name], Change::Goes(name.clone())),
            _ => (vec!["image", "prune", "-f"], Change::Nothing),
        };
        if matches!(verb, "rmi" | "prune") {
            lab.nagaya(&["pull", &name]).env(WAY, way).output().ok();
        }
        if verb == "prune" {
            // The new image has no name any more.
            lab.fine(&["tag", OLD, &name]);
        }
        let words = words.into_iter().map(str::to_string).collect();
        let before = lab.folder().join("before");
        copy(&lab.engine_root(), &before);
        let mut trial = Trial { lab, disk, words, way, change, before, after: BTreeSet::new() };
        trial.call().output().ok();
        lab.fine(&["image", "prune", "-f"]);
        trial.after = trial.files();
        trial.begin();
        trial
    }

    /// The store is as it was before the command, on the disk for good.
    pub(crate) fn begin(&self) {
        self.disk.become_like(&self.before);
        self.disk.sync();
    }

    /// The disk is empty, for another one.
    pub(crate) fn end(self) {
        fs::remove_dir_all(&self.before).and_then(|()| fs::create_dir(&self.before)).expect("a folder");
        self.disk.become_like(&self.before);
        fs::remove_dir(&self.before).expect("a folder");
    }

    pub(crate) fn call(&self) -> Call {
        let words: Vec<_> = self.words.iter().map(String::as_str).collect();
        self.lab.nagaya(&words).env(WAY, self.way)
    }

    /// All points at which something can happen to the command.
    pub(crate) fn points(&self) -> Vec<Point> {
        injected::points(self.call(), &self.lab.folder().join("trace"))
    }

    /// It is neither as before the command nor as after it.
    pub(crate) fn is_half_done(&self) -> bool {
        self.files() != self.after && !self.is_as_before()
    }

    pub(crate) fn is_as_before(&self) -> bool {
        self.files() == files_of(&self.before)
    }

    /// What is wrong after the command was made, and whether it has said that it worked. It is repeated on the way.
    pub(crate) fn unsound(&self, worked: bool, run: bool) -> Option<String> {
        let lost = self.damaged().or_else(|| self.lost(worked));
        if lost.is_some() {
            return lost;
        }
        let again = self.call().output();
        // Its name went, and then it was killed: what is left is an image without a name.
        let gone = matches!(self.change, Change::Goes(_)) && again.stderr.contains("No such image");
        if again.code != 0 && !gone {
            return Some(format!("then it does not work: {again:?}"));
        }
        let lost = self.lost(true);
        if lost.is_some() {
            return lost;
        }
        self.does_not_run(run).or_else(|| self.leftovers())
    }

    /// What `system check` finds, which reads everything.
    pub(crate) fn damaged(&self) -> Option<String> {
        let check = self.lab.nagaya(&["system", "check"]).output();
        let sound = check.code == 0 && check.stdout.contains("everything is as it was");
        (!sound).then(|| format!("`system check` says {check:?}"))
    }

    /// What was said to be there and is not, or the other way round.
    pub(crate) fn lost(&self, worked: bool) -> Option<String> {
        let all = self.lab.nagaya(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).output();
        if all.code != 0 {
            return Some(format!("`images` says {all:?}"));
        }
        let has = |name: &str| all.stdout.lines().any(|line| line == name);
        let kept = match &self.change {
            Change::Comes(name) => has(name) || !worked,
            Change::Goes(name) => !has(name) || !worked,
            Change::Nothing => true,
        };
        (!has(OLD) || !kept).then(|| format!("{:?} and `{OLD}`: there is {}", self.change, all.stdout))
    }

    fn does_not_run(&self, run: bool) -> Option<String> {
        let new = match &self.change {
            Change::Comes(name) => name,
            _ => OLD,
        };
        for image in [OLD, new].iter().take(if run { 2 } else { 0 }) {
            let words = ["--rm", "--pull", "never", image, "echo", "alive"];
            let output = self.lab.run(&words).env(WAY, self.way).output();
            if output.code != 0 || output.stdout != "alive\n" {
                return Some(format!("`{image}` does not run: {output:?}"));
            }
        }
        None
    }

    /// What is not as it is after the command.
    pub(crate) fn leftovers(&self) -> Option<String> {
        let prune = self.lab.nagaya(&["image", "prune", "-f"]).output();
        if prune.code != 0 {
            return Some(format!("`image prune` says {prune:?}"));
        }
        let files = self.files();
        let (more, less): (Vec<_>, Vec<_>) =
            (files.difference(&self.after).collect(), self.after.difference(&files).collect());
        // If it could not be told whether an index can be had, there are folders instead.
        let other_way = self.way == "index"
            && !less.is_empty()
            && more.iter().all(|file| file.starts_with("trees/"))
            && less.iter().all(|file| file.starts_with("roots/"));
        (files != self.after && !other_way).then(|| format!("too much: {more:#?}, missing: {less:#?}"))
    }

    fn files(&self) -> BTreeSet<String> {
        files_of(&self.lab.engine_root())
    }
}

/// What is the store's; containers are beside it.
const STORE: [&str; 12] = [
    "claims",
    "images",
    "kept",
    "layers",
    "leases",
    "listed",
    "lock",
    "references",
    "roots",
    "staging",
    "trees",
    "uses",
];

const MADE_ONCE: [&str; 4] = ["images/blobs", "layers", "roots", "trees"];

/// All files and folders of a store.
fn files_of(root: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    let mut todo = vec![root.to_path_buf()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if folder == root && !STORE.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            let below = path.strip_prefix(root).expect("below it");
            let Ok(meta) = entry.metadata() else { continue };
            // What nothing changes has its length, too: a file that a power cut has emptied is another one.
            let length = if meta.is_file() && MADE_ONCE.iter().any(|folder| below.starts_with(folder)) {
                format!(" {} bytes", meta.len())
            } else {
                String::new()
            };
            files.insert(format!("{}{length}", below.display()));
            if meta.is_dir() {
                todo.push(path);
            }
        }
    }
    files
}

/// Bytes that do not compress.
fn random(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(step).take(length).collect()
}
