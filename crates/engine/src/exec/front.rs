//! Standing in front of a process of ours in a container: what is typed goes in, what it writes to a terminal comes out.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fault::{Doing, Result};
use launch::Ended;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::pidfd_send_signal;
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};
use sys::clone::{Clone, Process, Side};
use sys::signals::Signals;

use super::InFront;
use super::streams::Ends;
use crate::DetachKeys;
use crate::front::{CHILD, OURS, RESIZED, write_all};

/// What became of standing there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ended(Ended),
    Left,
}

/// How long a terminal that nobody has open is not looked at.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Standing in front of a process.
#[derive(Debug)]
pub(super) struct Front {
    process: Process,
    signals: Signals,
    terminal: Option<OwnedFd>,
    /// Nobody has the other end of the terminal open: not looked at for a while.
    hung: bool,
    ends: Ends,
    keys: DetachKeys,
    /// There may be more to read for it.
    typing: bool,
    /// What was typed, and is not taken yet.
    typed: Vec<u8>,
    /// Our own terminal's settings, to be put back.
    before: Option<Termios>,
}

impl Front {
    pub(super) fn new(
        process: Process,
        signals: Signals,
        ends: Ends,
        terminal: Option<OwnedFd>,
        how: InFront,
    ) -> Result<Front> {
        let typing = how.input && (terminal.is_some() || ends.input.is_some());
        for end in terminal.iter().chain(&ends.input) {
            rustix::io::ioctl_fionbio(end, true).doing(|| "set the streams up")?;
        }
        let (typed, keys) = (Vec::new(), how.keys);
        let mut front =
            Front { process, signals, terminal, hung: false, ends, keys, typing, typed, before: None };
        front.resize();
        if front.terminal.is_some() && typing {
            front.pass_all_keys()?;
        }
        Ok(front)
    }

    /// Stands there until it ends, or the keys to leave are typed.
    pub(super) fn stand(&mut self) -> Result<Outcome> {
        loop {
            let mut fds = vec![
                PollFd::new(&self.process.pidfd, PollFlags::IN),
                PollFd::new(self.signals.fd(), PollFlags::IN),
            ];
            let outputs: Vec<_> = self.outputs().collect();
            let outputs = if self.hung { &[][..] } else { &outputs[..] };
            fds.extend(outputs.iter().map(|(from, _)| PollFd::from_borrowed_fd(*from, PollFlags::IN)));
            let input = fds.len();
            if let Some(to) = self.input().filter(|_| !self.typed.is_empty()) {
                fds.push(PollFd::from_borrowed_fd(to, PollFlags::OUT));
            } else if self.typing {
                fds.push(PollFd::from_borrowed_fd(stdin(), PollFlags::IN));
            }
            match poll(&mut fds, self.hung.then_some(&PAUSE)) {
                Err(Errno::INTR) => continue,
                other => other.doing(|| "wait for the program")?,
            };
            let happened: Vec<_> = fds.iter().map(PollFd::revents).collect();
            drop(fds);
            let mut closed = [false; 2];
            for (at, (from, to)) in outputs.iter().enumerate() {
                closed[at] = !happened[2 + at].is_empty() && !show(*from, *to);
            }
            self.close(closed);
            if !happened[1].is_empty() {
                self.pass_signals()?;
            }
            if happened.get(input).is_some_and(|flags| !flags.is_empty()) && self.pass_input()? {
                return Ok(Outcome::Left);
            }
            if !happened[0].is_empty() {
                return self.end();
            }
        }
    }

    /// Where something comes from, and where it is to go.
    fn outputs(&self) -> impl Iterator<Item = (BorrowedFd<'_>, BorrowedFd<'static>)> {
        let out = self.terminal.as_ref().or(self.ends.output.as_ref()).map(|from| (from.as_fd(), stdout()));
        out.into_iter().chain(self.ends.errors.as_ref().map(|from| (from.as_fd(), stderr())))
    }

