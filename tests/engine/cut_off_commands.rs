//! Commands about containers, cut off anywhere: see `cut_off`.

use std::fs;

use lab::{Nagaya, Output};

use crate::cut_off::Trial;
use crate::points::Wrong;
use crate::world::{WAITS, World};

pub(crate) fn works(output: &Output) -> Result<(), String> {
    if output.code == 0 { Ok(()) } else { Err(format!("the next command: {output:?}")) }
}

const RUN: Trial = Trial {
    name: "run -d",
    before: |_| (),
    call: |world| world.call(&world.words(&["run", "-d"], WAITS)),
    // Its name is free, or it is there and is as it is said to be.
    after: |world, output| {
        if output.code == 0 && world.status() != "running" {
            return Err("it was said to run".to_string());
        }
        if output.code == 0 || world.status() == "running" { Ok(()) } else { again(world) }
    },
};

const CREATE: Trial = Trial {
    name: "create",
    before: |_| (),
    call: |world| world.call(&world.words(&["create"], WAITS)),
    after: |world, output| {
        if output.code == 0 && world.status() != "created" {
            return Err("it was said to be created".to_string());
        }
        again(world)
    },
};

/// It starts, or can be made.
fn again(world: &World) -> Result<(), String> {
    if world.status().is_empty() {
        return works(&world.call(&world.words(&["run", "-d"], WAITS)).output());
    }
    works(&world.command(&["start"]))
}

const START: Trial = Trial {
    name: "start",
    before: World::create,
    call: |world| world.lab.nagaya(&["start", &world.name]),
    after: |world, output| {
        if output.code == 0 && world.status() != "running" {
            return Err("it was said to run".to_string());
        }
        works(&world.command(&["start"]))?;
        if world.status() == "running" { Ok(()) } else { Err("it does not start".to_string()) }
    },
};

const STOP: Trial = Trial {
    name: "stop",
    before: ready,
    call: |world| world.lab.nagaya(&["stop", &world.name]),
    after: |world, output| {
        if output.code == 0 && world.status() != "exited" {
            return Err("it was said to be stopped".to_string());
        }
        works(&world.command(&["stop"]))?;
        has_code_7(world)
    },
};

/// It runs, and knows what to do when it is asked to end.
pub(crate) fn ready(world: &World) {
    world.run();
    lab::until("it is ready", || world.command(&["logs"]).stdout.contains("ready"));
}

/// No exit code is lost, nor what it said in the end.
pub(crate) fn has_code_7(world: &World) -> Result<(), String> {
    let state = world.state().ok_or("it is gone")?;
    let said = world.command(&["logs"]).stdout;
    let fine = state["Status"] == "exited"
        && state["ExitCode"] == 7
        && state["Error"] == ""
        && said.ends_with("bye\n");
    if fine { Ok(()) } else { Err(format!("{state}, {said:?}")) }
}

const RM: Trial = Trial {
    name: "rm -f",
    before: World::run,
    call: |world| world.lab.nagaya(&["rm", "-f", &world.name]),
    after: |world, output| {
        if output.code == 0 && !world.status().is_empty() {
            return Err("it was said to be removed".to_string());
        }
        Ok(())
    },
};

const COMMIT: Trial = Trial {
    name: "commit",
    before: |world| {
        world.run();
        world.lab.nagaya(&["exec", &world.name, "sh", "-c", "echo new > /new"]).output().ok();
    },
    call: |world| world.lab.nagaya(&["commit", &world.name, "made"]),
    after: |world, _| {
        // Nobody holds it still.
        works(&world.lab.nagaya(&["exec", &world.name, "true"]).output())?;
        let there = world.lab.nagaya(&["image", "inspect", "made"]).output().code == 0;
        if !there {
            works(&world.lab.nagaya(&["commit", &world.name, "made"]).output())?;
        }
        let seen = world
            .lab
            .nagaya(&["run", "--rm", "--name", &format!("{}2", world.name), "made", "cat", "/new"])
            .output();
        works(&world.lab.nagaya(&["rmi", "made"]).output())?;
        if seen.stdout == "new\n" { Ok(()) } else { Err(format!("{seen:?}")) }
    },
};

