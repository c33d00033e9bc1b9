//! The program has ended.

use std::thread::sleep;
use std::time::{Duration, Instant};

use container::{Phase, State, back_off, now};
use fault::Result;
use launch::Ended;
use network::Networks;
use oci::ContainerId;
use sys::clone::Process;
use sys::pidfd_info::exit_status;

use super::life::Life;
use super::take_over::look_at_end;
use crate::frame::{Exit, Frame};

/// What is told of an end that nobody saw.
const UNSEEN: &str = "its monitor was killed, and nobody has seen how the program ended";
/// The exit code of such an end.
const UNKNOWN: u8 = 255;
/// How long whoever is the parent of a container that was taken over may take to wait for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is tried to write down how a program has ended, and the wait between: a disk that is full may get room.
const TRIES: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(100);
/// What may pass: `EIO`, `ENOSPC`, `EROFS`, `EDQUOT`.
const PASSES: [i32; 4] = [5, 28, 30, 122];

impl Life {
    /// Writes down how it ended, and takes back what was made. Whether, and how long from now, it starts again.
    pub(super) fn end(&mut self) -> Result<Option<Duration>> {
        let process = self.process.take();
        let ran = self.since.elapsed();
        // Nobody waits for it yet: if we are killed now, our keeper is told the same.
        let ended = self.ended.take().or_else(|| process.as_ref().and_then(look_at_end));
        self.unwatched = false;
        let code = ended.map_or(UNKNOWN, Ended::exit_code);
        self.drain();
        (self.prober, self.kill_at) = (None, None);
        self.streams = super::streams::Streams::default();
        let monitor = &mut self.monitor;
        monitor.log.end();
        let id: ContainerId = monitor.record.id.parse()?;
        let oom_killed = monitor.containers.open(&id).is_ok_and(|container| container.oom_kills() > 0);
        // Somebody may have changed what becomes of it.
        if let Ok(Some(record)) = monitor.folder.record() {
            monitor.record = record;
        }
        let left = self.disconnect_ended();
        let monitor = &mut self.monitor;
        let request = &monitor.record.request;
        let wanted = std::mem::take(&mut self.again) || request.restart.again(code, monitor.state.restarts);
        let again = wanted && !monitor.folder.is_stopped();
        let error = if ended.is_none() { UNSEEN.to_string() } else { String::new() };
        monitor.state = State {
            phase: if again { Phase::Restarting } else { Phase::Exited },
            pid: 0,
            finished: now(),
            exit_code: i32::from(code),
            restarts: monitor.state.restarts + u32::from(again),
            oom_killed,
            error,
            ..std::mem::take(&mut monitor.state)
        };
        if let Err(fault) = monitor.save() {
            // Who listens knows at least. Our keeper tries again.
            self.tell_end(code);
            return Err(fault);
        }
        if let Some(process) = &process {
            let _ = launch::ended(process);
        }
        if let Err(fault) = monitor.containers.remove_if_there(&id) {
            monitor.state.error = fault.sentence();
            let _ = monitor.save();
        }
        if oom_killed {
            monitor.records.note(&monitor.record, "oom", &[]);
        }
        monitor.records.note(&monitor.record, "die", &[("exitCode", &code.to_string())]);
        if !again {
            if request.auto_remove {
                let _ = monitor.records.remove(&monitor.record, true);
            }
            monitor.over();
        }
        self.tell_end(code);
        // Nobody waits for it; a container that shares its network would keep them otherwise.
        for interface in &left.interfaces {
            let _ = Networks::remove_interface(interface);
        }
        drop(left);
        self.waited = again.then(|| back_off(self.waited, ran));
        Ok(self.waited)
    }

    /// The last word to everybody who is attached or waits.
    fn tell_end(&mut self, code: u8) {
        let frame = Frame::Exit(Exit { code, error: self.monitor.state.error.clone() });
        let path = self.monitor.folder.path();
        for client in &mut self.monitor.clients {
            client.say(&frame, path);
            client.ends = true;
        }
    }

    /// It is not to be started again.
    pub(super) fn stays_stopped(&mut self) -> Result<()> {
        let monitor = &mut self.monitor;
        monitor.state.phase = Phase::Exited;
        monitor.state.restarts = monitor.state.restarts.saturating_sub(1);
        monitor.save()?;
        monitor.over();
        self.tell_end(u8::try_from(self.monitor.state.exit_code).unwrap_or(u8::MAX));
        Ok(())
    }
}

/// How a process ended that is not our child: the kernel tells once its parent has waited for it.
pub(super) fn see(process: &Process) -> Option<Ended> {
    let until = Instant::now() + PATIENCE;
    loop {
        match exit_status(&process.pidfd) {
            Ok(Some(status)) => return Some(Ended::of_status(status)),
            Ok(None) if Instant::now() < until => sleep(Duration::from_millis(5)),
            _ => return None,
        }
    }
}

impl super::Monitor {
    /// Writes down how it is, and tries that for a while: what is not written down is lost with us.
    pub(super) fn save(&self) -> Result<()> {
        let mut written = self.folder.write_state(&self.state);
        for _ in 0..TRIES {
            let passes = written
                .as_ref()
                .is_err_and(|fault| fault.errno().is_some_and(|errno| PASSES.contains(&errno)));
            if !passes || !self.folder.path().exists() {
                break;
            }
            sleep(BETWEEN);
            written = self.folder.write_state(&self.state);
        }
        written
    }
}
