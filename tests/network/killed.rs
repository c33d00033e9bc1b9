//! Commands about networks, killed at their system calls: the next command takes back what is left.

use std::collections::BTreeMap;
use std::fs;

use lab::{Call, Nagaya};

use crate::world::World;

/// At most so many points of each command.
const POINTS: usize = 40;

/// System calls that make or remove something, and those around them.
const CALLS: &str = "mkdir,rename,openat,write,flock,unlink,unlinkat,rmdir,symlink,link,clone,clone3,vfork,socket,bind,sendto,\
                     recvfrom,execve";

/// All calls of these that a command and its children make, by name and which of that name it is.
fn points(world: &World, call: Call) -> Vec<(String, usize)> {
    let trace = world.lab.folder().join("trace");
    let filter = format!("trace={CALLS}");
    let _ = call.under(["strace", "-f", "-o", trace.to_str().expect("a path"), "-e", &filter]).output();
    traced(&fs::read_to_string(&trace).expect("the trace"))
}

/// strace counts for each process: which call of a name it is for whoever makes most of them.
fn traced(text: &str) -> Vec<(String, usize)> {
    let mut points: Vec<(String, usize)> = Vec::new();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in text.lines() {
        // `PID name(...`: what goes on again is no call of its own.
        let mut words = line.split_whitespace();
        let (Some(process), Some(word)) = (words.next(), words.next()) else { continue };
        let Some((name, _)) = word.split_once('(') else { continue };
        let nth = counts.entry((process.to_string(), name.to_string())).or_default();
        *nth += 1;
        let point = (name.to_string(), *nth);
        if !points.contains(&point) {
            points.push(point);
        }
    }
    points
}

/// Kills a command, or whoever works for it, at its points; `after` looks at what it has left. How often it was hit.
fn kill_everywhere(world: &World, before: impl Fn(), call: impl Fn() -> Call, after: impl Fn(&str)) -> usize {
    before();
    let all = points(world, call());
    after("not killed");
    let mut hit = 0;
    for (name, nth) in all.iter().step_by(all.len().div_ceil(POINTS)) {
        before();
        let inject = format!("inject={name}:signal=KILL:when={nth}");
        let killed = call().under(["strace", "-f", "-o", "/dev/null", "-e", &inject]).output();
        hit += usize::from(killed.code == 137);
        after(&format!("killed at {name} {nth}: {killed:?}"));
    }
    hit
}

/// What a network namespace has, when nothing is connected.
fn nothing_is_left(world: &World, kernel: &str, point: &str) {
    let ids = world.fine(&["ps", "-aq"]);
    let ids: Vec<_> = ids.split_whitespace().collect();
    if !ids.is_empty() {
        let _ = world.nagaya(&["rm", "-f", "-v"]).args(&ids).output();
    }
    assert_eq!(world.connections(), [""; 0], "{point}");
    // The kernel takes a moment to end a namespace that nobody is in.
    let mut now = String::new();
    let same = lab::within(std::time::Duration::from_secs(10), || {
        now = world.kernel();
        now == kernel
    });
    assert!(same, "{point}: {now}, expected {kernel}");
}

#[test]
fn run_killed() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.fine(&["run", "--rm", "--name", &world.named("a"), "--network", "one", "host", "true"]);
    let (kernel, elements) = (world.idle_kernel(), world.elements());
    let name = world.named("a");
    let call = || {
        world.nagaya(&[
            "run",
            "--rm",
            "--name",
            &name,
            "--network",
            "one",
            "--network-alias",
            "x",
            "-p",
            "8080:80",
            "host",
            "true",
        ])
    };
    let hit = kill_everywhere(
        &world,
        || (),
        call,
        |point| {
            nothing_is_left(&world, &kernel, point);
            assert_eq!(world.elements(), elements, "{point}");
            // The same can be had at once.
            call().output().ok();
        },
    );
    assert!(hit > 0, "never killed");
}

/// Whoever makes the container, and connects it: its monitor, and its first process until it is the program.
#[test]
fn monitor_killed() {
    let world = World::new();
    let script = world.lab.folder().join("monitor.py");
    fs::write(&script, include_str!("monitor.py")).expect("a script");
    world.fine(&["network", "create", "one"]);
    world.fine(&[
        "run",
        "--rm",
        "--name",
        &world.named("a"),
        "--network",
        "one",
        "--network",
        "bridge",
        "host",
        "true",
    ]);
    let (kernel, elements) = (world.idle_kernel(), world.elements());
    let name = world.named("a");
    let root = world.lab.engine_root();
    let create = || {
        let options = ["create", "--name", &name, "--network", "one", "--network", "bridge", "-p", "8080:80"];
        world.nagaya(&options).args(["host", "true"]).output().ok().trim().to_string()
    };
    let monitor = |tracer: &[&str]| {
        let id = create();
        let call = world.lab.program("/usr/bin/python3").arg(&script).arg(&root).arg(id).args(tracer);
        world.here.on(call.arg(lab::engine())).output()
    };
    let trace = world.lab.folder().join("trace");
    let filter = format!("trace={CALLS}");
    let _ = monitor(&["strace", "-f", "-o", trace.to_str().expect("a path"), "-e", &filter]);
    world.fine(&["rm", &name]);
    let all = traced(&fs::read_to_string(&trace).expect("the trace"));
    let mut hit = 0;
    for (call, nth) in all.iter().step_by(all.len().div_ceil(2 * POINTS)) {
        let inject = format!("inject={call}:signal=KILL:when={nth}");
        let killed = monitor(&["strace", "-f", "-o", "/dev/null", "-e", &inject]);
        hit += usize::from(killed.code != 0);
        let point = format!("killed at {call} {nth}");
        // The next command, whatever it is.
        world.fine(&["ps"]);
        assert_eq!(world.connections(), [""; 0], "{point}");
        assert_eq!(world.elements(), elements, "{point}");
        nothing_is_left(&world, &kernel, &point);
    }
    // Whoever is in another's keeping is killed without that being told.
    assert!(hit > 3, "killed {hit} times only");
}

#[test]
fn network_commands_killed() {
    let world = World::new();
    world.fine(&["network", "create", "two"]);
    world.fine(&["network", "rm", "two"]);
    let (kernel, elements) = (world.idle_kernel(), world.elements());
    let create = || world.nagaya(&["network", "create", "--ipv6", "one"]);
    let is_there = || world.fine(&["network", "ls", "-q", "-f", "type=custom"]).lines().count();
    let clean = |point: &str| {
        // It is there, or it can be made.
        if is_there() == 0 {
            create().output().ok();
        }
        assert_eq!(is_there(), 1, "{point}");
        world.fine(&["run", "--rm", "--name", &world.named("a"), "--network", "one", "host", "true"]);
        world.fine(&["network", "rm", "one"]);
        assert_eq!(is_there(), 0, "{point}");
        nothing_is_left(&world, &kernel, point);
        assert_eq!(world.elements(), elements, "{point}");
    };
    let hit = kill_everywhere(&world, || (), create, clean);
    assert!(hit > 5, "killed {hit} times only");
    let before = || drop(create().output().ok());
    let hit = kill_everywhere(&world, before, || world.nagaya(&["network", "rm", "one"]), clean);
    assert!(hit > 5, "killed {hit} times only");
}
