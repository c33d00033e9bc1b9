//! Commands about networks, and the monitors that work for them, killed at their system calls: after the next command nothing is
//! half there, and the container can be removed without a trace.
//!
//! A process is killed before a call that makes, changes or removes something; what is between two of these leaves nothing else.
//! Of a command with more of them than there is time for, every n-th is tried, and each kind of call at least once; with
//! `NAGAYA_ALL_POINTS` set, all are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use lab::{Call, Nagaya};

use crate::points::{Point, Wrong, at, at_process, points, points_of};
use crate::world::{HERE, OUTSIDE, World};

/// A command about the container `a`, what is there before it, and how many of its points are tried.
struct Trial {
    before: fn(&World),
    words: &'static [&'static str],
    most: usize,
}

/// Its options: a network of both families, a name more, a port.
const RUN: &[&str] = &["run", "-d", "--network", "one", "--network-alias", "x", "-p", "8080:80"];

/// In a command's words: the container's name.
const NAME: &str = "NAME";

fn words(world: &World, words: &[&str]) -> Vec<String> {
    words.iter().map(|word| if *word == NAME { world.named("a") } else { (*word).to_string() }).collect()
}

fn call(world: &World, list: &[&str]) -> Call {
    world.nagaya(&[]).args(words(world, list))
}

/// It runs, on one network of two.
fn runs(world: &World) {
    call(world, &[RUN, &["--name", NAME, "host", "sleep", "1000"]].concat()).output().ok();
}

/// What is in a world once nothing is connected.
struct Idle {
    kernel: String,
    elements: String,
}

/// All but what the kernel adds by itself the first time that a bridge has a port.
fn kernel(world: &World) -> String {
    let now = world.kernel();
    now.lines().filter(|line| !line.contains("fe80:")).collect::<Vec<_>>().join("\n")
}

impl Idle {
    fn new(world: &World) -> Idle {
        for words in [&["one", "--ipv6"][..], &["two"]] {
            world.fine(&[&["network", "create"], words].concat());
        }
        // The default network is there from its first use on.
        world.fine(&["run", "--rm", "--network", "bridge", "host", "true"]);
        world.idle_kernel();
        Idle { kernel: kernel(world), elements: world.elements() }
    }
}

/// The command after the one that was killed, and what there is then: all of a connection, or nothing.
fn is_whole(world: &World, point: &str) {
    world.fine(&["ps", "-a"]);
    let mut wrong = None;
    // A monitor may be at it still; and the kernel takes a moment to end a namespace that nobody is in.
    let same = || {
        wrong = world.contradiction();
        wrong.is_none()
    };
    assert!(lab::within(Duration::from_secs(10), same), "{point}: {}", wrong.unwrap_or_default());
}

/// The same, and then nothing, once the container is removed.
fn is_taken_back(world: &World, idle: &Idle, point: &str) {
    is_whole(world, point);
    let _ = world.nagaya(&["rm", "-f", &world.named("a")]).output();
    let ids = world.fine(&["ps", "-aq"]);
    assert_eq!(ids, "", "{point}");
    assert_eq!(world.connections(), [""; 0], "{point}");
    assert_eq!(world.elements(), idle.elements, "{point}");
    let mut now = String::new();
    let same = || {
        now = kernel(world);
        now == idle.kernel
    };
    assert!(lab::within(Duration::from_secs(10), same), "{point}: {now}, expected {}", idle.kernel);
}

/// Those that change something, at most so many: every n-th, and what is missing of each kind.
fn some(all: Vec<Point>, most: usize) -> Vec<Point> {
    let changes: Vec<_> = all.into_iter().filter(Point::changes).collect();
    if std::env::var_os(crate::points::ALL).is_some() {
        return changes;
    }
    let step = changes.len().div_ceil(most).max(1);
    let mut chosen: Vec<_> = changes.iter().skip(step / 2).step_by(step).cloned().collect();
    let mut kinds: BTreeSet<_> = chosen.iter().map(|point| point.name.clone()).collect();
    // The last of its kind: others that come before it are likelier to be among the first.
    chosen.extend(changes.into_iter().rev().filter(|point| kinds.insert(point.name.clone())));
    chosen
}

/// How often somebody was killed, and where that was tried.
fn report(what: &str, hit: usize, points: &[Point]) {
    let line = format!("{what}: {} points, {hit} hit\n", points.len());
    assert!(std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).is_ok());
    assert!(hit * 2 > points.len(), "too few: {line}");
}

impl Trial {
    /// The command is killed.
    fn of_command(&self) {
        let world = World::new();
        let idle = Idle::new(&world);
        (self.before)(&world);
        let chosen = some(points(call(&world, self.words), &world.lab), self.most);
        is_taken_back(&world, &idle, "not killed");
        let mut hit = 0;
        for point in &chosen {
            (self.before)(&world);
            let (_, killed) = at(call(&world, self.words), &world.lab, point, Wrong::Killed, &[]);
            hit += usize::from(killed);
            is_taken_back(&world, &idle, &format!("{:?} killed at {point}", self.words));
        }
        report(&format!("{:?}", self.words), hit, &chosen);
    }

