//! What needs only one look: memory, system calls, processes, and the steps of ours.

use std::fs;
use std::process::{Command, Stdio};

use bench::Report;
use bench::Result;
use bench::programs::in_path;

use crate::measure::{bundle_of, timed};
use crate::peers::{Peer, text};
use crate::place::Place;

/// Figures of one `run` of one peer; `None` where the tool for it failed.
#[derive(Debug)]
pub(crate) struct Figures {
    /// The peer's name.
    pub(crate) peer: &'static str,
    /// Largest resident memory of any one of its processes, in KiB.
    pub(crate) memory: Option<u64>,
    /// What its processes asked of the kernel.
    pub(crate) calls: Option<Calls>,
}

/// Counts of a whole process tree, the container's program among it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Calls {
    /// System calls.
    pub(crate) all: u64,
    /// Processes, the first one included.
    pub(crate) processes: u64,
    /// Threads beyond the first of each process.
    pub(crate) threads: u64,
}

/// Looks at one `run` under `time`, and at one under `strace`.
pub(crate) fn of(peer: &Peer, place: &Place, report: &mut Report) -> Figures {
    let mut shown = |tool: &str, outcome: Result<String>| {
        outcome.map_err(|why| report.fault(format!("{} under {tool}: {why}", peer.name))).ok()
    };
    let memory = shown("time", under(&["time", "-f", "%M", "-o"], peer, place));
    let calls = shown("strace", under(&["strace", "-f", "-o"], peer, place));
    Figures {
        peer: peer.name,
        memory: memory.and_then(|text| text.trim().parse().ok()),
        calls: calls.as_deref().map(count),
    }
}

/// Runs a peer under a tool whose last option names its output file, and returns what the tool wrote.
fn under(tool: &[&str], peer: &Peer, place: &Place) -> Result<String> {
    let (run, output) = (peer.run(place, bundle_of(peer), "looked-at"), place.at(tool[0]));
    let mut command = Command::new(in_path(tool[0])?);
    command.args(&tool[1..]).arg(&output).arg(run.get_program()).args(run.get_args());
    timed(command, place)?;
    fs::read_to_string(&output).map_err(|err| err.to_string())
}

/// Counts in an `strace -f` log. A call that another process interrupts has two lines, `<unfinished ...>` and
/// `<... resumed>`; the first counts, and it has the flags of a `clone`.
fn count(log: &str) -> Calls {
    let mut calls = Calls { processes: 1, ..Calls::default() };
    // Each line begins with a pid and blanks.
    for call in log.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start()) {
        if !call.starts_with(|first: char| first.is_ascii_lowercase()) {
            continue;
        }
        calls.all += 1;
        if ["clone(", "clone3(", "fork(", "vfork("].iter().any(|name| call.starts_with(name)) {
            let failed = call.contains(" = -1 ");
            calls.threads += u64::from(!failed && call.contains("CLONE_THREAD"));
            calls.processes += u64::from(!failed && !call.contains("CLONE_THREAD"));
        }
    }
    calls
}

/// What `run --trace` of ours tells on stderr: a line per step.
pub(crate) fn steps(ours: &Peer, place: &Place) -> Result<String> {
    let bundle = text(&place.at("docker-0"));
    let mut command = ours.verb(place, "run", &["--trace", "--bundle", &bundle, "traced"]);
    let out = command.stdin(Stdio::null()).output().map_err(|err| err.to_string())?;
    let said = String::from_utf8_lossy(&out.stderr).trim_end().to_string();
    if out.status.success() {
        Ok(said)
    } else {
        Err(format!("`run --trace` failed: {}", said.lines().next().unwrap_or("it said nothing")))
    }
}
