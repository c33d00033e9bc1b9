//! Commands, and monitors, that are killed at their system calls, or of which a call fails: by strace(1).

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use lab::{Call, Lab, Output, Running};

/// A system call by its name, and which of that name it is in its process: strace counts each name on its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) nth: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.nth)
    }
}

/// What goes wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The process is killed, before the call.
    Killed,
    /// The call is not made, and fails like that.
    Fails(&'static str),
}

/// Calls that make, change or remove something, of which none is left out.
const CHANGES: [&str; 46] = [
    "write",
    "pwrite64",
    "ftruncate",
    "mkdir",
    "mkdirat",
    "mknodat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "fsync",
    "fdatasync",
    "syncfs",
    "fchmod",
    "fchmodat",
    "chmod",
    "fchown",
    "fchownat",
    "flock",
    "clone",
    "clone3",
    "vfork",
    "fork",
    "mount",
    "umount2",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "sendto",
    "sendmsg",
    "bind",
    "listen",
    "execve",
    "unshare",
    "setns",
    "pivot_root",
    "sethostname",
    "pidfd_send_signal",
    "kill",
];
/// Calls that only look, and can fail for want of a disk.
const LOOKS: [&str; 9] =
    ["openat", "open", "openat2", "read", "statx", "newfstatat", "getdents64", "readlink", "readlinkat"];
/// Calls that fail for want of room.
const TAKE_ROOM: [&str; 12] = [
    "write",
    "pwrite64",
    "mkdir",
    "mkdirat",
    "mknodat",
    "linkat",
    "symlink",
    "symlinkat",
    "rename",
    "fsync",
    "fdatasync",
    "openat",
];

impl Point {
    pub(crate) fn changes(&self) -> bool {
        CHANGES.contains(&&*self.name)
    }

    fn can(&self, wrong: Wrong) -> bool {
        match wrong {
            Wrong::Killed => true,
            Wrong::Fails("ENOSPC") => TAKE_ROOM.contains(&&*self.name),
            Wrong::Fails(_) => self.changes() || LOOKS.contains(&&*self.name),
        }
    }
}

/// A call that the kernel makes again at once, as often as somebody else is in its way.
pub(crate) const AGAIN: &str = "ERESTARTNOINTR";

/// The points in a trace, in their order. `PID name(...`, or `name(...` of one process alone.
fn points_in(trace: &Path) -> Vec<Point> {
    let text = fs::read_to_string(trace).expect("the trace");
    let (mut counts, mut points) = (BTreeMap::new(), Vec::new());
    for line in text.lines().filter(|line| !line.contains(AGAIN)) {
        let Some((name, _)) = line.split_once('(') else { continue };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let nth = *counts.entry(name).and_modify(|nth| *nth += 1).or_insert(1);
        points.push(Point { name: name.to_string(), nth });
    }
    points
}

/// All points of a command that is left alone; it must work. Of its own process, not of those that it starts.
pub(crate) fn points(call: Call, lab: &Lab) -> Vec<Point> {
    let trace = lab.folder().join("trace");
    call.under(["strace", "-o", trace.to_str().expect("a path of ours")]).output().ok();
    points_in(&trace)
}

/// All points of a process that runs, while `work` is done and until it has ended.
pub(crate) fn points_of(pid: i64, lab: &Lab, work: impl FnOnce()) -> Vec<Point> {
    let trace = lab.folder().join("trace");
    let call = lab.program("strace").args(["-o", trace.to_str().expect("a path of ours")]);
    let strace = attach(call, pid);
    work();
    let _ = strace.finish();
    points_in(&trace)
}

/// If this is set, nothing is left out.
pub(crate) const ALL: &str = "NAGAYA_ALL_POINTS";
/// A number, if it is to be other ones than those of the turn 0.
const TURN: &str = "NAGAYA_POINTS_TURN";

