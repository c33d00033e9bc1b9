//! Cgroups: made, limited and joined.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use cgroup::{Absent, Rule};
use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::Hands;

impl Hands<'_> {
    /// Makes a cgroup, and opens where processes are put into it: the child may not be able to.
    pub(super) fn make_cgroup(&mut self, path: &Path, inherit_cpuset: bool, shared: bool) -> Result<()> {
        make(path)?;
        if inherit_cpuset {
            inherit(path)?;
        }
        // With the clone still ahead, the child inherits what we open now, and may not be able to itself.
        if !shared && self.pid == 0 {
            match open_tasks(path) {
                Ok(tasks) => drop(self.tasks.insert(path.to_path_buf(), tasks)),
                // Not v1: the child is born in its cgroup.
                Err(Errno::NOENT) => {}
                Err(err) => return Err(err).doing(|| "open its tasks"),
            }
        }
        Ok(())
    }

    /// Puts this process into its cgroups. `0` is whoever writes; to `tasks` rather than `cgroup.procs`,
    /// because one thread that moves itself needs no lock against all forks of the system
    /// (`cgroup_attach_lock` in kernel/cgroup/cgroup.c).
    pub(super) fn join_cgroups(&mut self, paths: &[PathBuf]) -> Result<()> {
        for path in paths {
            let doing = || format!("join cgroup `{}`", path.display());
            let tasks = self.tasks.remove(path).map_or_else(|| open_tasks(path), Ok).doing(doing)?;
            rustix::io::write(&tasks, b"0").doing(doing)?;
        }
        self.tasks.clear();
        Ok(())
    }
}

fn open_tasks(cgroup: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(cgroup.join("tasks"), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
}

fn make(path: &Path) -> Result<()> {
    let doing = || format!("make cgroup `{}`", path.display());
    match fs::create_dir(path) {
        // A parent can go in the very moment in which the last container below another one is removed.
        Err(err) if err.kind() == io::ErrorKind::NotFound => fs::create_dir_all(path).doing(doing),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(err) if err.kind() == io::ErrorKind::ReadOnlyFilesystem => Err(err)
            .doing(doing)
            .map_err(|fault| fault.hint("cgroups are mounted read-only here; are we in a container?")),
        other => other.doing(doing),
    }
}

/// A new cgroup of v1's cpuset has no processors and no memory until it is told; then nobody can be in it.
/// Those above it may be as new, made by whoever.
fn inherit(path: &Path) -> Result<()> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        inherit_file(path, file).doing(|| format!("copy `{}` from above", path.join(file).display()))?;
    }
    Ok(())
}

fn inherit_file(path: &Path, file: &str) -> io::Result<String> {
    let own = fs::read_to_string(path.join(file))?;
    if !own.trim().is_empty() {
        return Ok(own);
    }
    let from_above = inherit_file(path.parent().ok_or(io::ErrorKind::NotFound)?, file)?;
    fs::write(path.join(file), from_above.trim())?;
    Ok(from_above)
}

/// Passes all controllers that the kernel has on to the cgroups below: those that are not needed for a
/// limit are for counting, and are left out where that does not work.
pub(super) fn enable_controllers(path: &Path, needed: &[String]) -> Result<()> {
    let control = path.join("cgroup.subtree_control");
    let doing = || format!("write `{}`", control.display());
    let list = |file: &Path| fs::read_to_string(file).doing(|| format!("read `{}`", file.display()));
    let (there, enabled) = (list(&path.join("cgroup.controllers"))?, list(&control)?);
    if let Some(missing) = needed.iter().find(|name| !there.split_whitespace().any(|have| have == *name)) {
        return Err(Fault::new(Kind::Unavailable, format!("enable `{missing}` below `{}`", path.display()))
            .because("the cgroup above does not pass this controller on")
            .hint("for an ordinary user: `systemctl edit user@.service` and set `Delegate=cpu cpuset io memory pids`"));
    }
    for name in there.split_whitespace().filter(|name| !enabled.split_whitespace().any(|on| on == *name)) {
        let written = fs::write(&control, format!("+{name}"));
        if needed.iter().any(|needed| needed == name) {
            written.doing(doing).map_err(|fault| {
                fault.or_hint(Some(
                    "a cgroup with processes of its own cannot pass controllers on".to_string(),
                ))
            })?;
        }
    }
    Ok(())
}

/// Sets one limit.
pub(crate) fn write(path: &Path, file: &str, value: &str, field: &str, absent: &Absent) -> Result<()> {
    let written = match (fs::write(path.join(file), value), absent) {
        (Err(err), Absent::Skip) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        (Err(err), Absent::Instead { file, value }) if err.kind() == io::ErrorKind::NotFound => {
            fs::write(path.join(file), value)
        }
        (written, _) => written,
    };
    written.doing(|| format!("use `{field}`")).map_err(|fault| with_hint(fault, file, value))
}

fn with_hint(fault: Fault, file: &str, value: &str) -> Fault {
    match fault.errno().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) if file.contains("swap") || file.contains("memsw") => {
            fault.hint("this kernel does not count swap; leave `linux.resources.memory.swap` out")
        }
        Some(Errno::NOENT) => fault.hint(format!("this kernel has no `{file}`")),
        Some(Errno::BUSY) if file.starts_with("memory.") => fault.hint("more than that is in use"),
        Some(Errno::NODEV) => fault.hint(format!("this machine has no such device: `{value}`")),
        Some(Errno::INVAL) => fault.hint(format!("the kernel does not take `{value}` for `{file}`")),
        _ => fault,
    }
}

/// Attaches a program that decides about devices; it lives as long as the cgroup.
pub(super) fn attach_device_rules(path: &Path, rules: &[Rule]) -> Result<()> {
    let directory = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open cgroup `{}`", path.display()))?;
    let instruction =
        |(code, registers, offset, immediate)| sys::bpf::Instruction { code, registers, offset, immediate };
    let program: Vec<_> = cgroup::program(rules).into_iter().map(instruction).collect();
    let program = sys::bpf::load_device_program(&program).doing(|| "load the program for device rules")?;
    sys::bpf::attach_device_program(program.as_fd(), directory.as_fd()).doing(|| "attach it to the cgroup")
}