    /// The monitor is killed while the command has it work. It may fail for that; the next one does not.
    fn of_monitor(&self) {
        let world = World::new();
        let idle = Idle::new(&world);
        let work = || {
            let _ = call(&world, self.words).output();
            is_whole(&world, "its monitor was killed");
            // strace goes with the monitor.
            let _ = world.nagaya(&["rm", "-f", &world.named("a")]).output();
        };
        (self.before)(&world);
        let chosen = some(points_of(world.monitor("a"), &world.lab, work), self.most);
        is_taken_back(&world, &idle, "not killed");
        let mut hit = 0;
        for point in &chosen {
            (self.before)(&world);
            hit += usize::from(at_process(world.monitor("a"), &world.lab, point, Wrong::Killed, work));
            is_taken_back(&world, &idle, &format!("monitor killed at {point} during {:?}", self.words));
        }
        report(&format!("monitor during {:?}", self.words), hit, &chosen);
    }
}

fn nothing(_: &World) {}

fn has_ended(world: &World) {
    runs(world);
    call(world, &["stop", "-t", "0", NAME]).output().ok();
}

fn is_on_both(world: &World) {
    runs(world);
    call(world, &["network", "connect", "--alias", "y", "two", NAME]).output().ok();
}

fn has_two_ports(world: &World) {
    runs(world);
    call(world, &["update", "-p", "8081:80", NAME]).output().ok();
}

#[test]
fn run_killed() {
    let words = &[
        "run",
        "--rm",
        "--name",
        NAME,
        "--network",
        "one",
        "--network-alias",
        "x",
        "-p",
        "8080:80",
        "host",
        "true",
    ];
    Trial { before: nothing, words, most: 8 }.of_command();
}

#[test]
fn rm_killed() {
    Trial { before: has_ended, words: &["rm", NAME], most: 6 }.of_command();
    Trial { before: runs, words: &["rm", "-f", NAME], most: 6 }.of_command();
}

#[test]
fn monitor_killed_by_rm() {
    Trial { before: is_on_both, words: &["rm", "-f", NAME], most: 10 }.of_monitor();
}

#[test]
fn connect_killed() {
    Trial { before: runs, words: &["network", "connect", "--alias", "y", "two", NAME], most: 10 }
        .of_command();
    Trial { before: runs, words: &["network", "connect", "--alias", "y", "two", NAME], most: 4 }.of_monitor();
}

#[test]
fn disconnect_killed() {
    Trial { before: is_on_both, words: &["network", "disconnect", "two", NAME], most: 10 }.of_command();
    Trial { before: is_on_both, words: &["network", "disconnect", "two", NAME], most: 4 }.of_monitor();
}

#[test]
fn update_killed() {
    for (before, words) in [
        (runs as fn(&World), &["update", "-p", "8081:80", NAME][..]),
        (has_two_ports, &["update", "--publish-rm", "8081:80", NAME]),
    ] {
        Trial { before, words, most: 6 }.of_command();
        Trial { before, words, most: 6 }.of_monitor();
    }
}

/// Whoever makes the container, and connects it: its monitor, and its first process until it is the program.
#[test]
fn monitor_killed_by_start() {
    let world = World::new();
    let idle = Idle::new(&world);
    let script = world.lab.folder().join("monitor.py");
    fs::write(&script, include_str!("monitor.py")).expect("a script");
    let trace = world.lab.folder().join("trace");
    let start = |options: &[&str]| {
        let create = [
            "create",
            "--name",
            NAME,
            "--network",
            "one",
            "--network",
            "two",
            "-p",
            "8080:80",
            "host",
            "true",
        ];
        let id = call(&world, &create).output().ok();
        let call =
            world.lab.program("/usr/bin/python3").arg(&script).arg(world.lab.engine_root()).arg(id.trim());
        let strace = ["strace", "-f", "-qq", "-o", trace.to_str().expect("a path")];
        world.here.on(call.args(strace).args(options).arg(lab::engine())).output()
    };
    let _ = start(&[]);
    is_taken_back(&world, &idle, "not killed");
    let chosen = some(of_all(&fs::read_to_string(&trace).expect("the trace")), 30);
    let mut hit = 0;
    for point in &chosen {
        let (name, nth) = (&point.name, point.nth);
        let options = [format!("trace={name}"), format!("inject={name}:signal=KILL:when={nth}")];
        let _ = start(&["-e", &options[0], "-e", &options[1]]);
        hit += usize::from(fs::read_to_string(&trace).expect("the trace").contains("killed by SIGKILL"));
        is_taken_back(&world, &idle, &format!("killed at {point}"));
    }
    report("start", hit, &chosen);
}

/// Each point once that any process of a trace reaches: `PID name(...`. What goes on again is no call of its own.
fn of_all(trace: &str) -> Vec<Point> {
    let (mut counts, mut all) = (BTreeMap::new(), Vec::new());
    for line in trace.lines().filter(|line| !line.contains(crate::points::AGAIN)) {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        let nth = *counts.entry((pid, name)).and_modify(|nth| *nth += 1).or_insert(1_usize);
        let point = Point { name: name.to_string(), nth };
        if !all.contains(&point) {
            all.push(point);
        }
    }
    all
}

