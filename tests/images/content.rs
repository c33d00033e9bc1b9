//! The root of a container is what its image says, entry by entry.

use lab::{Lab, Nagaya};

use crate::kit::Images;
use crate::sample::{self, GREETING, Sample};
use crate::tree::Tree;

/// Where engines put files of their own.
pub(crate) const ENGINES: [&str; 6] = [".", "dev", "etc", "proc", "run", "sys"];

#[test]
fn a_containers_root_is_what_umoci_makes_of_its_layers() {
    let lab = Lab::new();
    let layout = Sample::new(&lab).layout(&lab, "sample");
    lab.load(&layout.folder);
    let expected = Tree::of(&sample::unpacked(&lab, &layout.folder, "sample"));
    assert!(expected.has("awkward/names/n") || expected.has("awkward/plain"));
    lab.tree("sample").without(&ENGINES).is(&expected.without(&ENGINES));
    lab.is_clean();
}

#[test]
fn what_an_image_says_of_its_program_is_done() {
    let lab = Lab::new();
    lab.load(&Sample::new(&lab).layout(&lab, "sample").folder);
    assert_eq!(lab.run(&["--rm", "sample"]).output().ok(), GREETING);
    assert_eq!(lab.known(), [""; 0]);
}
