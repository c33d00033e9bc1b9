//! Standing in front of a container: signals go in, the terminal goes both ways, the exit status comes out.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fault::{Doing, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};
use sys::clone::Process;
use sys::signals::Signals;

use crate::{Notify, signal};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

impl Ended {
    /// From the status that wait(2) gives.
    pub fn of_status(status: i32) -> Ended {
        let byte = |number: i32| u8::try_from(number & 0xff).unwrap_or(u8::MAX);
        match status & 0x7f {
            0 => Ended::Code(byte(status >> 8)),
            signal => Ended::Signal(byte(signal)),
        }
    }

    /// The status that shells and callers expect: 128 and the number for a signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Ended::Code(code) => code,
            Ended::Signal(signal) => 128_u8.saturating_add(signal),
        }
    }
}

/// How long a terminal that nobody has open is not looked at.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// `SIGCHLD` and `SIGWINCH`, which are about us.
const CHILD: i32 = 17;
const RESIZED: i32 = 28;
/// `SIGPIPE` and `SIGURG`: about our own connections, not for the program.
const OURS: [i32; 2] = [13, 23];

/// Stands in front of one container.
#[derive(Debug)]
pub struct Foreground {
    signals: Signals,
    forward: bool,
}

impl Foreground {
    /// Holds all signals back from here on: they belong to the program. To be called before the container
    /// is made, so that none gets lost between.
    pub fn new(forward: bool) -> Result<Foreground> {
        sys::signals::default_sigchld();
        Ok(Foreground { signals: Signals::block().doing(|| "hold signals back")?, forward })
    }

    /// The signals that were blocked before, as the program is to find them.
    pub fn mask(&self) -> sys::signals::Mask {
        self.signals.before()
    }

    /// Waits until the program has ended.
    pub fn wait(&self, process: &Process, terminal: Option<OwnedFd>) -> Result<Ended> {
        self.wait_and_relay(process, terminal, None)
    }

    /// The same; and when the program says that it is ready, the service manager is told so. We are the process
    /// for it to watch.
    pub fn wait_and_relay(
        &self,
        process: &Process,
        terminal: Option<OwnedFd>,
        mut notify: Option<Notify>,
    ) -> Result<Ended> {
        let mut relay = terminal.map(Relay::new).transpose()?;
        loop {
            if self.turn(process, relay.as_mut(), &mut notify)? {
                if let Some(relay) = &mut relay {
                    relay.drain();
                }
                return ended(process);
            }
        }
    }

    /// Waits until something happens, and passes it on. True if the program has ended.
    fn turn(
        &self,
        process: &Process,
        mut relay: Option<&mut Relay>,
        notify: &mut Option<Notify>,
    ) -> Result<bool> {
        let mut fds =
            vec![PollFd::new(&process.pidfd, PollFlags::IN), PollFd::new(self.signals.fd(), PollFlags::IN)];
        if let Some(relay) = &relay {
            relay.watch(&mut fds);
        }
        // Last, so that it disturbs nobody's place.
        fds.extend(notify.as_ref().map(|notify| PollFd::new(notify.fd(), PollFlags::IN)));
        let pause = relay.as_ref().filter(|relay| relay.hung).map(|_| PAUSE);
        match poll(&mut fds, pause.as_ref()) {
            Err(Errno::INTR) => return Ok(false),
            other => other.doing(|| "wait for the program")?,
        };
        let mut happened: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
        drop(fds);
        let said = notify.as_ref().and_then(|_| happened.pop()).is_some_and(|flags| !flags.is_empty());
        if said && notify.as_ref().is_some_and(|notify| notify.pass_on(our_number()).unwrap_or(true)) {
            *notify = None;
        }
        if !happened[1].is_empty() {
            self.pass_signals(process, relay.as_deref())?;
        }
        if let Some(relay) = &mut relay {
            relay.pass(&happened[2..])?;
        }
        Ok(!happened[0].is_empty())
    }

    fn pass_signals(&self, process: &Process, relay: Option<&Relay>) -> Result<()> {
        while let Some(arrived) = self.signals.next().doing(|| "read a signal")? {
            match arrived {
                CHILD => {}
                RESIZED if relay.is_some() => relay.into_iter().for_each(Relay::resize),
                number if OURS.contains(&number) || !self.forward => {}
                number => {
                    if let Some(signal) = signal::from_number(number) {
                        // It may be gone by now; then there is nobody to tell.
                        let _ = pidfd_send_signal(&process.pidfd, signal);
                    }
                }
            }
        }
        Ok(())
    }
}

fn our_number() -> i32 {
    std::process::id().cast_signed()
}

/// Waits for a child of ours that has ended, and tells how.
pub fn ended(process: &Process) -> Result<Ended> {
    let status = wait(process, WaitIdOptions::EXITED).doing(|| "read the program's exit status")?;
    Ok(status.unwrap_or(Ended::Code(u8::MAX)))
}

