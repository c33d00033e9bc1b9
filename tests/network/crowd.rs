//! More than there is room for at once, and some who behave badly: the others go on.

use std::fs;

use lab::{Call, Nagaya};

use crate::world::World;

/// Descriptors of the monitor's, and how many connections it carries over at once then: `crates/relay`.
const DESCRIPTORS: u32 = 640;
const ROOM: usize = (640 - 128) / 4;
/// So many more come.
const MORE: usize = 40;

/// A command by somebody who may have so many descriptors; a monitor that it starts may have no more.
fn with_descriptors(world: &World, words: &[&str]) -> Call {
    let under = ["prlimit".to_string(), format!("--nofile={DESCRIPTORS}:")];
    world.here.on(world.lab.nagaya(words).env("NAGAYA_NETWORK", "").under(under))
}

fn serve(world: &World, name: &str, options: &[&str]) {
    let script = world.lab.folder().join("crowd.py");
    fs::write(&script, include_str!("crowd.py")).expect("a script");
    let (own, mount) = (world.named(name), format!("{}:/crowd.py:ro", script.display()));
    let run = ["run", "-d", "--name", &own, "-v", &mount, "--ulimit", "nofile=4096"];
    let program = ["host", "/usr/bin/python3", "/crowd.py", "serve"];
    with_descriptors(world, &[&run[..], options, &program].concat()).output().ok();
    lab::until("it listens", || world.fine(&["logs", &own]).contains("ready"));
}

#[test]
fn more_connections_than_a_monitor_carries_over_wait_for_others() {
    let world = World::new();
    serve(&world, "web", &["--network", "bridge", "-p", "8080:80"]);
    let script = world.lab.folder().join("crowd.py");
    let come = |count: usize, wanted: usize| {
        let call = world.lab.program("/usr/bin/python3").arg(&script).args(["come", "127.0.0.1", "8080"]);
        world.here.on(call.args([count.to_string(), wanted.to_string()])).output().ok()
    };
    // All but four of those who are answered are heard again; and when half of them leave, all who wait have their turn.
    assert_eq!(come(ROOM + MORE, ROOM), format!("{ROOM} {} {MORE}\n", ROOM - 4));
    // The control: with room for all, nobody waits.
    assert_eq!(come(ROOM / 2, ROOM / 2), format!("{} {} 0\n", ROOM / 2, ROOM / 2 - 4));
    // Its monitor has other things to do as well.
    assert_eq!(world.fine(&["exec", &world.named("web"), "echo", "still here"]), "still here\n");
    world.fine(&["stop", "-t", "0", &world.named("web")]);
}

#[test]
fn who_says_half_a_question_keeps_nobody_from_names() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    serve(&world, "web", &["--network", "one"]);
    let web = world.named("web");
    let answers = world.fine(&["exec", &web, "/usr/bin/python3", "/crowd.py", "names", &web]);
    let address = &world.addresses("web", "one")[0];
    assert_eq!(answers.lines().collect::<Vec<_>>(), [address, address]);
}