/// The same each time, unless somebody wants others: what is red must be red again.
fn turn() -> usize {
    std::env::var(TURN).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// About so many of the points where that can go wrong: the first and the last, as many of those that change something as
/// there is room for, and of the others some, evenly.
pub(crate) fn chosen(points: Vec<Point>, wrong: Wrong, most: usize) -> Vec<Point> {
    let able: Vec<_> = points.into_iter().filter(|point| point.can(wrong)).collect();
    if std::env::var_os(ALL).is_some() || able.len() <= most {
        return able;
    }
    some_of(able, most, turn())
}

fn some_of(able: Vec<Point>, most: usize, turn: usize) -> Vec<Point> {
    let (first, last) = (able[0].clone(), able[able.len() - 1].clone());
    let (changes, others): (Vec<_>, Vec<_>) = able.into_iter().partition(Point::changes);
    let some = |points: Vec<Point>, most: usize| {
        let step = points.len().div_ceil(most.max(1)).max(1);
        points.into_iter().skip(turn % step).step_by(step).collect::<Vec<_>>()
    };
    let mut chosen = some(changes, most * 2 / 3);
    chosen.extend(some(others, most.saturating_sub(chosen.len())));
    chosen.extend([first, last]);
    chosen.sort();
    chosen.dedup();
    chosen
}

fn injection(point: &Point, wrong: Wrong) -> [String; 4] {
    let what = match wrong {
        Wrong::Killed => "signal=KILL".to_string(),
        Wrong::Fails(error) => format!("error={error}"),
    };
    let inject = format!("inject={}:{what}:when={}", point.name, point.nth);
    // strace injects only into calls that it traces.
    ["-e".to_string(), format!("trace={}", point.name), "-e".to_string(), inject]
}

/// Makes a call in which that goes wrong. `more`: options of strace's, such as `-f`. Whether it did go wrong: a run is not
/// always like the other.
pub(crate) fn at(call: Call, lab: &Lab, point: &Point, wrong: Wrong, more: &[&str]) -> (Output, bool) {
    let trace = lab.folder().join("trace");
    let strace = ["strace", "-qq", "-o", trace.to_str().expect("a path of ours")].map(String::from);
    let more = more.iter().map(|option| (*option).to_string());
    let output = call.under(strace.into_iter().chain(more).chain(injection(point, wrong))).output();
    (output, has_gone_wrong(&trace))
}

fn has_gone_wrong(trace: &Path) -> bool {
    let text = fs::read_to_string(trace).expect("the trace");
    text.contains("(INJECTED)") || text.contains("killed by SIGKILL")
}

/// Does `work` while that is to go wrong in a process that runs; waits until the process has ended. Whether it went wrong.
pub(crate) fn at_process(pid: i64, lab: &Lab, point: &Point, wrong: Wrong, work: impl FnOnce()) -> bool {
    let trace = lab.folder().join("trace");
    let call = lab.program("strace").args(["-qq", "-o", trace.to_str().expect("a path of ours")]);
    let strace = attach(call.args(injection(point, wrong)), pid);
    work();
    let _ = strace.finish();
    has_gone_wrong(&trace)
}

/// strace, once it holds the process.
fn attach(call: Call, pid: i64) -> Running {
    let strace = call.args(["-p", &pid.to_string()]).start();
    let is_held = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    };
    // The call that it waits in may be the one at which it is killed.
    lab::until("strace holds the monitor", || is_held() || !strace.runs());
    strace
}

/// Of a start's nine hundred calls, each has its turn within a month, and those that change something within a week.
#[test]
fn all_points_have_their_turn() {
    let all: Vec<_> = (0..900)
        .map(|at| Point { name: if at % 4 == 0 { "write" } else { "close" }.to_string(), nth: at })
        .collect();
    let missing = |days: usize| {
        let seen: Vec<_> = (0..days).flat_map(|turn| some_of(all.clone(), 80, turn)).collect();
        let missing = all.iter().filter(|point| !seen.contains(point));
        missing.map(Point::changes).collect::<Vec<_>>()
    };
    assert!(missing(7).iter().all(|changes| !changes), "a change is missing");
    assert!(!missing(7).is_empty(), "the control: a week is not enough for all");
    assert!(missing(30).is_empty());
    assert!((0..30).all(|turn| some_of(all.clone(), 80, turn).len() <= 84));
}
