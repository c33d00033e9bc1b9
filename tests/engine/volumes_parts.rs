//! Parts of volumes and images: a path that whoever writes there may change at any moment.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use lab::{Lab, Nagaya, fails};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::volume_kit::WithVolumes;

/// A volume with a folder and links in it, and a folder of the host that nobody is to see.
fn volume(lab: &Lab) -> std::path::PathBuf {
    lab.image("web", &[]);
    lab.fine(&["volume", "create", "db"]);
    let (data, canary) = (lab.data("db"), lab.folder().join("canary"));
    fs::create_dir_all(data.join("a/b")).expect("a folder");
    fs::write(data.join("a/b/file"), "inside").expect("a file");
    fs::create_dir_all(canary.join("b")).expect("a folder");
    fs::write(canary.join("b/file"), "of the host").expect("a file");
    canary
}

fn part(path: &str) -> String {
    format!("type=volume,src=db,dst=/x,volume-subpath={path}")
}

#[test]
fn a_part_is_found_in_the_volume() {
    let lab = Lab::new();
    let canary = volume(&lab);
    let data = lab.data("db");
    let see = |path: &str| lab.try_sh(&["--mount", &part(path)], "web", "cat /x/file; ls /x | wc -l");
    assert_eq!(see("a/b").ok(), "inside1\n");
    // A link that stays inside is followed.
    symlink("a", data.join("near")).expect("a link");
    assert_eq!(see("near/b").ok(), "inside1\n");
    // By the same path, the host sees what the container must not see.
    let up = "../".repeat(30) + canary.to_str().expect("a path");
    for (name, to) in
        [("far", canary.to_str().expect("a path")), ("up", up.as_str()), ("magic", "/proc/self/root")]
    {
        symlink(to, data.join(name)).expect("a link");
        assert!(fs::metadata(data.join(name)).is_ok(), "no control: {name} leads nowhere");
        fails(see(&format!("{name}/b")), 125, &["mounts["]);
        fails(see(name), 125, &["mounts["]);
    }
    fails(see("nothing"), 125, &["no such file", "mounts["]);
    // A file is a part too.
    let mount = part("a/b/file");
    assert_eq!(lab.sh(&["--mount", &mount], "web", "cat /x"), "inside");
    // What is written there is in the volume, and `readonly` holds.
    lab.sh(&["--mount", &part("a")], "web", "echo new > /x/new");
    assert_eq!(fs::read_to_string(data.join("a/new")).expect("a file"), "new\n");
    let readonly = part("a") + ",readonly";
    let seen = lab.sh(&["--mount", &readonly], "web", "touch /x/no 2>&1; true");
    assert!(seen.contains("Read-only file system"), "{seen}");
}

/// A neighbour changes a folder on the way for a link to the host's, and back, all the time.
#[test]
fn nobody_wins_a_race_for_a_part() {
    let lab = Lab::new();
    let canary = volume(&lab);
    let data = lab.data("db");
    symlink(&canary, data.join("link")).expect("a link");
    let stop = AtomicBool::new(false);
    let (mut inside, mut refused, mut fooled) = (0, 0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, data.join("a"), CWD, data.join("link"), RenameFlags::EXCHANGE);
            }
        });
        for _ in 0..40 {
            // The control: who resolves the path by hand reads the host's file now and then.
            for _ in 0..500 {
                let read = fs::read_to_string(data.join("a/b/file")).unwrap_or_default();
                fooled += usize::from(read == "of the host");
            }
            let output = lab.try_sh(&["--mount", &part("a/b")], "web", "cat /x/file");
            match (output.code, output.stdout.as_str()) {
                (0, "inside") => inside += 1,
                (125, "") => refused += 1,
                _ => panic!("{output:?}"),
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(fooled > 0, "nobody was fooled, so nothing was proven");
    assert!(inside > 0 && inside + refused == 40, "{inside} inside, {refused} refused");
}

#[test]
fn files_of_an_image() {
    let lab = Lab::new();
    lab.image("web", &[]);
    lab.image("other", &[]);
    let mount = |more: &str| format!("type=image,source=other,target=/x{more}");
    let look = "cat /x/data/file; touch /x/no 2>&1; grep -c ' /x ' /proc/self/mountinfo";
    let seen = lab.sh(&["--mount", &mount("")], "web", look);
    assert!(
        seen.starts_with("of the image\n") && seen.contains("Read-only") && seen.ends_with("1\n"),
        "{seen}"
    );
    assert_eq!(lab.sh(&["--mount", &mount(",image-subpath=data/sub")], "web", "cat /x/deep"), "deep\n");
    fails(lab.try_sh(&["--mount", &mount(",image-subpath=out")], "web", "true"), 125, &["mounts["]);
    let missing = "type=image,source=localhost:1/nope,target=/x";
    fails(lab.try_sh(&["--pull", "never", "--mount", missing], "web", "true"), 125, &["nope"]);
    // It stays as long as a container has it mounted, and goes then.
    let web = lab.named("web");
    lab.fine(&["create", "--name", &web, "--mount", &mount(""), "web", "true"]);
    fails(lab.nagaya(&["rmi", "other"]).output(), 1, &["other"]);
    lab.fine(&["rm", &web]);
    lab.fine(&["rmi", "other"]);
}
