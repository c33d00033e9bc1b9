//! Layers as folders: what ordinary users have, and others where no index can be.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use lab::{Call, Lab, Nagaya, ORDINARY_USER, for_ordinary_user};

use crate::kit::Images;
use crate::sample::{PLACES, Sample};

#[test]
fn an_index_and_folders_show_the_same_files() {
    let (with_index, with_folders) = (Lab::new(), Lab::new());
    let layout = Sample::new(&with_index).layout(&with_index, "sample:1");
    with_index.load(&layout.folder);
    let words = ["load", "-i"];
    with_folders.nagaya(&words).arg(&layout.folder).env("NAGAYA_LAYERS", "folders").output().ok();
    let made = |lab: &Lab, kind: &str| {
        fs::read_dir(lab.engine_root().join(kind).join("sha256")).map_or(0, Iterator::count)
    };
    assert_eq!((made(&with_index, "roots"), made(&with_index, "trees")), (1, 0));
    assert_eq!((made(&with_folders, "roots"), made(&with_folders, "trees")), (0, 3));
    let (one, other) = (with_index.tree("sample:1"), with_folders.tree("sample:1"));
    one.below(&PLACES).is(&other.below(&PLACES));
    with_folders.is_clean();
}

/// As the ordinary user, who has these lines in /etc/subuid and /etc/subgid.
fn as_user(lab: &Lab, ranges: &str, call: Call) -> Call {
    let file = lab.folder().join("ranges");
    fs::write(&file, ranges).expect("ranges");
    let script = format!(
        "mount --bind {0} /etc/subuid && mount --bind {0} /etc/subgid && exec setpriv --reuid {1} --regid {1} \
         --clear-groups \"$@\"",
        file.display(),
        ORDINARY_USER
    );
    call.under(["unshare", "-m", "sh", "-c", &script, "sh"])
}

/// An image with a file and a device of others.
fn archive(lab: &Lab) -> std::path::PathBuf {
    let root = lab.rootfs("root");
    fs::create_dir(root.join("theirs")).expect("a folder");
    fs::write(root.join("theirs/file"), "x").expect("a file");
    for path in ["theirs", "theirs/file"] {
        chown(root.join(path), Some(33), Some(44)).expect("an owner");
    }
    let device = rustix::fs::makedev(1, 3);
    let kind = rustix::fs::FileType::CharacterDevice;
    rustix::fs::mknodat(rustix::fs::CWD, root.join("theirs/null"), kind, 0o666.into(), device)
        .expect("a device");
    let tar = lab.folder().join("root.tar");
    let made = lab.program("tar").args(["-C"]).arg(&root).arg("-cf").arg(&tar).arg(".").output();
    made.ok();
    tar
}

fn nothing_is_left(lab: &Lab) {
    for folder in
        ["changes", "run", "trees/sha256", "layers/sha256", "images/blobs/sha256", "leases", "staging"]
    {
        let left: Vec<_> =
            fs::read_dir(lab.engine_root().join(folder)).into_iter().flatten().flatten().collect();
        assert!(left.is_empty(), "in `{folder}`: {left:?}");
    }
}

/// Imports the image, changes files of others in a container of it, and removes both.
fn lives(lab: &Lab, ranges: &str) -> (String, String) {
    for_ordinary_user(lab);
    let tar = archive(lab);
    let user = |call: Call| as_user(lab, ranges, call);
    let imported = user(lab.nagaya(&["import"]).arg(&tar).arg("mine:1")).output();
    let warnings = imported.stderr.clone();
    imported.ok();
    let script = "ls -n /theirs | awk '{print $3, $4, $9}'; mkdir /theirs/new; chown 7:8 /theirs/new && echo given; \
                  echo y > /theirs/new/file; rm /theirs/file; chmod 700 /theirs/new";
    let seen = user(lab.run(&["--rm", "mine:1", "sh", "-c", script])).output();
    let seen = seen.stdout;
    // What was written went with the container; the image is as it was.
    let again = user(lab.run(&["--rm", "mine:1", "sh", "-c", "ls /theirs"])).output().ok();
    assert!(again.contains("file") && !again.contains("new"), "{again}");
    user(lab.nagaya(&["rmi", "mine:1"])).output().ok();
    nothing_is_left(lab);
    (warnings, seen)
}

#[test]
fn an_ordinary_user_with_ids_of_its_own() {
    assert!(Path::new("/usr/bin/newuidmap").exists(), "`make packages` installs uidmap");
    let lab = Lab::new();
    let (warnings, seen) = lives(&lab, &format!("{ORDINARY_USER}:200000:65536\n"));
    assert!(
        warnings.contains("1 device nodes are left out") && !warnings.contains("belong to root"),
        "{warnings}"
    );
    assert!(seen.contains("33 44 file") && seen.contains("given"), "{seen}");
}

#[test]
fn an_ordinary_user_without_any() {
    let lab = Lab::new();
    let (warnings, seen) = lives(&lab, "");
    assert!(warnings.contains("2 files belong to root") && warnings.contains("/etc/subuid"), "{warnings}");
    assert!(seen.contains("0 0 file") && !seen.contains("given"), "{seen}");
}
