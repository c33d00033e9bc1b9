//! A container is taken over whose monitor has gone.

use std::time::Instant;

use container::{Attached, Phase, State};
use fault::{Fault, Kind, Result};
use launch::Ended;
use oci::ContainerId;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use sys::clone::Process;

use super::health::Prober;
use super::life::Life;
use super::log::Log;
use super::streams::Streams;
use crate::keeper::Seen;

/// How it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Its program runs, or its end is still to be dealt with.
    Watch,
    /// Its program is to be started again.
    Again,
    /// There is nothing more to do.
    Nothing,
}

impl Life {
    /// Takes a container over that runs, and whose monitor and keeper have gone.
    pub(super) fn adopt(&mut self, process: Option<Process>) -> Result<()> {
        let gone =
            || Fault::new(Kind::WrongState, "take the container over").because("its program has ended");
        self.watch(process.ok_or_else(gone)?)
    }

    fn watch(&mut self, process: Process) -> Result<()> {
        self.take_streams()?;
        let attached = Attached::now(&self.monitor.record, self.monitor.records.root())?;
        // Without answers and ports it lives on; the next who takes it over tries again.
        let _ = self.answer_names_again(&attached);
        let _ = self.republish_again(attached);
        (self.process, self.since) = (Some(process), Instant::now());
        self.streams.keep(&self.monitor.vault);
        self.prober = Prober::begin(&mut self.monitor);
        self.monitor.folder.write_state(&self.monitor.state)
    }

    /// What it has printed, and prints.
    fn take_streams(&mut self) -> Result<()> {
        let monitor = &mut self.monitor;
        monitor.log = Log::of(&monitor.record, monitor.folder.log())?;
        self.streams = Streams::adopt(&monitor.folder, monitor.vault.take());
        Ok(())
    }

    /// Goes on where the monitor before was ended.
    pub(super) fn take_over(&mut self, seen: &Seen, held: Option<Process>) -> Result<Next> {
        let (phase, pid) = (self.monitor.state.phase, self.monitor.state.pid);
        match phase {
            Phase::Running => {
                if let Some(process) = own_child(pid).or(held).filter(|_| seen.of(pid).is_none()) {
                    self.watch(process)?;
                } else {
                    self.take_streams()?;
                    (self.ended, self.unwatched) = (seen.of(pid), true);
                }
                Ok(Next::Watch)
            }
            Phase::Restarting => Ok(Next::Again),
            Phase::Created | Phase::Exited | Phase::Removing => self.finish().map(|()| Next::Nothing),
        }
    }

    /// Its start was cut off, or its end: what is left of that is taken back.
    fn finish(&mut self) -> Result<()> {
        let monitor = &mut self.monitor;
        let id: ContainerId = monitor.record.id.parse()?;
        if monitor.containers.folder(&id).path().exists() {
            let runs =
                monitor.containers.open(&id).is_ok_and(|one| one.first().is_ok_and(|one| one.is_some()));
            monitor.containers.remove_if_there(&id)?;
            container::detach(&monitor.record, monitor.records.root())?;
            if runs {
                monitor.state = State { error: CUT_OFF.to_string(), ..std::mem::take(&mut monitor.state) };
                monitor.save()?;
            }
        }
        let removed = monitor.state.phase == Phase::Removing;
        if removed || monitor.record.request.auto_remove {
            monitor.records.remove(&monitor.record, !removed)?;
        }
        Ok(())
    }
}

/// What is told of a start that was not finished.
const CUT_OFF: &str = "its monitor was killed while it was being started";

/// A child of ours, even if it has ended: until somebody waits for it, its number is nobody else's.
fn own_child(pid: i32) -> Option<Process> {
    let number = Pid::from_raw(pid)?;
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(number), look).ok()?;
    let pidfd = pidfd_open(number, PidfdFlags::empty()).ok()?;
    Some(Process { pid, pidfd })
}

/// How a process has ended; it stays to be waited for if it is a child of ours.
pub(super) fn look_at_end(process: &Process) -> Option<Ended> {
    launch::end_of(process).ok().flatten().or_else(|| super::end::see(process))
}
