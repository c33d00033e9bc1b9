//! What a runtime leaves in memory for each container, besides the program.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bench::Report;
use bench::Result;

use crate::measure::{await_end, reap, timed};
use crate::peers::{Peer, text};
use crate::place::Place;

/// Figures of one container of one runtime, in KiB where nothing else is said; `None` where it could not be seen.
#[derive(Debug)]
pub(crate) struct Left {
    /// The peer's name.
    pub(crate) peer: &'static str,
    /// The process that waits for `start`: its share of memory (PSS). After `start` it is the program.
    pub(crate) gate: Option<u64>,
    /// Files in the state folder, which lies in memory on most machines, while the program runs.
    pub(crate) state: Option<u64>,
    /// Processes of the runtime while the program runs.
    pub(crate) processes: Option<u64>,
}

pub(crate) fn of(peer: &Peer, place: &Place, report: &mut Report) -> Left {
    let mut seen = |outcome: Result<(u64, u64)>| {
        outcome.map_err(|why| report.fault(format!("{}: {why}", peer.name))).ok()
    };
    let gate = seen(at_the_gate(peer, place).map(|kib| (kib, 0)));
    let running = seen(while_it_runs(peer, place));
    Left {
        peer: peer.name,
        gate: gate.map(|(kib, _)| kib),
        state: running.map(|(kib, _)| kib),
        processes: running.map(|(_, processes)| processes),
    }
}

fn at_the_gate(peer: &Peer, place: &Place) -> Result<u64> {
    let (bundle, file) = (text(&place.at("docker-0")), place.at("pid"));
    let create = ["--bundle", &bundle, "--pid-file", &text(&file), "waits"];
    timed(peer.verb(place, "create", &create), place)?;
    let pid = fs::read_to_string(&file).map_err(|err| err.to_string())?;
    let share = share(pid.trim());
    timed(peer.verb(place, "start", &["waits"]), place)?;
    await_end(pid.trim())?;
    timed(peer.verb(place, "delete", &["waits"]), place)?;
    share
}

fn while_it_runs(peer: &Peer, place: &Place) -> Result<(u64, u64)> {
    // Those that slept for others.
    reap();
    timed(peer.sleep(place), place)?;
    let pid = fs::read_to_string(place.at("pid")).map_err(|err| err.to_string())?;
    let state = size(&place.at(&format!("state-{}", peer.name)));
    let others = children().into_iter().filter(|child| child != pid.trim()).count();
    timed(peer.verb(place, "delete", &["--force", &peer.sleeper()]), place)?;
    Ok((state.div_ceil(1024), others as u64))
}

/// Proportional share of memory, in KiB. Source: proc_pid_smaps(5).
fn share(pid: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).map_err(|err| err.to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.ok_or_else(|| format!("no share of memory in {text}"))
}

/// Bytes on disk of all that is below.
fn size(path: &Path) -> u64 {
    let own = fs::symlink_metadata(path).map_or(0, |meta| meta.blocks() * 512);
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    own + entries.map(|entry| size(&entry.path())).sum::<u64>()
}

/// Our children: whoever was left is ours, since we are the subreaper.
fn children() -> Vec<String> {
    let own = std::process::id().to_string();
    let parent = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        // One that has ended only waits to be buried.
        fields.next().filter(|state| *state != "Z").and_then(|_| fields.next()).map(String::from)
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.map(|entry| entry.file_name().to_string_lossy().into_owned());
    pids.filter(|pid| parent(pid).as_ref() == Some(&own)).collect()
}
