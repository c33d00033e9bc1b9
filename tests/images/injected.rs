//! Points at which something goes wrong, by strace(1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use lab::{Call, Output};

/// A system call by its name, and which of that name it is in its thread: strace counts for each thread and each name.
/// What is meant is the first thread that gets so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) name: String,
    nth: usize,
}

/// What goes wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The whole process is killed, before the call.
    Killed,
    /// The call is not made, and fails like that.
    Fails(&'static str),
}

/// Calls that change what is on a disk, or wait for it. Between two of them all points are the same to the disk.
const CHANGES: [&str; 21] = [
    "openat",
    "write",
    "writev",
    "pwrite64",
    "copy_file_range",
    "ftruncate",
    "fallocate",
    "mkdir",
    "mkdirat",
    "mknodat",
    "link",
    "linkat",
    "symlinkat",
    "rename",
    "unlink",
    "unlinkat",
    "rmdir",
    "fsync",
    "fdatasync",
    "syncfs",
    "fchmod",
];

/// Calls that only look, and can fail all the same.
const LOOKS: [&str; 8] = ["read", "pread64", "statx", "newfstatat", "getdents64", "flock", "statfs", "lseek"];

impl Point {
    pub(crate) fn changes(&self) -> bool {
        CHANGES.contains(&&*self.name)
    }

    /// Whether that can go wrong there.
    pub(crate) fn can(&self, wrong: Wrong) -> bool {
        match wrong {
            Wrong::Killed => true,
            // For want of room, only what takes some fails.
            Wrong::Fails("ENOSPC") => self.changes() && !self.name.starts_with("unlink"),
            Wrong::Fails(_) => self.changes() || LOOKS.contains(&&*self.name),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.nth)
    }
}

/// All points of a call that is left alone, in their order; it must work.
pub(crate) fn points(call: Call, trace: &Path) -> Vec<Point> {
    call.under(["strace", "-f", "-o", trace.to_str().expect("a path of ours")]).output().ok();
    let text = fs::read_to_string(trace).expect("the trace");
    let (mut counts, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let mut points = Vec::new();
    // `PID name(...`; a call that another thread interrupts has a second line, `PID <... name resumed>`.
    for line in text.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let nth = counts.entry((thread, name)).and_modify(|nth| *nth += 1).or_insert(1);
        let point = Point { name: name.to_string(), nth: *nth };
        if seen.insert(point.clone()) {
            points.push(point);
        }
    }
    points
}

/// If this is set, nothing is left out.
const ALL: &str = "NAGAYA_ALL_POINTS";

/// About so many of the points where that can go wrong. Three of four change something: between two of those, the disk
/// is the same at all points.
pub(crate) fn chosen(points: Vec<Point>, wrong: Wrong, most: usize) -> Vec<Point> {
    let able = points.into_iter().filter(|point| point.can(wrong));
    let (changes, looks): (Vec<_>, Vec<_>) = able.partition(Point::changes);
    let most = if std::env::var_os(ALL).is_some() { usize::MAX } else { most };
    let some = |points: Vec<Point>, most: usize| {
        let step = points.len().div_ceil(most).max(1);
        points.into_iter().step_by(step).collect::<Vec<_>>()
    };
    let mut chosen = some(changes, most - most / 4);
    chosen.extend(some(looks, most / 4));
    chosen
}

/// Makes a call in which these system calls are not made, and say that they were.
pub(crate) fn without(syncs: &str, call: Call) -> Output {
    let (trace, inject) = (format!("trace={syncs}"), format!("inject={syncs}:retval=0"));
    call.under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]).output()
}

/// Makes a call in which something goes wrong at a point. A run is not always like the other: threads may have shared
/// their work otherwise, and then it is left alone.
pub(crate) fn at(call: Call, point: &Point, wrong: Wrong) -> Output {
    let what = match wrong {
        Wrong::Killed => "signal=KILL".to_string(),
        Wrong::Fails(error) => format!("error={error}"),
    };
    let inject = format!("inject={}:{what}:when={}", point.name, point.nth);
    // strace injects only into calls that it traces. With --seccomp-bpf, strace 6.1 does not send the signal.
    let trace = format!("trace={}", point.name);
    call.under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]).output()
}
