//! Who stands behind a monitor: its parent, which waits, and does nothing else. Whatever ends the monitor, the kernel
//! hands the container's first process to its keeper, with its exit code; the keeper then is the monitor.
//!
//! ```text
//! keeper ── monitor ── the container's first process
//! keeper ───────────── the container's first process      once the monitor is killed
//! ```

use fault::{Doing, Result};
use launch::Ended;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};
use sys::clone::{Clone, Process, Side};

/// Who a process is to be.
#[derive(Debug)]
pub(crate) enum Role {
    /// The monitor.
    Monitor,
    /// The monitor: the one before was killed, or could not go on.
    Successor(Seen),
    /// Nobody: the monitor is done.
    Done,
}

/// Processes that a keeper has seen the end of, the last ones only.
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<(i32, Ended)>);

/// How long nobody counts memory.
const SOON: Timespec = Timespec { tv_sec: 0, tv_nsec: 300_000_000 };
/// Ends that are kept: between that of the monitor and that of the container's first process there are few others.
const KEPT: usize = 16;

impl Seen {
    pub(crate) fn of(&self, pid: i32) -> Option<Ended> {
        self.0.iter().rev().find(|(other, _)| *other == pid).map(|(_, ended)| *ended)
    }

    fn push(&mut self, pid: i32, ended: Ended) {
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push((pid, ended));
    }
}

/// Makes the process that is the monitor, and waits behind it. Returns in both; in the keeper, once the monitor has ended.
/// `leave` closes, in the keeper, what only a monitor may have open.
pub(crate) fn stand_behind(leave: impl FnOnce()) -> Result<Role> {
    let doing = || "stand behind the container's monitor";
    set_child_subreaper(Some(getpid())).doing(doing)?;
    let monitor = match Clone::default().spawn().doing(doing)? {
        Side::Child => return Ok(Role::Monitor),
        Side::Parent(monitor) => monitor,
    };
    leave();
    let _ = rustix::thread::set_name(c"nagaya-keeper");
    // What is over soon needs its processor more than this memory.
    let soon = poll(&mut [PollFd::new(&monitor.pidfd, PollFlags::IN)], Some(&SOON));
    if soon == Ok(0) {
        sys::memory::give_back();
    }
    let mut seen = Seen::default();
    let ended = until_end(&monitor, &mut seen).doing(doing)?;
    // Who is left alone from here on is init's.
    set_child_subreaper(None).doing(doing)?;
    if ended == Ended::Code(0) {
        return Ok(Role::Done);
    }
    let _ = rustix::thread::set_name(c"nagaya-monitor");
    Ok(Role::Successor(seen))
}

/// Waits for the monitor's end. Where a container has no pid namespace of its own, its orphans are the keeper's. The
/// container's first process comes to the keeper when its monitor has ended: it may be among those that were seen.
fn until_end(monitor: &Process, seen: &mut Seen) -> rustix::io::Result<Ended> {
    loop {
        let ended = rustix::io::retry_on_intr(|| wait(WaitOptions::empty()))?;
        let Some((pid, status)) = ended else { continue };
        let (pid, ended) = (pid.as_raw_nonzero().get(), Ended::of_status(status.as_raw()));
        if pid == monitor.pid {
            return Ok(ended);
        }
        seen.push(pid, ended);
    }
}
