//! Commands about networks, killed at their system calls: the next command takes back what is left.

use std::fs;

use lab::Call;

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
    let text = fs::read_to_string(&trace).expect("the trace");
    let mut points: Vec<(String, usize)> = Vec::new();
    for line in text.lines() {
        // `PID name(...`: what goes on again is no call of its own.
        let Some(name) =
            line.split_whitespace().nth(1).and_then(|word| word.split_once('(')).map(|(name, _)| name)
        else {
            continue;
        };
        let nth = points.iter().filter(|(other, _)| other == name).count() + 1;
        points.push((name.to_string(), nth));
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
    let (kernel, elements) = (world.kernel(), world.elements());
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

#[test]
fn network_commands_killed() {
    let world = World::new();
    world.fine(&["network", "create", "two"]);
    world.fine(&["network", "rm", "two"]);
    let (kernel, elements) = (world.kernel(), world.elements());
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