const COPY_IN: Trial = Trial {
    name: "cp into it",
    before: |world| {
        world.run();
        fs::write(world.lab.folder().join("file"), "x".repeat(100_000)).expect("a file");
    },
    call: |world| {
        let from = world.lab.folder().join("file").display().to_string();
        world.lab.nagaya(&["cp", &from, &format!("{}:/file", world.name)])
    },
    after: |world, output| {
        let length = || world.lab.nagaya(&["exec", &world.name, "stat", "-c", "%s", "/file"]).output().stdout;
        if output.code == 0 && length() != "100000\n" {
            return Err(format!("it was said to be copied: {:?}", length()));
        }
        works(&(COPY_IN.call)(world).output())?;
        if length() == "100000\n" { Ok(()) } else { Err(format!("copied again: {:?}", length())) }
    },
};

const COPY_OUT: Trial = Trial {
    name: "cp out of it",
    before: |world| {
        world.create();
        let _ = fs::remove_file(world.lab.folder().join("out"));
    },
    call: |world| {
        let to = world.lab.folder().join("out").display().to_string();
        world.lab.nagaya(&["cp", &format!("{}:/bin/busybox", world.name), &to])
    },
    after: |world, output| {
        let whole = fs::read(world.lab.folder().join("box/bin/busybox")).expect("a program");
        let copied = || fs::read(world.lab.folder().join("out")).unwrap_or_default() == whole;
        if output.code == 0 && !copied() {
            return Err("it was said to be copied".to_string());
        }
        works(&(COPY_OUT.call)(world).output())?;
        if copied() { Ok(()) } else { Err("it is not what it was".to_string()) }
    },
};

const EXEC: Trial = Trial {
    name: "exec",
    before: World::run,
    call: |world| world.lab.nagaya(&["exec", &world.name, "true"]),
    after: |world, _| works(&(EXEC.call)(world).output()),
};

#[test]
fn run_killed() {
    RUN.report(Wrong::Killed);
}

#[test]
fn run_with_calls_that_fail() {
    RUN.report(Wrong::Fails("EIO"));
    RUN.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn create_killed() {
    CREATE.report(Wrong::Killed);
}

#[test]
fn create_with_calls_that_fail() {
    CREATE.report(Wrong::Fails("EIO"));
    CREATE.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn start_killed() {
    START.report(Wrong::Killed);
}

#[test]
fn start_with_calls_that_fail() {
    START.report(Wrong::Fails("EIO"));
    START.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn stop_killed() {
    STOP.report(Wrong::Killed);
}

#[test]
fn stop_with_calls_that_fail() {
    STOP.report(Wrong::Fails("EIO"));
    STOP.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn rm_killed() {
    RM.report(Wrong::Killed);
}

#[test]
fn rm_with_calls_that_fail() {
    RM.report(Wrong::Fails("EIO"));
    RM.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn commit_killed() {
    COMMIT.report(Wrong::Killed);
}

#[test]
fn commit_with_calls_that_fail() {
    COMMIT.report(Wrong::Fails("EIO"));
    COMMIT.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn copy_in_killed() {
    COPY_IN.report(Wrong::Killed);
}

#[test]
fn copy_in_with_calls_that_fail() {
    COPY_IN.report(Wrong::Fails("EIO"));
    COPY_IN.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn copy_out_killed() {
    COPY_OUT.report(Wrong::Killed);
}

#[test]
fn copy_out_with_calls_that_fail() {
    COPY_OUT.report(Wrong::Fails("EIO"));
    COPY_OUT.report(Wrong::Fails("ENOSPC"));
}

#[test]
fn exec_killed() {
    EXEC.report(Wrong::Killed);
}

#[test]
fn exec_with_calls_that_fail() {
    EXEC.report(Wrong::Fails("EIO"));
    EXEC.report(Wrong::Fails("ENOSPC"));
}