    fn input(&self) -> Option<BorrowedFd<'_>> {
        self.terminal.as_ref().or(self.ends.input.as_ref()).map(AsFd::as_fd)
    }

    /// Pipes that have ended are let go of. A terminal can be opened again.
    fn close(&mut self, closed: [bool; 2]) {
        self.hung = self.terminal.is_some() && closed[0];
        if self.terminal.is_some() {
            return;
        }
        // The first is that of errors, if there is no other.
        let (output, errors) = match self.ends.output {
            Some(_) => (closed[0], closed[1]),
            None => (false, closed[0]),
        };
        self.ends.output = self.ends.output.take().filter(|_| !output);
        self.ends.errors = self.ends.errors.take().filter(|_| !errors);
    }

    /// What it has written by now is shown; what others write who live on is theirs.
    fn end(&mut self) -> Result<Outcome> {
        for end in self.ends.output.iter().chain(&self.ends.errors) {
            rustix::io::ioctl_fionbio(end, true).doing(|| "read what is left")?;
        }
        for (from, to) in self.outputs() {
            while show(from, to) {}
        }
        launch::ended(&self.process).map(Outcome::Ended)
    }

    /// True if the keys to leave were among it.
    fn pass_input(&mut self) -> Result<bool> {
        if self.typed.is_empty() {
            let mut bytes = [0; 4096];
            match rustix::io::read(stdin(), &mut bytes) {
                Ok(0) | Err(Errno::IO) => self.typing = false,
                Ok(length) if self.terminal.is_some() => {
                    let (passed, leave) = self.keys.take(&bytes[..length]);
                    self.typed = passed;
                    if leave {
                        return Ok(true);
                    }
                }
                Ok(length) => self.typed.extend_from_slice(&bytes[..length]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(err) => return Err(err).doing(|| "read from stdin"),
            }
        }
        let written = match self.input() {
            Some(to) if !self.typed.is_empty() => rustix::io::write(to, &self.typed),
            _ => Ok(0),
        };
        match written {
            Ok(length) => drop(self.typed.drain(..length)),
            Err(Errno::INTR | Errno::AGAIN) => {}
            // Nobody reads it any more.
            Err(_) => (self.typing, self.typed) = (false, Vec::new()),
        }
        if !self.typing && self.typed.is_empty() {
            self.ends.input = None;
        }
        Ok(false)
    }

    fn pass_signals(&self) -> Result<()> {
        while let Some(arrived) = self.signals.next().doing(|| "read a signal")? {
            match arrived {
                RESIZED => self.resize(),
                CHILD => {}
                number if OURS.contains(&number) => {}
                number => {
                    if let Some(signal) = launch::signal_from_number(number) {
                        // It may be gone by now; then there is nobody to tell.
                        let _ = pidfd_send_signal(&self.process.pidfd, signal);
                    }
                }
            }
        }
        Ok(())
    }

    fn resize(&self) {
        let size = [stdin(), stdout(), stderr()].into_iter().find_map(|stream| tcgetwinsize(stream).ok());
        if let (Some(terminal), Some(size)) = (&self.terminal, size) {
            let _ = tcsetwinsize(terminal, size);
        }
    }

    /// Keys go in as they are; the terminal inside makes lines and signals of them.
    fn pass_all_keys(&mut self) -> Result<()> {
        self.before = if isatty(stdin()) { tcgetattr(stdin()).ok() } else { None };
        let Some(before) = &self.before else { return Ok(()) };
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).doing(|| "pass all keys on")
    }

    /// Leaves it running. Its terminal ends when nobody holds the other end, so a process of ours stays that does.
    pub(super) fn leave(mut self) -> Result<()> {
        let terminal = self.terminal.take();
        match (Clone::default()).spawn().doing(|| "leave a process for its terminal")? {
            Side::Parent(_) => Ok(()),
            Side::Child => {
                let _ = rustix::process::setsid();
                let _streams = super::Streams::none();
                let _ = drain(&self.process, terminal);
                sys::exec::end(0)
            }
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

/// Reads a terminal that nobody looks at, until the program has ended.
pub(super) fn drain(process: &Process, terminal: Option<OwnedFd>) -> Result<()> {
    let Some(terminal) = terminal else { return Ok(()) };
    let mut hung = false;
    loop {
        let mut fds = vec![PollFd::new(&process.pidfd, PollFlags::IN)];
        if !hung {
            fds.push(PollFd::new(&terminal, PollFlags::IN));
        }
        match poll(&mut fds, hung.then_some(&PAUSE)) {
            Err(Errno::INTR) => continue,
            other => other.doing(|| "wait for the program")?,
        };
        if !fds[0].revents().is_empty() {
            return Ok(());
        }
        let speaks = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
        hung = speaks && !matches!(rustix::io::read(&terminal, &mut [0; 4096]), Ok(1..));
    }
}

/// Shows what there is. False if there is nothing more for now.
fn show(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> bool {
    let mut bytes = [0; 16 * 1024];
    match rustix::io::read(from, &mut bytes) {
        // What nobody wants to read any more is lost, and does not end it.
        Ok(length @ 1..) => {
            let _ = write_all(to, &bytes[..length]);
            true
        }
        Err(Errno::INTR) => true,
        _ => false,
    }
}
