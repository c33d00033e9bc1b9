//! Ending a container's program, and waiting for that.

use std::time::{Duration, Instant};

use container::Folder;
use fault::{Doing, Fault, Kind, Result};
use monitor::{Channel, Frame};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::{Engine, Status, View};

/// Seconds until `stop` kills, unless somebody says something else.
const TIMEOUT: i64 = 10;
/// How long the kernel may take to end a container that was killed.
const KILLED: Duration = Duration::from_secs(30);
/// How long a monitor may take until it answers, and the wait between two tries.
const TAKES_OVER: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(5);

impl Engine {
    /// Sends a signal to its first process. SIGKILL leaves it no choice, so its end is waited for: the next command, which
    /// may be `rm`, finds it ended.
    ///
    /// # Errors
    /// `WrongState`, in Docker's words, if it does not run.
    pub fn kill(&self, view: &View, signal: Signal) -> Result<()> {
        let doing = || format!("kill container `{}`", view.record.name);
        let container = self.running(view).map_err(|fault| {
            let cause =
                format!("Cannot kill container: {}: {}", view.record.name, fault.cause().unwrap_or_default());
            fault.during(doing()).because(cause)
        })?;
        // Who kills it does not want it to come back.
        if signal == Signal::KILL || signal == container::stop_signal(&view.record.request)? {
            view.folder.set_stopped(true)?;
        }
        if signal == Signal::KILL {
            rouse(view);
        }
        // Who hears of its end listens before it comes. One that has just taken over does not answer yet.
        let end = (signal == Signal::KILL).then(|| self.to_monitor(view));
        container.kill(signal, false).map_err(|fault| fault.during(doing()))?;
        self.note_kill(view, signal);
        match end.transpose()?.flatten().map(|mut end| until_end(&mut end, Some(KILLED))) {
            None | Some(Ok(Some(_))) => Ok(()),
            Some(ended) => ended.and(Err(stuck(doing()))),
        }
    }

    fn note_kill(&self, view: &View, signal: Signal) {
        self.records.note(&view.record, "kill", &[("signal", &signal.as_raw().to_string())]);
    }

    /// Asks its program to end, and ends it after a while: `timeout` seconds, or as it was asked for; less than 0 for
    /// never. One that does not run is left alone.
    pub fn stop(&self, view: &View, signal: Option<Signal>, timeout: Option<i64>) -> Result<()> {
        if self.end(view, signal, timeout)? {
            self.records.note(&view.record, "stop", &[]);
        }
        Ok(())
    }

    /// False if it did not run.
    pub(crate) fn end(&self, view: &View, signal: Option<Signal>, timeout: Option<i64>) -> Result<bool> {
        let doing = || format!("stop container `{}`", view.record.name);
        if matches!(view.status, Status::Created | Status::Exited | Status::Removing) {
            return Ok(false);
        }
        view.folder.set_stopped(true)?;
        rouse(view);
        let Some(mut end) = self.to_monitor(view)? else { return Ok(false) };
        end.say_later(&Frame::Stay)?;
        let signal = signal.map_or_else(|| container::stop_signal(&view.record.request), Ok)?;
        let timeout = timeout.or(view.record.request.stop_timeout).unwrap_or(TIMEOUT);
        let limit = u64::try_from(timeout).ok().map(Duration::from_secs);
        self.send(view, signal, false, &mut end)?;
        if view.status == Status::Paused
            && let Ok(container) = self.running(view)
        {
            let _ = container.resume();
        }
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            match until_end(&mut end, left).map_err(|fault| fault.during(doing()))? {
                Some(Some(_)) => return Ok(true),
                // The monitor was killed: another one knows the end, or it was seen already.
                Some(None) => match self.to_monitor(view)? {
                    Some(next) => end = next,
                    None => return Ok(true),
                },
                None => break,
            }
        }
        view.folder.note_stop(&stubborn(view.state.pid, signal, timeout));
        self.send(view, Signal::KILL, true, &mut end)?;
        match until_end(&mut end, Some(KILLED))? {
            Some(_) => Ok(true),
            None => Err(stuck(doing())),
        }
    }

    /// Sends a signal to what may have ended in this moment, or is about to start again. Where we cannot, its monitor does.
    fn send(&self, view: &View, signal: Signal, all: bool, monitor: &mut Channel) -> Result<()> {
        let sent = self.running(view).and_then(|container| container.kill(signal, all));
        if sent.is_err() {
            monitor.say_later(&Frame::Signal(signal.as_raw()))?;
        }
        if sent.is_ok() || sent.is_err_and(|fault| fault.kind() != Kind::WrongState) {
            self.note_kill(view, signal);
        }
        Ok(())
    }

    /// Waits until its program does not run any more; tells the exit code.
    pub fn wait(&self, view: &View) -> Result<i32> {
        if matches!(view.status, Status::Created | Status::Exited) {
            return Ok(view.state.exit_code);
        }
        let Some(mut end) = self.to_monitor(view)? else { return last_code(&view.folder) };
        loop {
            match until_end(&mut end, None)? {
                Some(Some(code)) => return Ok(code),
                // The monitor was killed, and another one takes over; or all of it is over.
                _ => match self.to_monitor(view)? {
                    Some(next) => end = next,
                    None => return last_code(&view.folder),
                },
            }
        }
    }

    /// Goes to the monitor of a container that runs. One that begins, or takes over, in this moment is waited for. Nothing
    /// if it does not run any more.
    pub(crate) fn to_monitor(&self, view: &View) -> Result<Option<Channel>> {
        let until = Instant::now() + TAKES_OVER;
        loop {
            if let Some(channel) = monitor::connect(&view.folder)? {
                return Ok(Some(channel));
            }
            let now = match self.find(&view.record.id) {
                Err(fault) if fault.kind() == Kind::NotFound => return Ok(None),
                now => now?,
            };
            if !now.status.is_up() && now.status != Status::Restarting {
                return Ok(None);
            }
            if Instant::now() > until {
                return Err(Fault::new(Kind::Unavailable, format!("reach container `{}`", view.record.name))
                    .because("its monitor does not answer"));
            }
            std::thread::sleep(MOMENT);
        }
    }
}

