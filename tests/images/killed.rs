//! Commands for images are killed at any of their system calls, or a call fails: the store is sound, the same command
//! works, and nothing is lost.

use lab::{Disk, Lab, apart};

use crate::injected::{self, Wrong};
use crate::trial::{Sources, Trial};

/// So many points of each command.
const POINTS: usize = 30;

/// How often something went wrong, and how often something was half done then.
#[derive(Debug, Default)]
struct Seen {
    points: usize,
    hit: usize,
    half_done: usize,
    failures: Vec<String>,
}

fn everywhere(verb: &str, wrong: Wrong) -> Seen {
    let mut seen = Seen::default();
    apart(|| {
        let lab = Lab::new();
        let from = Sources::new(&lab);
        let disk = Disk::new(&lab, 64);
        let trial = Trial::new(&lab, &disk, &from, verb, "index");
        let points = injected::chosen(trial.points(), wrong, POINTS);
        for (number, point) in points.iter().enumerate() {
            trial.begin();
            let output = injected::at(trial.call(), point, wrong);
            output.no_crash();
            seen.hit += usize::from(output.code != 0);
            seen.half_done += usize::from(trial.is_half_done());
            let unsound = trial.unsound(output.code == 0, number % 8 == 0);
            seen.failures.extend(unsound.map(|why| format!("at {point}: {why}; the command: {output:?}")));
        }
        seen.points = points.len();
    });
    seen
}

fn report(verb: &str, wrong: Wrong) {
    let seen = everywhere(verb, wrong);
    assert!(seen.failures.is_empty(), "{verb}, {wrong:?}: {:#?}", seen.failures);
    let line = format!("{verb}, {wrong:?}: {seen:?}\n");
    assert!(std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).is_ok());
    assert!(seen.hit > 8, "too few: {line}");
    // Who is killed cannot clean up.
    assert!(
        wrong != Wrong::Killed || seen.half_done > 3,
        "nothing was half done, so nothing was proven: {line}"
    );
}

const EIO: Wrong = Wrong::Fails("EIO");
const ENOSPC: Wrong = Wrong::Fails("ENOSPC");

#[test]
fn pull_killed() {
    report("pull", Wrong::Killed);
}

#[test]
fn load_killed() {
    report("load", Wrong::Killed);
}

#[test]
fn tag_killed() {
    report("tag", Wrong::Killed);
}

#[test]
fn rmi_killed() {
    report("rmi", Wrong::Killed);
}

#[test]
fn prune_killed() {
    report("prune", Wrong::Killed);
}

#[test]
fn pull_with_calls_that_fail() {
    report("pull", EIO);
    report("pull", ENOSPC);
}

#[test]
fn load_with_calls_that_fail() {
    report("load", EIO);
    report("load", ENOSPC);
}

#[test]
fn others_with_calls_that_fail() {
    for verb in ["tag", "rmi", "prune"] {
        report(verb, EIO);
        report(verb, ENOSPC);
    }
}
