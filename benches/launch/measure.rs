//! The clock: rounds in which every peer has its turn.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, wait, waitpid};

use crate::Result;
use crate::options::Options;
use crate::peers::{Peer, text};
use crate::place::Place;
use crate::report::Report;

/// What one peer took, over all rounds.
#[derive(Debug)]
pub(crate) struct Row {
    /// The peer's name.
    pub(crate) peer: &'static str,
    /// Sorted.
    pub(crate) times: Vec<Duration>,
}

impl Row {
    fn new(peer: &'static str, mut times: Vec<Duration>) -> Option<Row> {
        times.sort();
        (!times.is_empty()).then_some(Row { peer, times })
    }

    /// The time that `percent` of the rounds stayed below.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        self.times[(self.times.len() * percent / 100).min(self.times.len() - 1)]
    }
}

/// Starts the bundle once, to know that it works.
pub(crate) fn warm(peer: &Peer, place: &Place) -> Result<()> {
    let started = timed(peer.run(place, "warm"), place);
    started.map(drop).map_err(|why| format!("cannot measure {}: {why}", peer.name))
}

/// `run`, for all peers.
pub(crate) fn run(peers: &[Peer], place: &Place, options: &Options, report: &mut Report) -> Vec<Row> {
    let peers: Vec<&Peer> = peers.iter().collect();
    let all = rounds(&peers, options, report, |peer, id| Ok([timed(peer.run(place, id), place)?]));
    peers.iter().zip(all).filter_map(|(peer, times)| Row::new(peer.name, times.concat())).collect()
}

/// `run` of the bundle that an engine would make, for those that have a command line for it.
pub(crate) fn run_filtered(
    peers: &[Peer],
    place: &Place,
    options: &Options,
    report: &mut Report,
) -> Vec<Row> {
    let peers: Vec<&Peer> = peers.iter().filter(|peer| peer.is_runtime()).collect();
    let bundle = text(&place.at("filtered"));
    let all = rounds(&peers, options, report, |peer, id| {
        Ok([timed(peer.verb(place, "run", &["--bundle", &bundle, id]), place)?])
    });
    peers.iter().zip(all).filter_map(|(peer, times)| Row::new(peer.name, times.concat())).collect()
}

/// `exec` into a container that an engine would make, one for each peer, which sleeps.
pub(crate) fn exec(peers: &[Peer], place: &Place, options: &Options, report: &mut Report) -> Vec<Row> {
    let peers: Vec<&Peer> = peers.iter().filter(|peer| peer.is_runtime()).collect();
    let bundle = text(&place.at("sleeping"));
    let id = |peer: &Peer| format!("{}-sleeps-{}", peer.name, std::process::id());
    let mut awake: Vec<&Peer> = Vec::new();
    for peer in peers {
        let run = ["--bundle", &bundle, "--detach", &id(peer)];
        match timed(peer.verb(place, "run", &run), place) {
            Ok(_) => awake.push(peer),
            Err(why) => report.fault(format!("{} cannot be entered: {why}", peer.name)),
        }
    }
    let all = rounds(&awake, options, report, |peer, _| {
        Ok([timed(peer.verb(place, "exec", &[&id(peer), "/bin/true"]), place)?])
    });
    for peer in &awake {
        let deleted = timed(peer.verb(place, "delete", &["--force", &id(peer)]), place);
        report.keep(deleted.map(drop));
    }
    awake.iter().zip(all).filter_map(|(peer, times)| Row::new(peer.name, times.concat())).collect()
}

/// Name, sentence and rows of the table of each step of a container's life, and of their sum.
type Table = (&'static str, &'static str, Vec<Row>);

