//! What is written down speaks of an earlier boot of the machine: its processes are gone, and their numbers are others'.

use std::fs;
use std::path::Path;

use lab::Nagaya;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::cut_off_commands::ready;
use crate::world::{World, fields, is_gone, send};

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
    change(&mut value);
    fs::write(path, value.to_string()).expect("a file");
}

/// Kills all that belongs to it, at once.
fn pull_the_plug(world: &World) {
    let first = world.written()["pid"].as_i64().expect("a number");
    world.kill_monitors();
    send(first, Signal::KILL);
    lab::until("nothing of it lives", || !world.lives() && is_gone(first));
}

/// As if the machine had been started anew since: the boot is another one, and no cgroup is there.
fn begin_anew(world: &World) {
    let name = format!("*{}*", world.name);
    let find = ["/sys/fs/cgroup", "-depth", "-type", "d", "-name", &name, "-exec", "rmdir", "{}", "+"];
    world.lab.program("find").args(find).output().ok();
    let other = json!("00000000-0000-4000-8000-000000000000");
    edit(&world.folder().join("state.json"), |state| state["boot_id"] = other.clone());
    let run = run_folder(world);
    for file in ["state.json", "record.json"] {
        edit(&run.join(file), |state| state["bootId"] = other.clone());
    }
}

fn run_folder(world: &World) -> std::path::PathBuf {
    world.lab.engine_root().join("run").join(world.folder().file_name().expect("its id"))
}

#[test]
fn what_ran_has_ended_and_starts_again() {
    let world = World::new();
    ready(&world);
    pull_the_plug(&world);
    begin_anew(&world);
    assert_eq!(world.contradiction(), None);
    let state = world.state().expect("its state");
    assert!(state["Status"] == "exited" && state["ExitCode"] == 255, "{state}");
    assert_eq!(state["Error"], "the machine was shut down");
    // What it has changed is there.
    world.command(&["start"]).ok();
    assert_eq!((world.contradiction(), world.status()), (None, "running".to_string()));
    assert!(world.command(&["logs"]).ok().starts_with("ready\n"));
}

#[test]
fn who_is_to_run_after_a_reboot_does() {
    let world = World::new();
    for (policy, stopped, runs) in [
        ("no", false, false),
        ("always", false, true),
        ("unless-stopped", false, true),
        ("unless-stopped", true, false),
    ] {
        world.call(&world.words(&["run", "-d", "--restart", policy], crate::world::WAITS)).output().ok();
        if stopped {
            world.command(&["stop"]).ok();
        } else {
            pull_the_plug(&world);
            begin_anew(&world);
        }
        let started = world.lab.nagaya(&["system", "boot"]).output().ok();
        assert_eq!(started.contains(&world.name), runs, "{policy}: {started}");
        assert_eq!((world.contradiction(), world.status() == "running"), (None, runs), "{policy}");
        assert_eq!(world.left_after_rm(), [""; 0]);
    }
}

/// A status, and how a container comes to it.
type Become = (&'static str, fn(&World));

/// moby#38883, podman#7862: whatever has become of a container, its volume is its own.
#[test]
fn volumes_of_what_is_there_stay() {
    let world = World::new();
    let file = world.lab.engine_root().join("volumes/db/_data/file");
    let states: [Become; 6] = [
        ("created", |_| ()),
        ("running", |world| drop(world.command(&["start"]).ok())),
        ("paused", |world| drop(world.command(&["pause"]).ok())),
        ("running", |world| {
            world.command(&["unpause"]).ok();
            world.kill_monitors();
        }),
        ("exited", |world| drop(world.command(&["kill"]).ok())),
        ("exited", |world| {
            world.command(&["start"]).ok();
            pull_the_plug(world);
            begin_anew(world);
        }),
    ];
    world.call(&world.words(&["create", "-v", "db:/data"], crate::world::WAITS)).output().ok();
    fs::write(&file, "kept").expect("a file of the volume's");
    for (status, become_so) in states {
        become_so(&world);
        assert_eq!(
            world.lab.nagaya(&["volume", "prune", "-af"]).output().ok().lines().count(),
            1,
            "{status}"
        );
        assert_eq!(world.status(), status);
        assert_eq!(fs::read_to_string(&file).expect("what is in the volume"), "kept");
    }
    // The control: once it is nobody's, it goes.
    world.command(&["rm", "-f"]).ok();
    assert!(world.lab.nagaya(&["volume", "prune", "-af"]).output().ok().contains("db") && !file.exists());
}

/// Its number is somebody else's now: that one is left alone.
#[test]
fn somebody_elses_process_is_left_alone() {
    let world = World::new();
    let stranger = world.lab.program("sleep").args(["1000"]).start();
    let pid = stranger.pid();
    let start: u64 = fields(pid.into())[19].parse().expect("a number");
    let impersonate = || {
        ready(&world);
        pull_the_plug(&world);
        edit(&world.folder().join("state.json"), |state| state["pid"] = json!(pid));
        edit(&run_folder(&world).join("state.json"), |state| {
            (state["pid"], state["pidStart"]) = (json!(pid), json!(start));
        });
    };
    for verb in [&["rm", "-f"][..], &["stop"], &["kill"]] {
        impersonate();
        begin_anew(&world);
        let _ = world.command(verb);
        let _ = world.command(&["rm", "-f"]);
        assert!(stranger.runs(), "{verb:?}");
    }
    // Of this boot, but with another start: it got the number since.
    impersonate();
    edit(&run_folder(&world).join("state.json"), |state| state["pidStart"] = json!(start + 1));
    world.command(&["rm", "-f"]).ok();
    assert!(stranger.runs());
    // The control: number, start and boot together are who is meant.
    impersonate();
    world.command(&["rm", "-f"]).ok();
    assert_eq!(stranger.finish().code, 137);
}