/// A network is there and can be used, or can be made; once it is removed, nothing of it is left.
fn can_be_used(world: &World, idle: &Idle, point: &str) {
    let is_there = || world.fine(&["network", "ls", "-q", "-f", "name=three"]).lines().count();
    if is_there() == 0 {
        world.fine(&["network", "create", "--ipv6", "three"]);
    }
    assert_eq!(is_there(), 1, "{point}");
    world.fine(&["run", "--rm", "--name", &world.named("a"), "--network", "three", "host", "true"]);
    world.fine(&["network", "rm", "three"]);
    is_taken_back(world, idle, point);
}

#[test]
fn network_commands_killed() {
    let world = World::new();
    let idle = Idle::new(&world);
    let create = ["network", "create", "--ipv6", "three"];
    let made = || drop(call(&world, &create).output().ok());
    for (before, words) in [(&(|| ()) as &dyn Fn(), &create[..]), (&made, &["network", "rm", "three"])] {
        before();
        let chosen = some(points(call(&world, words), &world.lab), 10);
        can_be_used(&world, &idle, "not killed");
        let mut hit = 0;
        for point in &chosen {
            before();
            let (_, killed) = at(call(&world, words), &world.lab, point, Wrong::Killed, &[]);
            hit += usize::from(killed);
            can_be_used(&world, &idle, &format!("{words:?} killed at {point}"));
        }
        report(&format!("{words:?}"), hit, &chosen);
    }
}

/// Such an interface has no other end on this machine that could be removed.
#[test]
fn an_interface_on_a_parent_goes_too() {
    let world = World::new();
    let create = ["network", "create", "-d", "macvlan", "-o", "parent=up0", "--subnet", "192.0.2.0/24"];
    world.fine(&[&create[..], &["--gateway", OUTSIDE[0], "--ip-range", "192.0.2.128/26", "lan"]].concat());
    world.fine(&["network", "create", "one"]);
    runs(&world);
    let links = || world.fine(&["exec", &world.named("a"), "ip", "-o", "link"]);
    let pid = world.fine(&["inspect", "-f", "{{.State.Pid}}", &world.named("a")]);
    let trace = world.lab.folder().join("trace");
    // nsenter(1) is the first who enters a network. `connect` does when the interface is there, `disconnect` when it is to go.
    let strace = ["strace", "-qq", "-o", trace.to_str().expect("a path"), "-e", "trace=setns"];
    for verb in ["disconnect", "connect"] {
        if verb == "disconnect" {
            world.fine(&["network", "connect", "lan", &world.named("a")]);
            assert!(links().contains("eth1"));
        }
        let inject = ["-e", "inject=setns:signal=KILL:when=2"];
        let killed = call(&world, &["network", verb, "lan", NAME]).under(strace.into_iter().chain(inject));
        assert_eq!(killed.output().code, 137);
        // The control: it is there, until the next command.
        let inside = world.lab.program("nsenter").args(["-t", pid.trim(), "-n", "ip", "-o", "link"]);
        assert!(inside.output().ok().contains("eth1"), "{verb}");
        assert!(!links().contains("eth1"), "{verb}: {}", links());
        assert_eq!(world.connections().iter().filter(|name| name.contains("192.0.2.")).count(), 0, "{verb}");
    }
}

/// One of two networks goes, and whoever did it is killed: what led through it leads through the other, and the port with it.
#[test]
fn a_disconnect_that_was_cut_off_is_finished() {
    let world = World::new();
    Idle::new(&world);
    let _outside = world.serve_on(&world.outside, "outside", "80");
    world.serve("a", &["--network", "one", "--network", "two", "-p", "8080:80"]);
    let targets = [format!("tcp/{}/8080", HERE[0]), format!("tcp/{}/80", OUTSIDE[0])];
    let answers = || {
        let from_outside = world.ask_from(&world.outside, &[&targets[0]]).remove(0);
        (from_outside.starts_with("a "), world.ask("a", &[&targets[1]])[0].starts_with("outside "))
    };
    assert_eq!(answers(), (true, true));
    let words = ["network", "disconnect", "one", NAME];
    // After it is written down: it enters the network of the container. nsenter(1) is the first who enters one.
    let trace = world.lab.folder().join("trace");
    let strace = ["strace", "-f", "-qq", "-o", trace.to_str().expect("a path"), "-e", "trace=setns"];
    let killed =
        call(&world, &words).under(strace.into_iter().chain(["-e", "inject=setns:signal=KILL:when=2"]));
    assert_eq!(killed.output().code, 137);
    world.fine(&["ps"]);
    assert_eq!(world.contradiction(), None);
    let networks = world.fine(&["inspect", "-f", "{{json .NetworkSettings.Networks}}", &world.named("a")]);
    assert!(networks.contains("\"two\"") && !networks.contains("\"one\""), "{networks}");
    assert_eq!(answers(), (true, true));
}
