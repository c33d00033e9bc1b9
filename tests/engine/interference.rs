//! Others who meddle: they kill what is ours, mount in our folders, replace our program.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use lab::{Canary, Lab, Nagaya, apart, engine, fails};
use rustix::process::Signal;

use crate::cut_off_commands::ready;
use crate::world::{World, fields, is_gone, send};

#[test]
fn a_first_process_killed_from_outside() {
    let world = World::new();
    for (signal, code) in [(Signal::KILL, 137), (Signal::TERM, 7)] {
        ready(&world);
        send(world.written()["pid"].as_i64().expect("a number"), signal);
        lab::until("its end is known", || world.written()["phase"] == "exited");
        assert_eq!(world.state().expect("its state")["ExitCode"], code);
        assert_eq!((world.contradiction(), world.left_after_rm()), (None, vec![]));
    }
}

/// Who sends a monitor away has sent nobody else away.
#[test]
fn a_monitor_that_is_asked_to_end() {
    let world = World::new();
    ready(&world);
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::USR1] {
        let monitor = world.monitor();
        send(monitor, signal);
        // Another one comes by itself or with the next command.
        lab::until("another monitor, or the same", || {
            let _ = world.status();
            world.monitor() != monitor || !is_gone(monitor)
        });
        assert_eq!((world.contradiction(), world.status()), (None, "running".to_string()), "{signal:?}");
    }
    world.command(&["stop"]).ok();
    assert_eq!(world.state().expect("its state")["ExitCode"], 7);
}

/// `kill` is over when the program is, also while nobody watches that yet: another command is just taking it over.
#[test]
fn a_kill_waits_for_who_takes_over() {
    let world = World::new();
    ready(&world);
    let lock = fs::File::open(world.folder().join("lock")).expect("its lock");
    world.kill_monitors();
    lock.lock().expect("the lock");
    let kill = world.lab.nagaya(&["kill", &world.name]).start();
    std::thread::sleep(Duration::from_millis(200));
    // It has begun: nobody wants the program back. And it has not gone before it can tell that the program has ended.
    assert!(world.folder().join("stopped").exists() && kill.runs());
    lock.unlock().expect("the lock");
    kill.finish().ok();
    assert_eq!((world.contradiction(), world.status()), (None, "exited".to_string()));
}

/// A monitor that is held still holds nobody up but itself; what is printed meanwhile waits.
#[test]
fn a_monitor_that_is_held_still() {
    let world = World::new();
    let script = "trap 'exit 7' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done";
    world.call(&world.words(&["run", "-d"], script)).output().ok();
    let monitor = world.monitor();
    send(monitor, Signal::STOP);
    for _ in 0..5 {
        assert_eq!((world.contradiction(), world.status()), (None, "running".to_string()));
        world.lab.nagaya(&["exec", &world.name, "sleep", "0.1"]).output().ok();
    }
    send(monitor, Signal::CONT);
    world.command(&["stop"]).ok();
    let all: Vec<u32> =
        world.command(&["logs"]).ok().lines().map(|line| line.parse().expect("a number")).collect();
    assert!(all.len() > 20 && all.iter().zip(1..).all(|(seen, expected)| *seen == expected), "{all:?}");
}

/// A program ends while its monitor is stopped: whoever looks is told so, and `rm -f` lets the monitor go on.
#[test]
fn one_whose_monitor_is_stopped_is_removed() {
    for (with_keeper, signal) in [(false, Signal::STOP), (true, Signal::STOP), (true, Signal::KILL)] {
        let world = World::new();
        world.run();
        let (monitor, keeper) = (world.monitor(), world.keeper().expect("a keeper"));
        if with_keeper {
            send(keeper, Signal::STOP);
            lab::until("it is stopped", || fields(keeper)[0] == "T");
        }
        send(monitor, signal);
        lab::until("it is stopped", || is_gone(monitor) || fields(monitor)[0] == "T");
        let program = world.written()["pid"].as_i64().expect("a number");
        send(program, Signal::KILL);
        lab::until("it has ended", || is_gone(program));
        // Nobody has written that down, or nothing of this was tested.
        assert_eq!(world.written()["phase"], "running");
        let state = world.state().expect("its state");
        let error = state["Error"].as_str().expect("a text");
        assert_eq!(state["Status"], "exited", "{state}");
        assert_eq!(error.contains("is stopped"), signal == Signal::STOP, "{error}");
        assert_eq!(world.left_after_rm(), [""; 0]);
    }
}

/// A program that runs is ended as well while its monitor is stopped, by each command that ends it.
#[test]
fn who_waits_for_an_end_wakes_the_monitor() {
    for command in [&["stop"] as &[&str], &["kill"], &["rm", "-f"]] {
        let world = World::new();
        world.run();
        let monitor = world.monitor();
        send(monitor, Signal::STOP);
        lab::until("it is stopped", || fields(monitor)[0] == "T");
        world.command(command).ok();
        assert_eq!(world.contradiction(), None);
        assert_ne!(world.status(), "running", "{command:?}");
    }
}

