//! The machine's clock jumps, and times that were written down lie in the future, or behind what followed them. Ages are
//! never less than nothing, nothing panics, and no wait is for a time of day.

use std::fs;
use std::path::PathBuf;

use lab::{Nagaya, Output, fails};
use serde_json::Value;

use crate::world::World;

/// Long ago, far away, and no time at all.
const ODD: [&str; 6] = [
    "1970-01-01T00:00:00Z",
    "2100-01-01T00:00:00.5Z",
    "9999-12-31T23:59:59.999999999Z",
    "2100-01-01T00:00:00+99:99",
    "+9223372036854775807",
    "no time",
];

fn change(world: &World, file: &str, change: impl FnOnce(&mut Value)) {
    let path = world.folder().join(file);
    let mut value: Value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
    change(&mut value);
    fs::write(&path, value.to_string()).expect("a file");
}

#[track_caller]
fn is_sensible(output: &Output) {
    output.no_crash();
    let said = format!("{}{}", output.stdout, output.stderr);
    let negative = said.split([' ', '"', ':']).any(|word| {
        word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    });
    assert!(!negative && !said.contains("panicked"), "{output:?}");
}

/// What people look at, of one container.
fn look(world: &World) -> String {
    let of_it: [&[&str]; 6] =
        [&["inspect"], &["why"], &["timeline"], &["logs", "-t"], &["logs", "--since", "1h"], &["top"]];
    for words in of_it {
        is_sensible(&world.command(words));
    }
    let all: [&[&str]; 4] = [
        &["ps", "-a", "--format", "json"],
        &["system", "df"],
        &["events", "--since", "1h", "--until", "0s"],
        &["image", "prune", "-f", "--filter", "until=100000h"],
    ];
    for words in all {
        is_sensible(&world.lab.nagaya(words).output());
    }
    let status = world.lab.nagaya(&["ps", "-a", "--format", "{{.Status}}|{{.RunningFor}}"]).output();
    is_sensible(&status);
    status.ok()
}

#[test]
fn times_that_cannot_be_are_shown_as_what_they_can_be() {
    let world = World::new();
    world.run();
    change(&world, "state.json", |state| state["started"] = "2100-01-01T00:00:00Z".into());
    change(&world, "container.json", |record| record["created"] = "2100-01-01T00:00:00Z".into());
    assert_eq!(look(&world), "Up Less than a second|Less than a second ago\n");
    for started in ODD {
        change(&world, "state.json", |state| state["started"] = started.into());
        look(&world);
    }
    world.command(&["stop"]).ok();
    change(&world, "state.json", |state| {
        (state["started"], state["finished"]) =
            ("2026-01-02T00:00:00Z".into(), "2026-01-01T00:00:00Z".into());
    });
    let said = look(&world);
    assert!(said.starts_with("Exited (7) ") && said.contains(" ago|Less than a second ago"), "{said}");
    for finished in ODD {
        change(&world, "state.json", |state| state["finished"] = finished.into());
        change(&world, "container.json", |record| record["created"] = finished.into());
        look(&world);
    }
    // It is none the worse for it.
    world.command(&["start"]).ok();
    lab::until("it runs", || world.status() == "running");
    assert_eq!((world.contradiction(), world.left_after_rm()), (None, vec![]));
}

/// Lines of a log, the clock having been put back by hours between them, and forth again.
#[test]
fn a_log_goes_on_when_the_clock_jumps() {
    let world = World::new();
    world.run();
    world.command(&["stop"]).ok();
    let line = |hour: u32, text: &str| {
        format!(
            "{{\"log\":\"{text}\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T{hour:02}:00:00.000000000Z\"}}\n"
        )
    };
    let lines = [(10, "a"), (12, "b"), (8, "c"), (11, "d")].map(|(hour, text)| line(hour, text));
    let log: PathBuf = world.folder().join("container.log");
    fs::write(&log, lines.concat()).expect("a log");
    let logs = |words: &[&str]| world.command(&[&["logs"], words].concat()).ok().replace('\n', "");
    assert_eq!(logs(&[]), "abcd");
    assert_eq!(logs(&["-n", "2"]), "cd");
    assert_eq!(logs(&["--since", "2026-01-01T11:00:00Z"]), "bd");
    assert_eq!(logs(&["-f", "--since", "2026-01-01T11:00:00Z"]), "bd");
    // Times that no clock shows.
    for far in ["99999999999999", "9223372036854775807"] {
        assert_eq!((logs(&["--since", far]), logs(&["--until", far])), (String::new(), "abcd".to_string()));
        world.lab.nagaya(&["events", "--since", far, "--until", "0s"]).output().ok();
        world.lab.nagaya(&["image", "prune", "-f", "--filter", &format!("until={far}")]).output().ok();
    }
    fails(world.command(&["logs", "--since", "99999999999999999999"]), 1, &["failed to parse value as time"]);
}

/// Seconds of which there are not so many are for ever, and not the end of who counts them.
#[test]
fn waits_without_end_end_with_the_container() {
    const MOST: &str = "9223372036854775807";
    let world = World::new();
    let options =
        ["run", "-d", "--stop-timeout", MOST, "--health-cmd", "false", "--health-on-failure", "stop"];
    let often = ["--health-retries", "1", "--health-interval", "50ms", "--health-timeout", "2562047h"];
    world.call(&world.words(&[&options[..], &often].concat(), crate::world::WAITS)).output().ok();
    // Its monitor stops it, and then waits for as long.
    lab::until("it has stopped", || world.status() == "exited");
    assert_eq!(world.state().expect("its state")["ExitCode"], 7);
    world.command(&["rm"]).ok();
    world.call(&world.words(&["run", "-d", "--stop-timeout", MOST], crate::world::WAITS)).output().ok();
    let speaks = |times| world.command(&["logs"]).stdout.matches("ready").count() == times;
    for (times, end) in (1..).zip([&["stop", "-t", MOST] as &[&str], &["restart", "-t", MOST], &["stop"]]) {
        lab::until("it is ready", || speaks(times));
        world.command(end).ok();
        if end[0] == "stop" {
            assert_eq!(world.state().expect("its state")["ExitCode"], 7, "{end:?}");
            world.command(&["start"]).ok();
        }
    }
}
