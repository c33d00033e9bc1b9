//! Containers on a disk that is full or cannot be written to: what is said is so, and room is all that is needed.

use std::fs;

use lab::{Disk, Lab, Nagaya, apart, fails};
use rustix::mount::{MountFlags, UnmountFlags, mount_bind, mount_remount, unmount};

use crate::world::{WAITS, World};

/// A world whose engine is on a small disk.
fn on_a_disk(test: impl FnOnce(&World, &Disk) + Send) {
    apart(|| {
        let lab = Lab::new();
        let disk = Disk::new(&lab, 48);
        let world = World::in_lab(lab);
        test(&world, &disk);
        let _ = world.command(&["rm", "-f"]);
        drop(disk);
    });
}

#[test]
fn nothing_is_half_made_where_there_is_no_room() {
    on_a_disk(|world, disk| {
        let mut refused = 0;
        for room in [0, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 256 << 10] {
            let filler = disk.fill(room);
            let output = world.call(&world.words(&["run", "-d"], WAITS)).output();
            if output.code != 0 {
                refused += 1;
                fails(output, 125, &["no space left"]);
            }
            let wrong = world.contradiction();
            // What makes room needs none.
            let left = world.left_after_rm();
            fs::remove_file(filler).expect("what takes the room");
            disk.sync();
            assert_eq!((wrong, left), (None, Vec::new()), "{room} bytes left");
        }
        assert!(refused > 0, "the disk was never full");
        world.run();
        assert_eq!((world.contradiction(), world.status()), (None, "running".to_string()));
    });
}

/// It runs when the disk becomes full, prints more than there is room for, and ends: its end is known, the others live, and
/// what is in its log can be read.
#[test]
fn an_end_is_known_on_a_full_disk() {
    on_a_disk(|world, disk| {
        let lab = &world.lab;
        let other = format!("{}other", lab.name());
        lab.nagaya(&["run", "-d", "--name", &other, "box", "sleep", "1000"]).output().ok();
        let script = "trap 'echo bye; exit 7' TERM; echo first; read go < /fifo; seq 1 200000; while :; do sleep 1000 & wait; done";
        world.call(&world.words(&["create", "--log-opt", "max-size=-1"], script)).output().ok();
        world.command(&["start"]).ok();
        lab.nagaya(&["exec", &world.name, "mkfifo", "/fifo"]).output().ok();
        world.command(&["restart", "-t", "0"]).ok();
        let filler = disk.fill(16 << 10);
        lab.nagaya(&["exec", &world.name, "sh", "-c", "echo go > /fifo"]).output().ok();
        lab::until("it has printed", || {
            let size = fs::metadata(world.folder().join("container.log")).map_or(0, |file| file.len());
            size > 4000 && world.command(&["top"]).stdout.contains("sleep 1000")
        });
        world.command(&["stop"]).ok();
        let state = world.state().expect("its state");
        assert!(state["Status"] == "exited" && state["ExitCode"] == 7, "{state}");
        assert_eq!(world.contradiction(), None);
        lab.nagaya(&["exec", &other, "true"]).output().ok();
        let log = world.command(&["logs"]).ok();
        assert!(log.starts_with("first\n") && log.lines().count() < 200_000, "the disk was never full");
        fs::remove_file(filler).expect("what takes the room");
        disk.sync();
        // Each line of the log is one, those after the gap as well.
        world.command(&["start"]).ok();
        lab.nagaya(&["exec", &world.name, "sh", "-c", "echo go > /fifo"]).output().ok();
        lab::until("it has printed all", || world.command(&["logs", "--tail", "1"]).stdout == "200000\n");
        let log = fs::read_to_string(world.folder().join("container.log")).expect("its log");
        assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
        lab.nagaya(&["rm", "-f", &other]).output().ok();
        assert_eq!(world.left_after_rm(), [""; 0]);
    });
}

/// What a container fills is its own.
#[test]
fn a_container_that_fills_the_disk() {
    on_a_disk(|world, _| {
        world.run();
        let full = world.lab.nagaya(&["exec", &world.name, "sh", "-c", "cat /dev/zero > /big"]).output();
        assert!(full.code != 0 && full.stderr.contains("No space left"), "{full:?}");
        assert_eq!((world.contradiction(), world.status()), (None, "running".to_string()));
        world.command(&["stop", "-t", "1"]).ok();
        assert_eq!(world.state().expect("its state")["ExitCode"], 7);
        assert_eq!(world.left_after_rm(), [""; 0]);
        // It was all that was in the way.
        world.run();
    });
}

/// A folder that cannot be written to: all that only looks works, and what does not says so.
#[test]
fn a_folder_that_is_read_only() {
    on_a_disk(|world, disk| {
        let lab = &world.lab;
        world.run();
        disk.sync();
        // A view of it that is read-only, over it: files that somebody has open are as they were.
        let at = lab.engine_root();
        mount_bind(&at, &at).expect("a view of it");
        mount_remount(&at, MountFlags::BIND | MountFlags::RDONLY, "").expect("a read-only one");
        assert_eq!((world.contradiction(), world.status()), (None, "running".to_string()));
        for looks in [&["ps", "-a"][..], &["images"], &["volume", "ls"], &["system", "df"], &["info"]] {
            lab.nagaya(looks).output().ok();
        }
        assert!(world.command(&["logs"]).ok().starts_with("ready"));
        lab.nagaya(&["exec", &world.name, "true"]).output().ok();
        let root = lab.engine_root().display().to_string();
        let new = ["run", "-d", "--name", &format!("{}x", lab.name()), "box", "true"];
        fails(lab.nagaya(&new).output(), 125, &[&root, "read-only file system", "hint: "]);
        for verb in [&["stop"][..], &["rm", "-f"]] {
            fails(world.command(verb), 1, &["read-only file system"]);
        }
        // One that ends now is not said to run, even if nobody can write down how it has ended.
        let _ = lab.nagaya(&["exec", &world.name, "sh", "-c", "kill -TERM 1"]).output();
        lab::until("it has ended", || !world.lives());
        assert_eq!((world.contradiction(), world.status()), (None, "exited".to_string()));
        unmount(&at, UnmountFlags::DETACH).expect("the view");
        // Its monitor was waiting for that.
        lab::until("its end is known", || world.written()["phase"] == "exited");
        assert_eq!(world.state().expect("its state")["ExitCode"], 7);
        assert_eq!(world.left_after_rm(), [""; 0]);
    });
}
