//! One turn of one engine: wall, processor, memory, disk.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bench::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, wait};

use crate::disk::Disk;

/// What one turn took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Until the command has ended.
    pub(crate) wall: Duration,
    /// Until everything is on the disk, too.
    pub(crate) synced: Duration,
    /// Of all processes, the daemon's among them; in the kernel and outside.
    pub(crate) cpu: Duration,
    /// Largest resident memory of any one process, in bytes.
    pub(crate) memory: u64,
    /// Bytes that were taken on the disk.
    pub(crate) disk: u64,
}

/// Runs some commands, one after the other. `daemons` are processes that work for them.
pub(crate) fn turn(commands: &[Command], daemons: &dyn Fn() -> Vec<i32>, disk: &Disk) -> Result<Figures> {
    reap();
    disk.sync()?;
    daemons().into_iter().for_each(forget_peak);
    let (used, cpu) = (disk.used()?, ticks(&daemons()));
    let start = Instant::now();
    let mut memory = 0;
    for command in commands {
        memory = memory.max(run(command)?);
    }
    let wall = start.elapsed();
    disk.sync()?;
    let synced = start.elapsed();
    reap();
    let working = daemons();
    let memory = working.iter().filter_map(|pid| peak(*pid)).fold(memory, u64::max);
    Ok(Figures {
        wall,
        synced,
        cpu: Duration::from_millis(ticks(&working).saturating_sub(cpu) * 10),
        memory,
        disk: disk.used()?.saturating_sub(used),
    })
}

/// How long a command may take before it counts as hanging.
const PATIENCE: Timespec = Timespec { tv_sec: 300, tv_nsec: 0 };

/// Runs a command to its end, by time(1), which says how large it and its children have been.
fn run(command: &Command) -> Result<u64> {
    let at = |name: &str| std::env::temp_dir().join(name);
    let said = File::create(at("stderr")).map_err(|err| err.to_string())?;
    let mut timed = Command::new("time");
    timed.args(["--format", "%M", "--output"]).arg(at("memory")).arg("--");
    timed.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    timed.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
    let cannot = |err: std::io::Error| format!("cannot run `time`: {err}");
    let mut child = timed.spawn().map_err(cannot)?;
    let in_time = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
        .is_ok_and(|process| poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&PATIENCE)) != Ok(0));
    if !in_time {
        let _ = child.kill();
    }
    let status = child.wait().map_err(cannot)?;
    if !status.success() || !in_time {
        return Err(format!("{status}: {}", fs::read_to_string(at("stderr")).unwrap_or_default().trim()));
    }
    let memory = fs::read_to_string(at("memory")).unwrap_or_default();
    memory.trim().parse().map(|kib: u64| kib << 10).map_err(|_| format!("`time` said `{memory}`"))
}

/// Hundredths of a second that these processes and their children have worked, and our own children.
/// Source: proc_pid_stat(5); `CLK_TCK` is 100 on Linux.
fn ticks(daemons: &[i32]) -> u64 {
    let fields = |pid: &str| -> Vec<u64> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        fields.skip(11).take(4).filter_map(|field| field.parse().ok()).collect()
    };
    let children = fields("self").iter().skip(2).sum::<u64>();
    children + daemons.iter().flat_map(|pid| fields(&pid.to_string())).sum::<u64>()
}

/// From here on it counts anew. Source: proc_pid_clear_refs(5).
fn forget_peak(pid: i32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// Bytes.
fn peak(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok().map(|kib: u64| kib << 10)
}

/// Buries what an engine left to us, its subreaper: their work counts from then on.
fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
