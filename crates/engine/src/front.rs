//! Standing in front of a container: keys and signals go in, output comes out, until its program ends or one leaves.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use fault::{Doing, Result};
use monitor::{Channel, Exit, Frame};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use sys::signals::Signals;

use crate::DetachKeys;

/// `SIGCHLD` and `SIGWINCH`, which are about us; `SIGPIPE` and `SIGURG`, about our own connections.
pub(crate) const CHILD: i32 = 17;
pub(crate) const RESIZED: i32 = 28;
pub(crate) const OURS: [i32; 2] = [13, 23];

/// What became of standing there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The program has ended.
    Ended(Exit),
    /// The keys to leave were typed.
    Left,
    /// The monitor has gone without a word: it was killed. The container may live.
    Lost,
}

/// Standing in front of a container.
#[derive(Debug)]
pub struct Front {
    signals: Signals,
    /// Signals are the program's.
    proxy: bool,
    /// It has a terminal.
    terminal: bool,
    keys: DetachKeys,
    /// There may be more to read for it.
    typing: bool,
    /// Our own terminal's settings, to be put back.
    before: Option<Termios>,
}

impl Front {
    /// Holds signals back from here on: they are the program's. `input`: so is what is typed.
    pub fn new(terminal: bool, input: bool, proxy: bool, keys: DetachKeys) -> Result<Front> {
        sys::signals::default_sigchld();
        let signals = Signals::block().doing(|| "hold signals back")?;
        Ok(Front { signals, proxy, terminal, keys, typing: input, before: None })
    }

    /// Stands there. The program runs already.
    pub fn stand(mut self, channel: &mut Channel) -> Result<Outcome> {
        if self.terminal {
            self.pass_all_keys()?;
            tell_size(channel)?;
        }
        loop {
            while let Some(frame) = channel.heard()? {
                if let Some(outcome) = show(frame)? {
                    return Ok(outcome);
                }
            }
            if let Some(outcome) = self.turn(channel)? {
                return Ok(outcome);
            }
        }
    }

    /// Waits until something happens, and passes it on.
    fn turn(&mut self, channel: &mut Channel) -> Result<Option<Outcome>> {
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, channel.is_waiting());
        let mut fds = vec![PollFd::new(&*channel, wanted), PollFd::new(self.signals.fd(), PollFlags::IN)];
        // No more is read than the program reads.
        if self.typing && !channel.is_waiting() {
            fds.push(PollFd::from_borrowed_fd(stdin(), PollFlags::IN));
        }
        match poll(&mut fds, None) {
            Err(Errno::INTR) => return Ok(None),
            other => other.doing(|| "wait for the program")?,
        };
        let happened: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
        drop(fds);
        channel.flush()?;
        if !happened[1].is_empty() {
            self.pass_signals(channel)?;
        }
        if happened.get(2).is_some_and(|flags| !flags.is_empty()) && self.pass_input(channel)? {
            return Ok(Some(Outcome::Left));
        }
        let lost = happened[0].intersects(PollFlags::IN | PollFlags::HUP) && !channel.read()?;
        Ok(lost.then_some(Outcome::Lost))
    }

    /// True if the keys to leave were among it.
    fn pass_input(&mut self, channel: &mut Channel) -> Result<bool> {
        let mut bytes = [0; 16 * 1024];
        match rustix::io::read(stdin(), &mut bytes) {
            Ok(0) | Err(Errno::IO) => {
                self.typing = false;
                channel.say_later(&Frame::InputEnds)?;
            }
            Ok(length) => {
                let (passed, leave) = if self.terminal {
                    self.keys.take(&bytes[..length])
                } else {
                    (bytes[..length].to_vec(), false)
                };
                if !passed.is_empty() {
                    channel.say_later(&Frame::Input(passed))?;
                }
                return Ok(leave);
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(err) => return Err(err).doing(|| "read from stdin"),
        }
        Ok(false)
    }

    fn pass_signals(&self, channel: &mut Channel) -> Result<()> {
        while let Some(arrived) = self.signals.next().doing(|| "read a signal")? {
            match arrived {
                CHILD => {}
                RESIZED if self.terminal => tell_size(channel)?,
                number if OURS.contains(&number) || !self.proxy => {}
                number => channel.say_later(&Frame::Signal(number))?,
            }
        }
        Ok(())
    }

    /// Keys go to the container as they are; its own terminal makes lines and signals of them.
    fn pass_all_keys(&mut self) -> Result<()> {
        self.before = if self.typing && isatty(stdin()) { tcgetattr(stdin()).ok() } else { None };
        let Some(before) = &self.before else { return Ok(()) };
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).doing(|| "pass all keys on")
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

fn tell_size(channel: &mut Channel) -> Result<()> {
    let size = [stdin(), stdout(), stderr()].into_iter().find_map(|stream| tcgetwinsize(stream).ok());
    size.map_or(Ok(()), |size| channel.say_later(&Frame::Size(size.ws_row, size.ws_col)))
}

/// Shows what the program printed. What nobody wants to read any more is lost, and does not end it.
fn show(frame: Frame) -> Result<Option<Outcome>> {
    match frame {
        Frame::Out(bytes) => drop(write_all(stdout(), &bytes)),
        Frame::Err(bytes) => drop(write_all(stderr(), &bytes)),
        Frame::Exit(exit) => return Ok(Some(Outcome::Ended(exit))),
        Frame::Failed(fault) => return Err(*fault),
        _ => {}
    }
    Ok(None)
}

pub(crate) fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::INTR) => {}
            // Somebody has made our own stream one that does not wait.
            Err(Errno::AGAIN) => {
                let _ready = poll(&mut [PollFd::from_borrowed_fd(to.as_fd(), PollFlags::OUT)], None)?;
            }
            Err(err) => return Err(err.into()),
        }
    }
    Ok(())
}
