//! Between umoci and us.

use std::fs;
use std::process::Command;

use lab::{Lab, Nagaya};

use crate::content::ENGINES;
use crate::kit::Images;
use crate::sample::{self, GREETING, Sample, put};
use crate::tree::Tree;

/// Calls umoci, which must work.
fn umoci(lab: &Lab, line: &str) {
    lab.program("sh").args(["-c", &format!("umoci {line}")]).folder(lab.folder()).output().ok();
}

/// Two layers as umoci writes them: a root, and what was changed in it.
#[test]
fn what_umoci_packed_runs_here() {
    let lab = Lab::new();
    let first = lab.folder().join("first.tar");
    fs::write(&first, &Sample::new(&lab).tars[0]).unwrap();
    umoci(&lab, "init --layout packed");
    umoci(&lab, "new --image packed:one");
    umoci(&lab, "unpack --image packed:one bundle");
    let root = lab.folder().join("bundle/rootfs");
    let unpack = Command::new("tar")
        .args(["--xattrs", "--xattrs-include=*", "-xpf"])
        .arg(&first)
        .arg("-C")
        .arg(&root)
        .status();
    assert!(unpack.unwrap().success());
    umoci(&lab, "repack --refresh-bundle --image packed:one bundle");
    for gone in ["awkward/gone", "awkward/opaque"] {
        fs::remove_dir_all(root.join(gone)).unwrap();
    }
    fs::remove_file(root.join("awkward/links/two")).unwrap();
    put(&root.join("awkward/opaque/new"), "new\n");
    umoci(&lab, "repack --refresh-bundle --image packed:one bundle");
    umoci(
        &lab,
        "config --image packed:one --config.env PATH=/bin --config.env 'GREETING=good day' --config.user guest \
                 --config.workingdir /awkward/links --config.entrypoint /bin/sh --config.entrypoint -c \
                 --config.cmd 'echo \"$GREETING from $(id -u):$(id -g) in $PWD\"' --config.stopsignal SIGUSR1",
    );
    let said = lab.load(&lab.folder().join("packed"));
    assert_eq!(said, "Loaded image: one:latest\n");
    let layers = lab.inspect("one")["RootFS"]["Layers"].as_array().map(Vec::len);
    assert_eq!(layers, Some(2));
    let expected = Tree::of(&sample::unpacked(&lab, &lab.folder().join("packed"), "one"));
    lab.tree("one").without(&ENGINES).is(&expected.without(&ENGINES));
    assert_eq!(lab.run(&["--rm", "one"]).output().ok(), GREETING);
}

#[test]
fn umoci_unpacks_what_we_save() {
    let lab = Lab::new();
    lab.load(&Sample::new(&lab).layout(&lab, "sample").folder);
    let saved = lab.folder().join("saved");
    fs::create_dir(&saved).unwrap();
    let unpack = format!("tar -x -C {}", saved.display());
    let archive = lab.folder().join("saved.tar");
    lab.fine(&["save", "-o", archive.to_str().unwrap(), "sample"]);
    assert!(
        Command::new("sh")
            .args(["-c", &format!("{unpack} -f {}", archive.display())])
            .status()
            .unwrap()
            .success()
    );
    let tree = Tree::of(&sample::unpacked(&lab, &saved, "latest"));
    lab.tree("sample").without(&ENGINES).is(&tree.without(&ENGINES));
}
