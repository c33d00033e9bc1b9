//! Monitors that are killed at any of their system calls, or of which a call fails: no exit code is lost.

use std::fs;
use std::time::Duration;

use lab::{Nagaya, Pty, engine};
use rustix::process::Signal;

use crate::cut_off_commands::ready;
use crate::points::{Point, Wrong, at, at_process, chosen, points_of};
use crate::world::{WAITS, World, is_gone, send};

const POINTS: usize = 40;

/// Where the monitor is while its program ends, and what goes wrong there.
fn at_each_end(wrong: Wrong, options: &[&str], check: impl Fn(&World) -> Option<String>) {
    let world = World::new();
    let run = || {
        let verb = [&["run", "-d"], options].concat();
        world.call(&world.words(&verb, WAITS)).output().ok();
        lab::until("it is ready", || world.command(&["logs"]).stdout.contains("ready"));
    };
    let stop = || {
        let stopped = world.command(&["stop"]);
        let gone = stopped.stderr.contains("No such container");
        assert!(stopped.code == 0 || gone, "{stopped:?}");
    };
    run();
    let points = chosen(points_of(world.monitor(), &world.lab, stop), wrong, POINTS);
    assert_eq!(world.left_after_rm(), [""; 0]);
    let (mut hit, mut failures) = (0, Vec::new());
    for point in &points {
        run();
        hit += usize::from(at_process(world.monitor(), &world.lab, point, wrong, stop));
        failures.extend(check(&world).map(|why| format!("at {point}: {why}")));
        failures.extend(world.contradiction().map(|why| format!("at {point}: {why}")));
        let left = world.left_after_rm();
        failures.extend((!left.is_empty()).then(|| format!("at {point}: {left:?}")));
    }
    assert!(failures.is_empty(), "{wrong:?} {options:?}: {failures:#?}");
    let line = format!("monitor, {wrong:?} {options:?}: {} points, {hit} hit\n", points.len());
    assert!(std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).is_ok());
    assert!(hit > 5, "{line}");
}

/// Its end is known: by the one who was killed, or by who took over.
fn code_7(world: &World) -> Option<String> {
    let state = world.state();
    let fine = state.as_ref().is_some_and(|state| state["ExitCode"] == 7 && state["Status"] == "exited");
    (!fine).then(|| format!("{state:?}"))
}

#[test]
fn killed_while_its_program_ends() {
    at_each_end(Wrong::Killed, &[], code_7);
}

#[test]
fn calls_that_fail_while_its_program_ends() {
    at_each_end(Wrong::Fails("EIO"), &[], code_7);
    at_each_end(Wrong::Fails("ENOSPC"), &[], code_7);
}

#[test]
fn killed_while_it_removes_its_container() {
    at_each_end(Wrong::Killed, &["--rm"], |world| {
        // Whoever finishes that may be at it still.
        lab::until("it is gone", || world.status().is_empty());
        None
    });
}

/// Everything that a start consists of: the monitor, its keeper, and the container's first process are killed, each at its
/// own call of that number.
#[test]
fn all_of_a_start_killed() {
    let world = World::new();
    let call = || world.call(&world.words(&["run", "-d"], "echo out; exit 7"));
    let trace = world.lab.folder().join("trace");
    let traced = call().under(["strace", "-f", "-o", trace.to_str().expect("a path of ours")]).output();
    assert_eq!(traced.code, 0, "{traced:?}");
    assert_eq!(world.left_after_rm(), [""; 0]);
    let points = chosen(of_all(&trace), Wrong::Killed, 80);
    let (mut ended, mut not_begun, mut failures) = (0, 0, Vec::new());
    for point in &points {
        let (output, _) = at(call(), &world.lab, point, Wrong::Killed, &["-f"]);
        let state = world.state();
        failures.extend(world.contradiction().map(|why| format!("at {point}: {why}; {output:?}")));
        let status = state.as_ref().map_or("", |state| state["Status"].as_str().expect("a word"));
        ended += usize::from(status == "exited");
        not_begun += usize::from(status != "exited");
        let code = state.as_ref().map_or(0, |state| state["ExitCode"].as_i64().expect("a number"));
        let said = state.as_ref().map_or("", |state| state["Error"].as_str().expect("a text"));
        // The program's own; that of one who was killed; or nobody has seen it, and says so.
        let known = status != "exited" || [7, 137].contains(&code) || !said.is_empty();
        failures.extend((!known).then(|| format!("at {point}: {state:?}")));
        let left = world.left_after_rm();
        failures.extend((!left.is_empty()).then(|| format!("at {point}: {left:?}")));
    }
    assert!(failures.is_empty(), "{failures:#?}");
    let line = format!("start, killed at {} points: {ended} ran, {not_begun} did not\n", points.len());
    assert!(std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).is_ok());
    assert!(ended > 0 && not_begun > 0, "{line}");
}

