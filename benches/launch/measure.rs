//! The clock: rounds in which every peer has its turn.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bench::Options;
use bench::Report;
use bench::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, wait, waitpid};

use crate::peers::{Peer, text};
use crate::place::Place;

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

/// Starts a bundle once, to know that it works.
pub(crate) fn warm(peer: &Peer, place: &Place) -> Result<()> {
    let started = if peer.waits() {
        timed(peer.run(place, bundle_of(peer), "warm"), place)
    } else {
        one_life(peer, place, "warm").map(|life| life.iter().sum())
    };
    started.map(drop).map_err(|why| format!("cannot measure {}: {why}", peer.name))
}

/// The bundle as docker makes it, for those that have bundles.
pub(crate) fn bundle_of(peer: &Peer) -> &'static str {
    if peer.is_runtime() { "docker-0" } else { "plain" }
}

/// `run` of a bundle.
pub(crate) fn run(
    peers: &[&Peer],
    bundle: &str,
    place: &Place,
    options: Options,
    report: &mut Report,
) -> Vec<Row> {
    let all =
        rounds(peers, place, options, report, |peer, id| Ok([timed(peer.run(place, bundle, id), place)?]));
    rows(peers, all)
}

/// A row for each peer that got through at least one round.
pub(crate) fn rows(peers: &[&Peer], all: Vec<Vec<[Duration; 1]>>) -> Vec<Row> {
    peers.iter().zip(all).filter_map(|(peer, times)| Row::new(peer.name, times.concat())).collect()
}

/// `exec` into a container that an engine would make, one for each peer, which sleeps.
pub(crate) fn exec(peers: &[&Peer], place: &Place, options: Options, report: &mut Report) -> Vec<Row> {
    let mut awake: Vec<&Peer> = Vec::new();
    for peer in peers {
        match timed(peer.sleep(place), place) {
            Ok(_) => awake.push(peer),
            Err(why) => report.fault(format!("{} cannot be entered: {why}", peer.name)),
        }
    }
    let all = rounds(&awake, place, options, report, |peer, _| {
        Ok([timed(peer.verb(place, "exec", &[&peer.sleeper(), "/bin/true"]), place)?])
    });
    for peer in &awake {
        let deleted = timed(peer.verb(place, "delete", &["--force", &peer.sleeper()]), place);
        report.keep(deleted.map(drop));
    }
    rows(&awake, all)
}

/// Name, sentence and rows of the table of each step of a container's life, and of their sum.
type Table = (&'static str, &'static str, Vec<Row>);

/// `create`, `start` and `delete`, for those that have them. The wait for the program's end is not counted.
pub(crate) fn create_start_delete(
    peers: &[&Peer],
    place: &Place,
    options: Options,
    report: &mut Report,
) -> [Table; 4] {
    let all = rounds(peers, place, options, report, |peer, id| one_life(peer, place, id));
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
pub(crate) fn rounds<const N: usize>(
    peers: &[&Peer],
    place: &Place,
    options: Options,
    report: &mut Report,
    mut turn: impl FnMut(&Peer, &str) -> Result<[Duration; N]>,
) -> Vec<Vec<[Duration; N]>> {
    let mut times = vec![Vec::with_capacity(options.rounds); peers.len()];
    let mut failed = vec![false; peers.len()];
    for round in 0..warm_up(options) + options.rounds {
        for at in (0..peers.len()).map(|seat| (seat + round) % peers.len()) {
            if failed[at] {
                continue;
            }
            let id = format!("bench-{round}");
            let took = turn(peers[at], &id);
            reap();
            match took {
                Ok(took) if round >= warm_up(options) => times[at].push(took),
                Ok(_) => {}
                Err(why) => {
                    if peers[at].is_runtime() {
                        let _ = timed(peers[at].verb(place, "delete", &["--force", &id]), place);
                    }
                    report.fault(format!("{} failed in round {round}: {why}", peers[at].name));
                    failed[at] = true;
                }
            }
        }
    }
    times
}

fn one_life(peer: &Peer, place: &Place, id: &str) -> Result<[Duration; 3]> {
    let (bundle, pid_file) = (text(&place.at("docker-0")), place.at("pid"));
    let args = ["--bundle", &bundle, "--pid-file", &text(&pid_file), id];
    let create = timed(peer.verb(place, "create", &args), place)?;
    let pid = fs::read_to_string(&pid_file).map_err(|err| format!("no pid file: {err}"))?;
    let start = timed(peer.verb(place, "start", &[id]), place)?;
    await_end(pid.trim())?;
    let delete = timed(peer.verb(place, "delete", &[id]), place)?;
    Ok([create, start, delete])
}

/// Waits for the program, whose parent we are since `create` has ended.
pub(crate) fn await_end(pid: &str) -> Result<()> {
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
    let cannot = |err: std::io::Error| format!("cannot run a runtime: {err}");
    let start = Instant::now();
    let mut child = command.spawn().map_err(cannot)?;
    let in_time = ends_in_time(&child);
    let took = start.elapsed();
    if !in_time {
        let _ = child.kill();
    }
    let status = child.wait().map_err(cannot)?;
    if !in_time {
        return Err(format!("it has not ended within {} seconds", PATIENCE.tv_sec));
    }
    if status.success() {
        return Ok(took);
    }
    Err(format!("{status}: {}", fs::read_to_string(&said).unwrap_or_default().trim()))
}

/// How long a runtime may take before it counts as hanging.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// A pidfd becomes readable when its process ends.
fn ends_in_time(child: &Child) -> bool {
    let Ok(process) = pidfd_open(Pid::from_child(child), PidfdFlags::empty()) else { return true };
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&PATIENCE)) != Ok(0)
}

/// Buries what a peer left to us, its subreaper.
pub(crate) fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

/// Rounds that come first and are not counted: files get cached, cgroup folders get allocated.
fn warm_up(options: Options) -> usize {
    options.rounds.div_ceil(10)
}
