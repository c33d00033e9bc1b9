//! The last resort: what a broken runtime leaves must not stay on the machine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, Signal, kill_process};

use crate::snapshot::{cgroup_folders, processes_of};

/// Removes everything that carries the lab's name, and its folder.
pub(crate) fn remove(mark: &str, folder: &Path) {
    crate::wait::within(Duration::from_secs(2), || kill_all(mark));
    for cgroup in cgroup_folders(mark).iter().rev() {
        let _ = fs::remove_dir(cgroup);
    }
    // A folder in which something is still mounted would take the mounted files with it.
    if unmount_below(folder) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// Whether nobody was left to kill. A frozen process cannot die, so its cgroup is thawed first.
fn kill_all(mark: &str) -> bool {
    for cgroup in cgroup_folders(mark) {
        let _ = fs::write(Path::new(&cgroup).join("freezer.state"), "THAWED");
    }
    let pids = processes_of(mark);
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?)) {
        let _ = kill_process(pid, Signal::KILL);
    }
    pids.is_empty()
}

/// Whether nothing is mounted there any more.
fn unmount_below(folder: &Path) -> bool {
    let table = fs::read_to_string("/proc/self/mountinfo").expect("the mount table");
    let points = table.lines().rev().filter_map(|line| line.split(' ').nth(4));
    let below: Vec<_> = points.filter(|point| Path::new(point).starts_with(folder)).collect();
    below.iter().filter(|point| unmount(**point, UnmountFlags::DETACH).is_err()).count() == 0
}
