//! Pipes that bytes go through on their way from one connection to another.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{Shutdown, shutdown};
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};

/// Empty pipes that are kept for the next bytes, so that a connection on which nothing moves has none.
const KEPT: usize = 4;
/// Bytes that are asked for at once: more than a pipe holds.
const PART: usize = 1 << 20;
/// Parts that one direction moves before others have their turn.
const IN_ONE_TURN: usize = 16;

#[derive(Debug)]
struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
}

/// Empty pipes.
#[derive(Debug, Default)]
pub(crate) struct Pipes(Vec<Pipe>);

impl Pipes {
    fn take(&mut self) -> io::Result<Pipe> {
        if let Some(pipe) = self.0.pop() {
            return Ok(pipe);
        }
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Pipe { out, into })
    }

    fn put_back(&mut self, pipe: Pipe) {
        if self.0.len() < KEPT {
            self.0.push(pipe);
        }
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    /// Bytes that were read and not yet written, and where they are. Until they are written, nothing more is read: who does
    /// not read holds back who writes to him.
    waiting: Option<(Pipe, usize)>,
    /// Its source has said that there is no more.
    ended: bool,
    /// Its destination was told so.
    told: bool,
}

impl Direction {
    pub(crate) fn wants_to_read(&self) -> bool {
        self.waiting.is_none() && !self.ended
    }

    pub(crate) fn wants_to_write(&self) -> bool {
        self.waiting.is_some()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.told
    }

    /// Moves what can be moved now.
    ///
    /// # Errors
    /// The connection is broken.
    pub(crate) fn move_on(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        pipes: &mut Pipes,
    ) -> io::Result<()> {
        for _ in 0..IN_ONE_TURN {
            let moved = match self.waiting.take() {
                Some((pipe, left)) => self.write(pipe, left, to, pipes)?,
                None if self.ended => false,
                None => self.read(from, pipes)?,
            };
            if !moved {
                break;
            }
        }
        if self.ended && self.waiting.is_none() && !self.told {
            self.told = true;
            match shutdown(to, Shutdown::Write) {
                // It has gone by itself.
                Ok(()) | Err(Errno::NOTCONN) => {}
                Err(err) => return Err(err.into()),
            }
        }
        Ok(())
    }

    fn read(&mut self, from: BorrowedFd<'_>, pipes: &mut Pipes) -> io::Result<bool> {
        let pipe = pipes.take()?;
        match moved(from, pipe.into.as_fd(), PART)? {
            None => pipes.put_back(pipe),
            Some(0) => {
                self.ended = true;
                pipes.put_back(pipe);
            }
            Some(length) => {
                self.waiting = Some((pipe, length));
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write(&mut self, pipe: Pipe, left: usize, to: BorrowedFd<'_>, pipes: &mut Pipes) -> io::Result<bool> {
        let written = moved(pipe.out.as_fd(), to, left)?;
        let left = left - written.unwrap_or(0);
        if left == 0 {
            pipes.put_back(pipe);
        } else {
            self.waiting = Some((pipe, left));
        }
        Ok(written.is_some())
    }
}

/// Bytes that were moved; nothing if none can be now.
fn moved(from: BorrowedFd<'_>, to: BorrowedFd<'_>, most: usize) -> io::Result<Option<usize>> {
    loop {
        match splice(from, None, to, None, most, SpliceFlags::MOVE | SpliceFlags::NONBLOCK) {
            Ok(length) => return Ok(Some(length)),
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(err) => return Err(err.into()),
        }
    }
}
