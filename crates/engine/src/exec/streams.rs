//! What a process gets as its standard streams: ours, as they are, unless one is a terminal. With a terminal of the
//! machine it could read what is typed there, and in `exec` without `-t` there is to be none.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fault::{Doing, Result};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stderr, stdin, stdout};
use rustix::termios::isatty;

/// Our own streams, put aside, and the other ends of what stands in their places.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Of stdin, stdout and stderr, where something else stands in its place.
    aside: [Option<OwnedFd>; 3],
    ends: Ends,
}

/// Our ends of the pipes that stand for terminals.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) input: Option<OwnedFd>,
    pub(super) output: Option<OwnedFd>,
    pub(super) errors: Option<OwnedFd>,
}

impl Streams {
    /// Nothing at all.
    pub(super) fn none() -> Result<Streams> {
        let mut streams = Streams::default();
        for at in 0..3 {
            streams.put(at, &null()?)?;
        }
        Ok(streams)
    }

    /// Ours. `input`: what is typed, too.
    pub(super) fn pass_on(input: bool) -> Result<Streams> {
        let mut streams = Streams::default();
        if !input {
            streams.put(0, &null()?)?;
        } else if isatty(stdin()) {
            let (theirs, ours) = pipe()?;
            streams.put(0, &theirs)?;
            streams.ends.input = Some(ours);
        }
        if isatty(stdout()) {
            let (ours, theirs) = pipe()?;
            streams.put(1, &theirs)?;
            streams.ends.output = Some(ours);
        }
        if isatty(stderr()) {
            let (ours, theirs) = pipe()?;
            streams.put(2, &theirs)?;
            streams.ends.errors = Some(ours);
        }
        Ok(streams)
    }

    fn put(&mut self, at: usize, stream: &OwnedFd) -> Result<()> {
        let own = [stdin(), stdout(), stderr()][at];
        // A closed one is open on something by now: the standard library sees to that.
        self.aside[at] = Some(rustix::io::fcntl_dupfd_cloexec(own, 3).doing(|| "put a stream aside")?);
        set(at, stream.as_fd())
    }

    /// Puts our own streams back into their places.
    pub(super) fn put_back(mut self) -> Result<Ends> {
        self.aside_back()?;
        Ok(std::mem::take(&mut self.ends))
    }

    fn aside_back(&mut self) -> Result<()> {
        (0..3).try_for_each(|at| match self.aside[at].take() {
            Some(own) => set(at, own.as_fd()),
            None => Ok(()),
        })
    }
}

fn set(at: usize, stream: BorrowedFd<'_>) -> Result<()> {
    match at {
        0 => dup2_stdin(stream),
        1 => dup2_stdout(stream),
        _ => dup2_stderr(stream),
    }
    .doing(|| "put a stream in its place")
}

fn null() -> Result<OwnedFd> {
    rustix::fs::openat(CWD, "/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .doing(|| "open `/dev/null`")
}

/// The end to read from, and the one to write to.
fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    pipe_with(PipeFlags::CLOEXEC).doing(|| "make a pipe for a stream")
}