/// How a process has ended, if it is a child of ours. It stays to be waited for: whoever is killed meanwhile leaves it
/// to the next parent.
pub fn end_of(process: &Process) -> Result<Option<Ended>> {
    match wait(process, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
        Err(Errno::CHILD) => Ok(None),
        other => other.doing(|| "read the program's exit status"),
    }
}

fn wait(process: &Process, how: WaitIdOptions) -> std::result::Result<Option<Ended>, Errno> {
    let status = rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(process.pidfd.as_fd()), how))?;
    let byte = |number: i32| u8::try_from(number & 0xff).unwrap_or(u8::MAX);
    Ok(status.map(|status| match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ended::Code(byte(code)),
        (None, Some(signal)) => Ended::Signal(byte(signal)),
        _ => Ended::Code(u8::MAX),
    }))
}

/// Between our own terminal and the container's.
#[derive(Debug)]
struct Relay {
    terminal: OwnedFd,
    /// What was typed, and the container has not taken yet.
    typed: VecDeque<u8>,
    /// Our stdin is still open.
    typing: bool,
    /// Nobody has the container's end open: not looked at for a while.
    hung: bool,
    /// Our own terminal's settings, to be put back.
    before: Option<Termios>,
}

impl Relay {
    fn new(terminal: OwnedFd) -> Result<Relay> {
        rustix::io::ioctl_fionbio(&terminal, true).doing(|| "set the terminal up")?;
        let stdin = rustix::stdio::stdin();
        let before = if isatty(stdin) { tcgetattr(stdin).ok() } else { None };
        let relay = Relay { terminal, typed: VecDeque::new(), typing: true, hung: false, before };
        relay.resize();
        if let Some(before) = &relay.before {
            // Keys go to the container as they are; its own terminal makes lines and signals of them.
            let mut raw = before.clone();
            raw.make_raw();
            tcsetattr(stdin, OptionalActions::Now, &raw).doing(|| "pass all keys on")?;
        }
        Ok(relay)
    }

    /// The container's terminal gets the size of ours, on whichever stream that is.
    fn resize(&self) {
        let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
        if let Some(size) = streams.into_iter().find_map(|stream| tcgetwinsize(stream).ok()) {
            let _ = tcsetwinsize(&self.terminal, size);
        }
    }

    fn watch<'a>(&'a self, fds: &mut Vec<PollFd<'a>>) {
        let mut wanted = PollFlags::IN;
        if !self.typed.is_empty() {
            wanted |= PollFlags::OUT;
        }
        if !self.hung {
            fds.push(PollFd::new(&self.terminal, wanted));
        }
        // No more is taken from the keyboard than the container takes from us.
        if self.typing && self.typed.is_empty() {
            fds.push(PollFd::from_borrowed_fd(rustix::stdio::stdin(), PollFlags::IN));
        }
    }

    fn pass(&mut self, happened: &[PollFlags]) -> Result<()> {
        let (terminal, keys) = match happened.split_first() {
            Some((terminal, keys)) if !self.hung => (*terminal, keys),
            _ => (PollFlags::empty(), happened),
        };
        // The program has closed its end. It may open it again, and until then the kernel says so all the time.
        self.hung = terminal.intersects(PollFlags::HUP) && !terminal.intersects(PollFlags::IN);
        if terminal.intersects(PollFlags::IN) {
            self.show();
        }
        if keys.first().is_some_and(|flags| !flags.is_empty()) {
            self.take_keys()?;
        }
        self.hand_keys()
    }

    fn take_keys(&mut self) -> Result<()> {
        let mut bytes = [0; 4096];
        match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
            Ok(0) | Err(Errno::IO) => self.typing = false,
            Ok(length) => self.typed.extend(&bytes[..length]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(err) => return Err(err).doing(|| "read from the terminal"),
        }
        Ok(())
    }

    fn hand_keys(&mut self) -> Result<()> {
        let (front, _) = self.typed.as_slices();
        if front.is_empty() {
            return Ok(());
        }
        match rustix::io::write(&self.terminal, front) {
            Ok(length) => drop(self.typed.drain(..length)),
            Err(Errno::INTR | Errno::AGAIN) => {}
            // Nobody has the container's side open any more.
            Err(Errno::IO) => self.typed.clear(),
            Err(err) => return Err(err).doing(|| "write to the container's terminal"),
        }
        Ok(())
    }

    /// Shows what the container has written. False if there is nothing more.
    fn show(&self) -> bool {
        let mut bytes = [0; 16 * 1024];
        match rustix::io::read(&self.terminal, &mut bytes) {
            Ok(length) if length > 0 => write_all(rustix::stdio::stdout(), &bytes[..length]).is_ok(),
            Err(Errno::INTR) => true,
            _ => false,
        }
    }

    /// Shows what is left once the program has ended.
    fn drain(&mut self) {
        while self.show() {}
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, before);
        }
    }
}

fn write_all(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    let mut file = io::BufWriter::with_capacity(0, Stdout(to));
    file.write_all(bytes)
}

struct Stdout<'a>(BorrowedFd<'a>);

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
