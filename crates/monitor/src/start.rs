//! From a command to a new monitor.

use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use container::{Lock, Record, Records};
use fault::{Doing, Result};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::channel::Channel;
use crate::entry::{ADOPT, WORD};
use crate::frame::{Attach, Frame};

/// Starts a monitor, which makes the container. What it says first is whether the program runs; whoever attaches hears
/// that from its first word.
pub fn start(records: &Records, record: &Record, lock: Lock, attach: Attach) -> Result<Channel> {
    begin(records, record, lock, Some(attach))
}

/// Starts a monitor for a container that runs, and whose own is gone. Nothing is said about a start.
pub fn adopt(records: &Records, record: &Record, lock: Lock) -> Result<Channel> {
    begin(records, record, lock, None)
}

/// What a monitor is called.
pub(crate) const NAME: &str = "nagaya-monitor";

/// Variables that a monitor is to have: to find helpers of user namespaces, and systemd.
const PASSED_ON: [&str; 4] = ["PATH", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "NAGAYA_CGROUPS"];

fn begin(records: &Records, record: &Record, lock: Lock, attach: Option<Attach>) -> Result<Channel> {
    let doing = || "start the container's monitor";
    let (ours, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).doing(doing)?;
    let channel = Channel::over(ours);
    // It hears this before the program says its first word.
    attach.map_or(Ok(()), |attach| channel.say(&Frame::Attach(attach)))?;
    // It inherits these two, and nothing else. We have no other thread that could start a program now.
    inherit(&theirs, true)?;
    inherit(lock.file(), true)?;
    let variable = |name: &&str| std::env::var_os(name).map(|value| (name.to_string(), value));
    // What makes the container is a program that nobody in it can change; a command need not be.
    let sealed = launch::sealed()?;
    let own = sealed
        .as_ref()
        .map_or("/proc/self/exe".to_string(), |own| format!("/proc/self/fd/{}", own.as_raw_fd()));
    let spawned = Command::new(own)
        .arg0(NAME)
        .arg(WORD)
        .arg(theirs.as_raw_fd().to_string())
        .arg(lock.file().as_raw_fd().to_string())
        .arg(records.root())
        .arg(&record.id)
        .args(attach.is_none().then_some(ADOPT))
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(variable))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    // From here on it is the monitor's alone.
    drop(lock);
    // Nobody waits for it: it outlives us.
    spawned.map(drop).doing(doing)?;
    Ok(channel)
}

fn inherit(fd: &impl AsFd, inherited: bool) -> Result<()> {
    let flags = if inherited { FdFlags::empty() } else { FdFlags::CLOEXEC };
    fcntl_setfd(fd, flags).doing(|| "pass a descriptor on")
}
