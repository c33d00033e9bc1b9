//! What a daemon and its containers leave in the kernel and in `/proc`, and its removal.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

const CGROUPS: &str = "/sys/fs/cgroup";

/// The cgroups called `name`: one per hierarchy with v1, one with v2.
pub fn cgroups(name: &str) -> Vec<PathBuf> {
    let hierarchies = folders(Path::new(CGROUPS)).into_iter().chain([CGROUPS.into()]);
    hierarchies.map(|hierarchy| hierarchy.join(name)).filter(|path| path.is_dir()).collect()
}

/// The folders in a folder.
pub fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir() && !path.is_symlink()).collect()
}

/// Kills what is in a cgroup and below, and removes it.
pub fn remove_cgroup(path: &Path) {
    for below in folders(path) {
        remove_cgroup(&below);
    }
    let gone = crate::wait::poll(|| {
        let procs = fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
        procs.lines().filter_map(|line| line.parse().ok()).for_each(kill);
        (fs::remove_dir(path).is_ok() || !path.exists()).then_some(())
    });
    assert!(gone.is_some(), "cannot remove cgroup `{}`", path.display());
}

/// The processes that have `text` in their command line.
pub fn processes(text: &str) -> Vec<(i32, String)> {
    let pids =
        folders(Path::new("/proc")).into_iter().filter_map(|path| path.file_name()?.to_str()?.parse().ok());
    pids.filter_map(|pid: i32| {
        let line = String::from_utf8(fs::read(format!("/proc/{pid}/cmdline")).ok()?).ok()?.replace('\0', " ");
        line.contains(text).then_some((pid, line))
    })
    .collect()
}

/// The mount points that a process sees.
pub fn mounts(pid: &str) -> Vec<String> {
    let table = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
    table.lines().filter_map(|line| line.split(' ').nth(4)).map(str::to_string).collect()
}

/// Ends one process. That it may be gone already is fine.
pub fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