/// Each point once that any process of a trace reaches, without what only the traced command's first process does.
fn of_all(trace: &std::path::Path) -> Vec<Point> {
    let text = fs::read_to_string(trace).expect("the trace");
    let (mut counts, mut all) = (std::collections::BTreeMap::new(), Vec::new());
    for line in text.lines() {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let nth = *counts.entry((pid, name)).and_modify(|nth| *nth += 1).or_insert(1_usize);
        let point = Point { name: name.to_string(), nth };
        if !all.contains(&point) {
            all.push(point);
        }
    }
    all
}

#[test]
fn its_keeper_takes_over_and_knows_the_end() {
    let world = World::new();
    ready(&world);
    let (monitor, keeper) = (world.monitor(), world.keeper().expect("its keeper"));
    // By their names people know them.
    let name = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).expect("a process").trim().to_string();
    assert_eq!([name(monitor), name(keeper)], ["nagaya-monitor", "nagaya-keeper"]);
    send(monitor, Signal::KILL);
    // Nobody looks: the keeper is told by the kernel.
    lab::until("another monitor", || world.written()["monitor"].as_i64() != Some(monitor));
    assert_eq!((world.monitor(), name(keeper)), (keeper, "nagaya-monitor".to_string()));
    assert_eq!(world.contradiction(), None);
    world.command(&["stop"]).ok();
    assert_eq!(code_7(&world), None);
    assert!(world.command(&["logs"]).ok().ends_with("bye\n"));
}

#[test]
fn whoever_ends_while_its_monitor_is_dead_has_ended_as_it_has() {
    let world = World::new();
    world.call(&world.words(&["run", "-d"], "while [ ! -e /go ]; do sleep 0.01; done; exit 7")).output().ok();
    let monitor = world.monitor();
    let keeper = world.keeper().expect("its keeper");
    // The keeper cannot do anything while the monitor is killed and the program ends.
    let hold = |signal| send(keeper, signal);
    let first = world.written()["pid"].as_i64().expect("a number");
    hold(Signal::STOP);
    world.lab.nagaya(&["exec", &world.name, "touch", "/go"]).output().ok();
    send(monitor, Signal::KILL);
    lab::until("its program has ended", || is_gone(first));
    hold(Signal::CONT);
    lab::until("its end is known", || world.written()["phase"] == "exited");
    let state = world.state().expect("its state");
    // It may have ended before its monitor did: then that has seen it.
    assert_eq!((state["ExitCode"].clone(), state["Error"].clone()), (7.into(), "".into()), "{state}");
}

#[test]
fn its_keeper_may_be_killed_too() {
    let world = World::new();
    ready(&world);
    let monitor = world.monitor();
    send(world.keeper().expect("its keeper"), Signal::KILL);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(world.contradiction(), None);
    assert_eq!(world.monitor(), monitor);
    world.command(&["stop"]).ok();
    assert_eq!(code_7(&world), None);
}

/// The terminal does not go with the monitor: what is typed later is heard, and what is printed is seen.
#[test]
fn a_terminal_outlives_its_monitor() {
    let world = World::new();
    let script = "echo ready; while read line; do echo got $line; [ $line != end ] || exit 7; done";
    world.call(&world.words(&["run", "-dit"], script)).output().ok();
    let monitor = world.monitor();
    send(monitor, Signal::KILL);
    lab::until("another monitor", || world.written()["monitor"].as_i64() != Some(monitor));
    let (mut pty, end) = Pty::open();
    let shell = ["--ctty", "--wait", "sh", "-c", "\"$@\" >&0 2>&0; echo code $?", "sh"];
    let call = world.lab.program("setsid").args(shell).arg(engine());
    let call = call.arg("--root").arg(world.lab.engine_root());
    let running = call.args(["attach", &world.name]).stdin(end).start();
    pty.write("hello\n");
    pty.read_until("got hello");
    pty.write("end\n");
    assert_eq!(running.finish().stdout, "code 7\n");
    assert_eq!(code_7(&world), None);
}

/// Killed again and again while its program fails and is started again.
#[test]
fn killed_while_it_starts_again() {
    let world = World::new();
    let script = "echo x; sleep 0.05; exit 3";
    world.call(&world.words(&["run", "-d", "--restart", "on-failure:6"], script)).output().ok();
    for _ in 0..3 {
        let monitor = world.monitor();
        send(monitor, Signal::KILL);
        lab::until("another monitor", || {
            // The next command finds one where both were killed.
            let _ = world.status();
            let state = world.written();
            state["monitor"].as_i64() != Some(monitor) || state["phase"] == "exited"
        });
    }
    lab::until("it has given up", || world.status() == "exited");
    assert_eq!(world.contradiction(), None);
    let state = world.state().expect("its state");
    assert!(state["ExitCode"] == 3 || state["Error"] != "", "{state}");
}
