//! Taking back what was made. Every undo can be done twice.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use fault::{Doing, Result};
use oci::State;
use plan::{Stage, Undo};
use rustix::process::{Pid, Signal, kill_process};
use systemd::Manager;

use crate::bus::Bus;
use crate::hooks;

/// How long processes may take to be gone after they were killed; one that waits for a disk takes as long
/// as the disk does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes everything back, from the last to the first. What fails does not keep the rest from being done;
/// the first failure is told. What hooks have to say is a warning: the container is gone whatever they do.
pub(crate) fn all(undo: &[Undo], state: &State, warnings: &mut Vec<String>) -> Result<()> {
    undo.iter().rev().map(|undo| one(undo, state, warnings)).fold(Ok(()), Result::and)
}

fn one(undo: &Undo, state: &State, warnings: &mut Vec<String>) -> Result<()> {
    match undo {
        Undo::RemoveCgroup { path, shared: true } => {
            // Others may be in it by now; then it stays.
            let _ = fs::remove_dir(path);
            Ok(())
        }
        Undo::RemoveCgroup { path, shared: false } => {
            remove_cgroup(path).doing(|| format!("remove cgroup `{}`", path.display()))
        }
        Undo::StopUnit { unit, manager, path } => {
            stop_unit(unit, manager, path).map_err(|fault| fault.during(format!("remove unit `{unit}`")))
        }
        Undo::RemoveResctrlGroup { path } => match fs::remove_dir(path) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => {
                Err(err).doing(|| format!("remove resctrl group `{}`", path.display()))
            }
            _ => Ok(()),
        },
        Undo::RunHooks { hooks } => {
            let outputs = hooks::Outputs::open(&state.annotations).unwrap_or_else(|fault| {
                warnings.push(fault.sentence());
                hooks::Outputs::default()
            });
            let run = |hook| hooks::run(Stage::Poststop, std::slice::from_ref(hook), state, &outputs);
            let faults = hooks.iter().filter_map(|hook| run(hook).err());
            warnings.extend(faults.map(|fault| fault.sentence()));
            Ok(())
        }
    }
}

/// systemd would first ask the processes of a unit to end; ours are ended.
fn stop_unit(unit: &str, manager: &Manager, path: &Path) -> Result<()> {
    let killed = kill_until_empty(path);
    let stopped = Bus::connect(manager, unit).and_then(|mut bus| bus.stop(unit));
    // A user who has logged out has no systemd any more, and that took all units along.
    if !path.exists() {
        return Ok(());
    }
    killed.doing(|| "end its processes")?;
    stopped?;
    // Cgroups that the container has made are not systemd's, and older ones leave them.
    remove_cgroup(path).doing(|| format!("remove cgroup `{}`", path.display()))
}

fn remove_cgroup(path: &Path) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(200);
    loop {
        match fs::remove_dir(path) {
            Ok(()) => return Ok(()),
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(err) if err.kind() != io::ErrorKind::ResourceBusy || Instant::now() > until => {
                return Err(err);
            }
            Err(_) => {}
        }
        kill_all(path)?;
        for below in folders(path)? {
            // A container may have made some of its own. What cannot go now is tried again with the rest.
            let _ = remove_cgroup(&below);
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Ends all processes of a cgroup: by one write where the kernel can (v2, Linux 5.14), else one by one.
pub(crate) fn kill_all(cgroup: &Path) -> io::Result<()> {
    if fs::write(cgroup.join("cgroup.kill"), "1").is_ok() {
        return Ok(());
    }
    signal_all(cgroup, Signal::KILL)
}

/// All processes of a cgroup and those below.
pub(crate) fn pids(cgroup: &Path) -> io::Result<Vec<i32>> {
    let list = match fs::read_to_string(cgroup.join("cgroup.procs")) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        list => list?,
    };
    let mut pids: Vec<i32> = list.lines().filter_map(|line| line.parse().ok()).collect();
    for below in folders(cgroup)? {
        pids.extend(self::pids(&below)?);
    }
    Ok(pids)
}

/// Sends a signal to all processes of a cgroup and those below.
pub(crate) fn signal_all(cgroup: &Path, signal: Signal) -> io::Result<()> {
    for pid in pids(cgroup)?.into_iter().filter_map(Pid::from_raw) {
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(err) => return Err(err.into()),
        }
    }
    Ok(())
}

pub(crate) fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let folders =
        entries.filter_map(io::Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Ok(folders.map(|entry| entry.path()).collect())
}

/// The cgroup in which all of the container's processes are, if it has one.
pub(crate) fn cgroup(undo: &[Undo]) -> Option<&Path> {
    cgroups(undo).next()
}

/// The same in every hierarchy.
pub(crate) fn cgroups(undo: &[Undo]) -> impl Iterator<Item = &Path> {
    undo.iter().filter_map(|undo| match undo {
        Undo::RemoveCgroup { path, shared: false } | Undo::StopUnit { path, .. } => Some(path.as_path()),
        _ => None,
    })
}

/// Ends all processes of a cgroup, also those that are made while we end the others.
pub(crate) fn kill_until_empty(cgroup: &Path) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        kill_all(cgroup)?;
        let list = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
        if list.is_empty() {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        sleep(Duration::from_millis(1));
    }
}