/// A monitor that somebody has stopped would not tell the end.
fn rouse(view: &View) {
    if monitor::is_still(view.state.monitor) {
        monitor::wake(&view.record.id);
    }
}

/// Why it had to be killed.
fn stubborn(pid: i32, signal: Signal, seconds: i64) -> String {
    let name = launch::signal_name(signal.as_raw());
    let why = match handles(pid, signal) {
        Some(false) => "its first process has no handler for it: --init, or a handler",
        _ => "its first process has a handler, which takes longer or does something else",
    };
    format!("it did not end within {seconds} s of {name}, and was killed; {why}")
}

/// Whether a process handles a signal; nothing if it is gone. A container's first process ends by no signal that it does
/// not handle. Source: proc_pid_status(5), `SigCgt`; pid_namespaces(7).
pub fn handles(pid: i32, signal: Signal) -> Option<bool> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask & (1 << u32::try_from(signal.as_raw() - 1).ok()?) != 0)
}

fn stuck(doing: String) -> Fault {
    Fault::new(Kind::Unavailable, doing)
        .because("it was killed, and has not ended: the kernel waits for a disk or a device")
}

fn last_code(folder: &Folder) -> Result<i32> {
    folder.state().map(|state| state.exit_code)
}

/// Waits for the end. Nothing if it did not come in time; without a code, if the monitor did not tell it.
#[expect(clippy::option_option, reason = "the end, and what is known of it")]
fn until_end(channel: &mut Channel, limit: Option<Duration>) -> Result<Option<Option<i32>>> {
    let until = limit.and_then(|limit| Instant::now().checked_add(limit));
    loop {
        while let Some(frame) = channel.heard()? {
            if let Frame::Exit(exit) = frame {
                return Ok(Some(Some(i32::from(exit.code))));
            }
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        let mut fds = [PollFd::new(channel, PollFlags::IN)];
        match poll(&mut fds, left.as_ref()) {
            Ok(0) => return Ok(None),
            Ok(_) if !channel.read()? => return Ok(Some(None)),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(err) => return Err(err).doing(|| "wait for its end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_seen() {
        let own = std::process::id().cast_signed();
        assert_eq!(handles(own, Signal::SEGV), Some(true), "Rust catches SIGSEGV");
        assert_eq!(handles(own, Signal::USR2), Some(false));
        assert!(stubborn(own, Signal::USR2, 3).contains("no handler"));
        assert!(
            stubborn(own, Signal::SEGV, 3)
                .contains("SIGSEGV, and was killed; its first process has a handler")
        );
    }
}