/// `create`, `start` and `delete`, for those that have them. The wait for the program's end is not counted.
pub(crate) fn create_start_delete(
    peers: &[Peer],
    place: &Place,
    options: &Options,
    report: &mut Report,
) -> [Table; 4] {
    let peers: Vec<&Peer> = peers.iter().filter(|peer| peer.is_runtime()).collect();
    let all = rounds(&peers, options, report, |peer, id| {
        let life = one_life(peer, place, id);
        if life.is_err() {
            let _ = timed(peer.verb(place, "delete", &["--force", id]), place);
        }
        life
    });
    let rows = |pick: fn(&[Duration; 3]) -> Duration| {
        let row = |(peer, lives): (&&Peer, &Vec<_>)| Row::new(peer.name, lives.iter().map(pick).collect());
        peers.iter().zip(&all).filter_map(row).collect()
    };
    [
        (
            "create+start+delete",
            "the three together, without the wait for the program",
            rows(|l| l.iter().sum()),
        ),
        ("create", "until the program waits at the gate", rows(|life| life[0])),
        ("start", "until the program may run", rows(|life| life[1])),
        ("delete", "of a container that has ended", rows(|life| life[2])),
    ]
}

/// Runs all rounds. A peer that fails is reported once and sits out the rest.
///
/// Each round begins with another peer, so that nobody always follows the same neighbour.
fn rounds<const N: usize>(
    peers: &[&Peer],
    options: &Options,
    report: &mut Report,
    mut turn: impl FnMut(&Peer, &str) -> Result<[Duration; N]>,
) -> Vec<Vec<[Duration; N]>> {
    let mut times = vec![Vec::with_capacity(options.rounds); peers.len()];
    let mut failed = vec![false; peers.len()];
    for round in 0..options.warm_up() + options.rounds {
        for at in (0..peers.len()).map(|seat| (seat + round) % peers.len()) {
            if failed[at] {
                continue;
            }
            let took = turn(peers[at], &format!("bench-{round}"));
            reap();
            match took {
                Ok(took) if round >= options.warm_up() => times[at].push(took),
                Ok(_) => {}
                Err(why) => {
                    report.fault(format!("{} failed in round {round}: {why}", peers[at].name));
                    failed[at] = true;
                }
            }
        }
    }
    times
}

fn one_life(peer: &Peer, place: &Place, id: &str) -> Result<[Duration; 3]> {
    let (bundle, pid_file) = (text(place.bundle()), place.at("pid"));
    let args = ["--bundle", &bundle, "--pid-file", &text(&pid_file), id];
    let create = timed(peer.verb(place, "create", &args), place)?;
    let pid = fs::read_to_string(&pid_file).map_err(|err| format!("no pid file: {err}"))?;
    let start = timed(peer.verb(place, "start", &[id]), place)?;
    await_end(pid.trim())?;
    let delete = timed(peer.verb(place, "delete", &[id]), place)?;
    Ok([create, start, delete])
}

/// Waits for the program, whose parent we are since `create` has ended.
fn await_end(pid: &str) -> Result<()> {
    let number = pid.parse().ok().and_then(Pid::from_raw).ok_or(format!("`{pid}` is not a pid"))?;
    match waitpid(Some(number), WaitOptions::empty()) {
        Ok(Some((_, status))) if status.exit_status() == Some(0) => Ok(()),
        Ok(status) => Err(format!("the program ended with {status:?}")),
        Err(err) => Err(format!("cannot wait for the program {pid}: {err}")),
    }
}

/// Runs a command to its end. Its words are only of interest if it failed.
pub(crate) fn timed(mut command: Command, place: &Place) -> Result<Duration> {
    let said = place.at("stderr");
    let stderr = File::create(&said).map_err(|err| err.to_string())?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let start = Instant::now();
    let status = command.status();
    let took = start.elapsed();
    let status = status.map_err(|err| format!("cannot run `{}`: {err}", command.get_program().display()))?;
    if status.success() {
        return Ok(took);
    }
    Err(format!("{status}: {}", fs::read_to_string(&said).unwrap_or_default().trim()))
}

/// Buries what a peer left to us, its subreaper.
fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
