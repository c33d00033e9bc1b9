//! Commands that make and remove volumes, killed at any of their system calls: the next command finds volumes whole or not
//! at all, and removes what is left.

use std::fs;

use lab::{Call, Lab, Nagaya};

use crate::volume_kit::{LOOK, LOOKS, WithVolumes};

/// At most so many points of each command.
const POINTS: usize = 40;

/// System calls that make or remove something, and those around them.
const CALLS: &str = "mkdir,rename,renameat,renameat2,openat,write,flock,unlinkat,rmdir,unlink,symlink,fdatasync,fsync,\
                     fchown,chmod,fchmod,clone,clone3,vfork,sendto,recvfrom,execve";

/// All calls of these that a command makes, by name and which of that name it is.
fn points(lab: &Lab, call: Call) -> Vec<(String, usize)> {
    let trace = lab.folder().join("trace");
    let strace =
        ["strace", "-o", trace.to_str().expect("a path"), "-e", &format!("trace={CALLS}")].map(String::from);
    let _ = call.under(strace).output();
    let text = fs::read_to_string(&trace).expect("the trace");
    let mut points: Vec<(String, usize)> = Vec::new();
    for name in text.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name) {
        let nth = points.iter().filter(|(other, _)| other == name).count() + 1;
        points.push((name.to_string(), nth));
    }
    points
}

/// Kills a command at its points; `after` looks at what it has left. How often it was hit.
fn kill_everywhere(lab: &Lab, before: impl Fn(), call: impl Fn() -> Call, after: impl Fn(&str)) -> usize {
    before();
    let all = points(lab, call());
    after("not killed");
    let mut hit = 0;
    for (name, nth) in all.iter().step_by(all.len().div_ceil(POINTS)) {
        before();
        let inject = format!("inject={name}:signal=KILL:when={nth}");
        let killed = call().under(["strace", "-o", "/dev/null", "-e", &inject]).output();
        hit += usize::from(killed.code == 137);
        after(&format!("killed at {name} {nth}: {killed:?}"));
    }
    hit
}

/// All containers are removed; then nothing but the named volume `db` may be left, and that only whole.
fn clean(lab: &Lab, point: &str) {
    let all = lab.fine(&["ps", "-aq"]);
    let ids: Vec<_> = all.split_whitespace().collect();
    if !ids.is_empty() {
        let _ = lab.nagaya(&["rm", "-f", "-v"]).args(&ids).output();
    }
    let left: Vec<_> = lab.in_volumes().into_iter().filter(|name| name != "db").collect();
    let dangling = lab.fine(&["volume", "ls", "-qf", "dangling=true"]);
    // What is there is a volume that can be listed, or nothing that anybody ever sees.
    assert!(left.iter().all(|name| name.starts_with('.') || dangling.contains(name)), "{point}: {left:?}");
    lab.fine(&["volume", "prune", "-f"]);
    let left: Vec<_> = lab.in_volumes().into_iter().filter(|name| name != "db").collect();
    assert!(left.is_empty(), "{point}: left after `volume prune`: {left:?}");
}

#[test]
fn run_killed() {
    let lab = Lab::new();
    lab.image("web", &["VOLUME /own"]);
    let call = || {
        lab.nagaya(&[
            "run",
            "--rm",
            "--name",
            &lab.named("web"),
            "-v",
            "db:/data",
            "-v",
            "/more",
            "web",
            "true",
        ])
    };
    let hit = kill_everywhere(
        &lab,
        || (),
        call,
        |point| {
            clean(&lab, point);
            // Filled as a whole, by whoever comes next if need be.
            assert_eq!(lab.sh(&["-v", "db:/data"], "web", LOOK), LOOKS, "{point}");
            lab.fine(&["volume", "rm", "db"]);
        },
    );
    assert!(hit > 10, "killed {hit} times only");
}

#[test]
fn rm_killed() {
    let lab = Lab::new();
    lab.image("web", &["VOLUME /own"]);
    let web = lab.named("web");
    let before = || drop(lab.fine(&["run", "--name", &web, "-v", "/more", "web", "true"]));
    let hit = kill_everywhere(&lab, before, || lab.nagaya(&["rm", "-v", &web]), |point| clean(&lab, point));
    assert!(hit > 10, "killed {hit} times only");
}

#[test]
fn volume_commands_killed() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let make = || lab.nagaya(&["volume", "create", "db"]);
    let hit = kill_everywhere(
        &lab,
        || (),
        make,
        |point| {
            clean(&lab, point);
            // It is there, or it can be made.
            assert_eq!(lab.fine(&["volume", "create", "db"]), "db\n", "{point}");
            lab.fine(&["volume", "rm", "db"]);
            assert_eq!(lab.in_volumes(), [""; 0], "{point}");
        },
    );
    assert!(hit > 5, "killed {hit} times only");
    let before = || {
        lab.fine(&["volume", "create", "db"]);
        fs::write(lab.data("db").join("file"), "some").expect("a file");
    };
    let hit = kill_everywhere(
        &lab,
        before,
        || lab.nagaya(&["volume", "rm", "db"]),
        |point| {
            // All of it is there, or nothing.
            if lab.fine(&["volume", "ls", "-q"]).contains("db") {
                assert!(lab.data("db").join("file").exists(), "{point}");
                lab.fine(&["volume", "rm", "db"]);
            }
            clean(&lab, point);
            assert_eq!(lab.in_volumes(), [""; 0], "{point}");
        },
    );
    assert!(hit > 5, "killed {hit} times only");
}