/// The program is replaced by another version while containers run.
#[test]
fn our_program_is_replaced() {
    let world = World::new();
    let own = world.lab.folder().join("bin/nagaya");
    fs::create_dir(own.parent().expect("a folder")).expect("a folder");
    let install = || {
        let new = own.with_extension("new");
        // By another process: one that is started meanwhile would have it open for writing.
        world.lab.program("cp").arg(engine()).arg(&new).output().ok();
        fs::rename(&new, &own).expect("another one in its place");
    };
    install();
    let call =
        |words: &[String]| world.lab.program(&own).arg("--root").arg(world.lab.engine_root()).args(words);
    call(&world.words(&["run", "-d"], crate::world::WAITS)).output().ok();
    install();
    let word = |words: &[&str]| {
        words.iter().chain([&world.name.as_str()]).map(ToString::to_string).collect::<Vec<_>>()
    };
    call(&word(&["inspect"])).output().ok();
    let monitor = world.monitor();
    send(monitor, Signal::KILL);
    lab::until("another monitor", || world.monitor() != monitor);
    // The other one begins from what is on the disk.
    world.kill_monitors();
    fs::remove_file(&own).expect("no program any more");
    install();
    call(&word(&["exec"])).args(["true"]).output().ok();
    call(&word(&["stop"])).output().ok();
    assert_eq!(world.state().expect("its state")["ExitCode"], 7);
    assert_eq!((world.contradiction(), world.left_after_rm()), (None, vec![]));
}

/// What is mounted in a container's folder is not removed with it, nor is what links lead to.
#[test]
fn nothing_mounted_is_removed() {
    apart(|| {
        let world = World::in_lab(Lab::new());
        let canary = Canary::new(&world.lab);
        world.create();
        let inside = world.folder().join("changes");
        fs::create_dir_all(inside.join("deep/mounted")).expect("folders");
        symlink(canary.folder(), inside.join("deep/link")).expect("a link");
        let at = inside.join("deep/mounted");
        let mount = |words: &[&str]| {
            let output = Command::new(words[0]).args(&words[1..]).arg(&at).output().expect("a program");
            assert!(output.status.success(), "{output:?}");
        };
        mount(&["mount", "--bind", canary.folder().to_str().expect("a path")]);
        let away = world.folder().with_extension("gone");
        let away = away.join("changes/deep/mounted");
        fails(world.command(&["rm", "-f"]), 1, &["something is mounted there", "hint: "]);
        canary.unharmed();
        // It is out of sight, and what is mounted went along.
        assert_eq!(world.status(), "");
        let output = Command::new("umount").arg(&away).output().expect("umount");
        assert!(output.status.success(), "{output:?}");
        // The control: nothing is mounted any more, so the next command removes it.
        assert_eq!(world.left_after_rm(), [""; 0]);
        canary.unharmed();
    });
}

/// As many processes as it may have, held still as well: they are gone with it.
#[test]
fn a_bomb_is_removed() {
    let world = World::new();
    let script = "i=0; while [ $i -lt 150 ]; do sleep 1000 & i=$((i+1)); done; echo full; wait";
    for pause in [false, true] {
        world.call(&world.words(&["run", "-d", "--pids-limit", "200"], script)).output().ok();
        lab::until("it has all of them", || world.command(&["logs"]).stdout.contains("full"));
        if pause {
            world.command(&["pause"]).ok();
        }
        assert_eq!(world.left_after_rm(), [""; 0]);
    }
    let bomb = ": () { :|:& }; :";
    world.call(&world.words(&["run", "-d", "--pids-limit", "100"], bomb)).output().ok();
    assert_eq!(world.left_after_rm(), [""; 0]);
}

/// Something else in the place of a log.
#[test]
fn a_log_that_is_none() {
    let world = World::new();
    world.create();
    let log = world.folder().join("container.log");
    for (what, make) in [
        (
            "a pipe",
            (|log| {
                rustix::fs::mknodat(rustix::fs::CWD, log, rustix::fs::FileType::Fifo, 0o600.into(), 0)
                    .expect("a pipe");
            }) as fn(&std::path::Path),
        ),
        ("a folder", |log| fs::create_dir(log).expect("a folder")),
        ("a link", |log| symlink("/dev/zero", log).expect("a link")),
    ] {
        make(&log);
        fails(world.command(&["start"]), 1, &["open the log", "container.log"]);
        assert_eq!((world.contradiction(), world.status()), (None, "created".to_string()), "{what}");
        let removed = if log.is_dir() { fs::remove_dir(&log) } else { fs::remove_file(&log) };
        removed.expect(what);
    }
    // While it runs it may go, and the program does not mind.
    world.command(&["start"]).ok();
    lab::until("it is ready", || world.command(&["logs"]).stdout.contains("ready"));
    fs::remove_file(&log).expect("its log");
    world.command(&["stop"]).ok();
    assert_eq!(world.state().expect("its state")["ExitCode"], 7);
}

/// A monitor without a descriptor for whoever comes has them wait, and does not ask for one all the time.
#[test]
fn a_monitor_without_descriptors() {
    let world = World::new();
    ready(&world);
    let monitor = world.monitor();
    let limit = |soft: usize| {
        let limit = format!("--nofile={soft}:");
        world.lab.program("prlimit").args([&limit, "--pid", &monitor.to_string()]).output().ok();
    };
    let is_free = |number: &usize| !std::path::Path::new(&format!("/proc/{monitor}/fd/{number}")).exists();
    limit((0..1024).find(is_free).expect("a number"));
    let wait = world.lab.nagaya(&["wait", &world.name]).start();
    // How often it asks in a second. Without its pauses it did so 3,453 times here.
    let trace = world.lab.folder().join("accepted");
    let strace = ["1", "strace", "-qq", "-e", "trace=accept,accept4", "-o"];
    let call = world.lab.program("timeout").args(strace).arg(&trace).args(["-p", &monitor.to_string()]);
    let _ = call.output();
    let asked = fs::read_to_string(&trace).expect("the trace").lines().count();
    assert!((1..100).contains(&asked) && wait.runs(), "it asked {asked} times");
    limit(1024);
    world.command(&["kill"]).ok();
    assert_eq!(wait.finish().ok(), "137\n");
}
