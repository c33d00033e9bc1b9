//! The host: what it is, and the view of it that all peers share.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{geteuid, getpid, set_child_subreaper};

use crate::{Result, talk};

/// Where hybrid hosts mount the empty v2 hierarchy beside v1.
pub const UNIFIED: &str = "/sys/fs/cgroup/unified";

/// Starts this program anew in a private mount namespace, and with `network` in a network namespace. Returns only if that
/// failed.
pub(crate) fn enter_private(network: bool) -> String {
    let this = match std::env::current_exe() {
        Ok(path) => path,
        Err(err) => return format!("cannot find this program: {err}"),
    };
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--mount", "--propagation", "private"])
        .args(network.then_some("--net"))
        .arg("--")
        .arg(this);
    let cause = unshare.args(std::env::args_os().skip(1)).arg("--inside").exec();
    format!("cannot start anew in private namespaces with `unshare`: {cause}")
}

/// Makes the host the same, and bearable, for all peers.
pub(crate) fn prepare() -> Result<()> {
    if !geteuid().is_root() {
        return Err("cannot start containers for all peers: needs root".into());
    }
    // crun refuses a hybrid layout, so nobody gets to see one. The tmpfs takes what crun then writes for v2's line in
    // /proc/self/cgroup; without it, that would end up in the host's own tmpfs, below its mount of v2.
    if is_hybrid() {
        talk("hybrid cgroups: `unified` is unmounted for all peers, in a mount namespace of the bench");
        unmount(UNIFIED, UnmountFlags::empty())
            .map_err(|err| format!("cannot unmount `{UNIFIED}`: {err}"))?;
        mount("tmpfs", UNIFIED, "tmpfs", MountFlags::empty(), None)
            .map_err(|err| format!("cannot mount a tmpfs on `{UNIFIED}`: {err}"))?;
    }
    // The program of a container is an orphan after `create`; like containerd's shim, we adopt it to see its end.
    set_child_subreaper(Some(getpid())).map_err(|err| format!("cannot become a subreaper: {err}"))
}

fn is_hybrid() -> bool {
    read("/proc/self/mounts").lines().any(|line| line.split(' ').nth(1) == Some(UNIFIED))
}

/// One line: processor, cores, kernel, cgroups, load.
pub(crate) fn describe() -> String {
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (kernel, load) = (read("/proc/sys/kernel/osrelease"), read("/proc/loadavg"));
    let v2 = fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap_or(false);
    format!(
        "{}, {cores} cores, Linux {}, cgroup v{}, load {}",
        model.map_or(std::env::consts::ARCH, |(_, name)| name),
        kernel.trim(),
        if v2 { 2 } else { 1 },
        load.split(' ').next().unwrap_or("?"),
    )
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
