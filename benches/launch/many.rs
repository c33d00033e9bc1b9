//! Many containers: one after the other, and all at once.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bench::Options;
use bench::Report;
use bench::Result;

use crate::measure::{Row, rounds, rows, timed};
use crate::peers::Peer;
use crate::place::{MANY, Place};

/// Containers one after the other.
pub(crate) const IN_A_ROW: usize = 100;

/// Each round has so many starts that a few are enough.
fn few(options: Options) -> Options {
    options.with_rounds(options.rounds.div_ceil(20))
}

/// `run`, again and again.
pub(crate) fn in_a_row(peers: &[&Peer], place: &Place, options: Options, report: &mut Report) -> Vec<Row> {
    let all = rounds(peers, place, few(options), report, |peer, id| {
        let mut sum = Duration::ZERO;
        for _ in 0..IN_A_ROW {
            sum += timed(peer.run(place, "docker-0", id), place)?;
        }
        Ok([sum])
    });
    rows(peers, all)
}

/// `run` of as many containers at once, to the end of the last program.
pub(crate) fn at_once(peers: &[&Peer], place: &Place, options: Options, report: &mut Report) -> Vec<Row> {
    let all = rounds(peers, place, few(options), report, |peer, id| Ok([together(peer, place, id)?]));
    rows(peers, all)
}

fn together(peer: &Peer, place: &Place, id: &str) -> Result<Duration> {
    let command = |number: usize| peer.run(place, &format!("docker-{number}"), &format!("{id}-{number}"));
    let commands: Vec<Command> = (0..MANY).map(command).collect();
    let start = Instant::now();
    let mut children = Vec::with_capacity(MANY);
    let mut failed = None;
    for mut command in commands {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => children.push(child),
            Err(err) => failed = Some(err.to_string()),
        }
    }
    // All of them, even if one has failed: nobody is left behind.
    let wrong = children.into_iter().filter_map(end).count();
    let took = start.elapsed();
    match failed {
        Some(why) => Err(why),
        None if wrong > 0 => Err(format!("{wrong} of {MANY} have failed")),
        None => Ok(took),
    }
}

/// What is wrong with its end, if something is.
fn end(mut child: Child) -> Option<String> {
    match child.wait() {
        Ok(status) if status.success() => None,
        Ok(status) => Some(status.to_string()),
        Err(err) => Some(err.to_string()),
    }
}
