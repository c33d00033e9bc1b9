//! The power is cut while a command for images is at work, or right after it has said that it is done.

use std::io::Write;

use lab::{Disk, Lab, apart};

use crate::injected::{self, Wrong};
use crate::trial::{Sources, Trial};

/// So many points of each command, where its process ends and the power with it.
const POINTS: usize = 10;

/// Does something with each command on a disk of its own.
fn each(verbs: &[&str], way: &'static str, test: impl Fn(&str, &Trial) + Sync) {
    apart(|| {
        let lab = Lab::new();
        let from = Sources::new(&lab);
        let disk = Disk::new(&lab, 64);
        for verb in verbs {
            let trial = Trial::new(&lab, &disk, &from, verb, way);
            test(verb, &trial);
            trial.end();
        }
    });
}

fn cut_everywhere(verb: &str, trial: &Trial) {
    let (mut cuts, mut half_done) = (0, 0);
    for (number, point) in injected::chosen(trial.points(), Wrong::Killed, POINTS).iter().enumerate() {
        trial.begin();
        let output = injected::at(trial.call(), point, Wrong::Killed);
        trial.disk.cut();
        cuts += 1;
        half_done += usize::from(trial.is_half_done());
        let unsound = trial.unsound(output.code == 0, number % 4 == 0);
        assert!(unsound.is_none(), "{verb}, cut at {point}: {unsound:?}\n{output:?}");
    }
    let line =
        format!("{verb}: the power was cut at {cuts} points, something was half done at {half_done}\n");
    assert!(std::io::stderr().write_all(line.as_bytes()).is_ok());
    assert!(cuts > 5, "too few: {line}");
}

#[test]
fn cut_while_something_comes() {
    each(&["pull", "load"], "index", cut_everywhere);
}

#[test]
fn cut_while_folders_are_made() {
    each(&["load"], "folders", cut_everywhere);
}

#[test]
fn cut_while_something_goes() {
    each(&["tag", "rmi", "prune"], "index", cut_everywhere);
}

#[test]
fn what_was_said_to_be_done_is_done() {
    each(&["pull", "load", "tag", "rmi", "prune"], "index", done_is_done);
    each(&["pull"], "folders", done_is_done);
}

fn done_is_done(verb: &str, trial: &Trial) {
    for _ in 0..3 {
        trial.begin();
        trial.call().output().ok();
        trial.disk.cut();
        assert!(!trial.is_as_before(), "{verb}: nothing of it was there any more");
        // Before the command is repeated, which might make again what was lost.
        assert_eq!(trial.leftovers(), None, "{verb}, cut after its end");
        let unsound = trial.unsound(true, true);
        assert!(unsound.is_none(), "{verb}, cut after its end: {unsound:?}");
    }
}

/// The control: the same commands, with syncs that do nothing.
#[test]
fn without_syncs_it_would_be_lost() {
    each(&["pull", "load", "tag", "rmi"], "index", |verb, trial| {
        let lost = lost_without(ALL_SYNCS, verb, trial);
        assert!(lost.is_some(), "{verb}: nothing was lost, so the tests above prove nothing");
    });
    // Folders have files that nobody else syncs.
    each(&["pull"], "folders", |verb, trial| {
        let lost = lost_without("syncfs", verb, trial).or_else(|| trial.leftovers());
        assert!(lost.is_some(), "{verb}: nothing was lost, so the tests above prove nothing");
    });
}

const ALL_SYNCS: &str = "fsync,fdatasync,syncfs";

fn lost_without(syncs: &str, verb: &str, trial: &Trial) -> Option<String> {
    trial.begin();
    injected::without(syncs, trial.call()).ok();
    assert_eq!(trial.lost(true), None, "{verb}");
    trial.disk.cut();
    trial.damaged().or_else(|| trial.lost(true))
}
