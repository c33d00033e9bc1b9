//! Layers of every order that makes sense, to other tools and to us.

use std::{fs, iter};

use lab::{Lab, Nagaya};
use peers::Docker;

use crate::dice::Dice;
use crate::fair::{self, Skills};
use crate::kit::Images;
use crate::layout::{LAYER, Layout, bare, tar};
use crate::sample;
use crate::smith::Smith;
use crate::tree::Tree;
use crate::with_docker::tree_of;

const CASES: usize = 100;

/// A layer with a shell, and three with cases in `t`.
fn image(lab: &Lab, seed: u64, skills: Skills) -> Layout {
    let root = lab.rootfs("base");
    let base = root.with_extension("tar");
    tar(&root, &base, &["--owner=0", "--group=0"]);
    let mut layers = vec![Smith::default(); 3];
    let mut dice = Dice::new(seed);
    for case in 0..CASES {
        fair::add(&mut layers, &format!("t/c{case}"), skills, &mut dice);
    }
    let tars: Vec<_> =
        iter::once(fs::read(base).expect("a tar")).chain(layers.into_iter().map(Smith::end)).collect();
    let layout = Layout::new(lab.folder().join("cases"));
    let layers: Vec<_> = tars.iter().map(|tar| (&tar[..], LAYER)).collect();
    layout.list(&[("cases:1", layout.image(&layers, bare()))]);
    layout
}

/// What we make of it in both ways, which is the same.
fn ours(layout: &Layout) -> Tree {
    let see = |way: &str| {
        let lab = Lab::new();
        lab.nagaya(&["load", "-i"]).arg(&layout.folder).env("NAGAYA_LAYERS", way).output().ok();
        let tree = lab.tree("cases:1").below(&["t"]);
        lab.is_clean();
        tree
    };
    let (index, folders) = (see("index"), see("folders"));
    index.is(&folders);
    index
}

#[test]
fn umoci_makes_the_same_of_layers() {
    for seed in [1, 2] {
        let lab = Lab::new();
        let layout = image(&lab, seed, Skills { beyond_go: false, ..Skills::ALL });
        let theirs = Tree::of(&sample::unpacked(&lab, &layout.folder, "cases:1")).below(&["t"]);
        let ours = ours(&layout);
        assert!(format!("{ours:?}").len() > 10_000, "there was something to compare");
        ours.without_times_of_folders().is(&theirs.without_times_of_folders());
    }
}

/// Docker takes no name twice in a layer, and makes a folder that a layer does not describe anew: root's, and 0755. It looks
/// for what a hard link leads to in the same layer and says of it what the link says; times before 1970 become 1970; and
/// where a name is marked as gone and there again, lower layers show through or it fails.
const DOCKER: Skills =
    Skills { marks: true, twice: false, turns: false, beyond_go: false, implied: false, past: false };

#[test]
fn docker_makes_the_same_of_layers() {
    let docker = Docker::beside_registries();
    for seed in [1, 2] {
        let lab = Lab::new();
        let layout = image(&lab, seed, DOCKER);
        let archive = lab.folder().join("saved");
        lab.load(&layout.folder);
        lab.fine(&["save", "-o", archive.to_str().unwrap(), "cases:1"]);
        docker.fine(&["load", "-i", archive.to_str().unwrap()]);
        let theirs = tree_of(&docker, "cases:1").below(&["t"]);
        let ours = ours(&layout);
        assert!(format!("{ours:?}").len() > 10_000, "there was something to compare");
        ours.without_times_of_folders().is(&theirs.without_times_of_folders());
    }
    docker.finish();
}
