//! Holding all processes of a container still, and letting them go on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use fault::{Doing, Fault, Kind, Result};

use crate::undo;

/// How long the kernel may take to stop everybody; one that waits for a disk takes as long as the disk does.
const PATIENCE: Duration = Duration::from_secs(5);

/// The files of one version: what is written, where the kernel tells, and what it says when all are still.
struct Files {
    control: &'static str,
    freeze: &'static str,
    thaw: &'static str,
    told: &'static str,
    frozen: &'static str,
}

/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/freezer-subsystem.html>
const V1: Files = Files {
    control: "freezer.state",
    freeze: "FROZEN",
    thaw: "THAWED",
    told: "freezer.state",
    frozen: "FROZEN",
};

/// Source: <https://docs.kernel.org/admin-guide/cgroup-v2.html>, `cgroup.freeze`.
const V2: Files =
    Files { control: "cgroup.freeze", freeze: "1", thaw: "0", told: "cgroup.events", frozen: "frozen 1" };

/// The one of these cgroups that can freeze, and by which files.
fn freezer<'a>(cgroups: impl Iterator<Item = &'a Path>) -> Option<(&'a Path, &'static Files)> {
    let has = |cgroup: &Path, files: &Files| cgroup.join(files.control).exists();
    let files = |cgroup| [&V1, &V2].into_iter().find(|files| has(cgroup, files));
    // Where it is nearly always, if there are many: the hierarchy that is called after it.
    let (likely, others): (Vec<_>, Vec<_>) =
        cgroups.partition(|cgroup| cgroup.components().any(|part| part.as_os_str() == "freezer"));
    likely.into_iter().chain(others).find_map(|cgroup| files(cgroup).map(|files| (cgroup, files)))
}

/// The file that tells whether somebody has asked for all to be held still.
pub(crate) fn file<'a>(cgroups: impl Iterator<Item = &'a Path>) -> Option<PathBuf> {
    freezer(cgroups).map(|(cgroup, files)| cgroup.join(files.control))
}

/// What that file tells; false if it is gone.
pub fn is_held(file: &Path) -> bool {
    fs::read_to_string(file).is_ok_and(|state| !matches!(state.trim(), "THAWED" | "0"))
}

/// Somebody has asked for all to be held still. Whether they are is for [`freeze`] to wait for.
pub(crate) fn is_frozen<'a>(cgroups: impl Iterator<Item = &'a Path>) -> bool {
    file(cgroups).is_some_and(|file| is_held(&file))
}

/// Holds all processes still; when this returns, they are.
pub(crate) fn freeze<'a>(cgroups: impl Iterator<Item = &'a Path>) -> Result<()> {
    let (cgroup, files) = freezer(cgroups).ok_or_else(cannot)?;
    let doing = || format!("freeze cgroup `{}`", cgroup.display());
    let frozen = wait(cgroup, files).doing(doing);
    if frozen.is_err() {
        // Half of them still and half not is worse than none.
        let _ = fs::write(cgroup.join(files.control), files.thaw);
    }
    frozen
}

fn wait(cgroup: &Path, files: &Files) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        // Written each time: on v1 a process that was just made may have slipped through.
        fs::write(cgroup.join(files.control), files.freeze)?;
        if fs::read_to_string(cgroup.join(files.told))?.lines().any(|line| line == files.frozen) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        sleep(Duration::from_millis(1));
    }
}

/// Lets all processes go on.
pub(crate) fn thaw<'a>(cgroups: impl Iterator<Item = &'a Path>) -> Result<()> {
    let (cgroup, files) = freezer(cgroups).ok_or_else(cannot)?;
    fs::write(cgroup.join(files.control), files.thaw).doing(|| format!("thaw cgroup `{}`", cgroup.display()))
}

/// Lets those go on too whom somebody in the container holds still, in a cgroup of its own below. On v1 who is held still
/// cannot even die; on v2 it can.
pub(crate) fn thaw_below<'a>(cgroups: impl Iterator<Item = &'a Path>) -> Result<()> {
    match freezer(cgroups) {
        Some((cgroup, files)) if files.control == V1.control => {
            thaw_folders(cgroup).doing(|| format!("thaw what is below cgroup `{}`", cgroup.display()))
        }
        _ => Ok(()),
    }
}

fn thaw_folders(cgroup: &Path) -> io::Result<()> {
    for below in undo::folders(cgroup)? {
        // It may be gone by now.
        let _ = fs::write(below.join(V1.control), V1.thaw);
        thaw_folders(&below)?;
    }
    Ok(())
}

fn cannot() -> Fault {
    Fault::new(Kind::Unavailable, "freeze the container")
        .because("it has no cgroup that can")
        .hint("an ordinary user needs a cgroup that was delegated to it")
}
