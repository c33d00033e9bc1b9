//! What the program reads and writes.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use container::Folder;
use fault::{Doing, Result};
use rustix::event::PollFlags;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::vault::{Kept, Vault};

/// A file that the program writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Stdout,
    Stderr,
}

impl Source {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Source::Stdout => "stdout",
            Source::Stderr => "stderr",
        }
    }
}

/// What the program reads and writes.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// Its terminal, if it has one.
    terminal: Option<OwnedFd>,
    /// Nobody has the terminal open right now, and the kernel would say so all the time.
    pub(crate) hung: bool,
    outputs: Vec<(Source, OwnedFd)>,
    input: Option<OwnedFd>,
    /// What it has not read yet.
    waiting: Vec<u8>,
    /// There is no more after that.
    ends: bool,
    /// It is to see an end of what it reads, so nobody may have the other end open.
    let_go_of_input: bool,
}

impl Streams {
    /// Makes pipes, with names in the folder, and puts their ends in the place of our own streams, from where the program
    /// has them.
    ///
    /// The program has its outputs open for reading as well: so its writes do not fail when the monitor is gone.
    pub(crate) fn make(folder: &Folder, interactive: bool, terminal: bool) -> Result<Streams> {
        let doing = || "make the container's pipes";
        let mut streams = Streams::default();
        let null = open(Path::new("/dev/null"), OFlags::RDWR).doing(doing)?;
        dup2_stdin(&null).doing(doing)?;
        if terminal {
            return Ok(streams);
        }
        if interactive {
            let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC).doing(doing)?;
            rustix::io::ioctl_fionbio(&ours, true).doing(doing)?;
            dup2_stdin(&theirs).doing(doing)?;
            streams.input = Some(ours);
        }
        for source in [Source::Stdout, Source::Stderr] {
            let path = folder.path().join(source.name());
            let _ = std::fs::remove_file(&path);
            let mode = Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(CWD, &path, FileType::Fifo, mode, 0).doing(doing)?;
            streams.outputs.push((source, open(&path, OFlags::RDONLY | OFlags::NONBLOCK).doing(doing)?));
            let theirs = open(&path, OFlags::RDWR).doing(doing)?;
            match source {
                Source::Stdout => dup2_stdout(&theirs),
                Source::Stderr => dup2_stderr(&theirs),
            }
            .doing(doing)?;
        }
        Ok(streams)
    }

    /// Those of a container whose monitor has gone: what it prints waits in the pipes. `kept`: what that has left for us.
    pub(crate) fn adopt(folder: &Folder, kept: Option<Kept>) -> Streams {
        let open = |source: Source| {
            let path = folder.path().join(source.name());
            open(&path, OFlags::RDONLY | OFlags::NONBLOCK).ok().map(|fd| (source, fd))
        };
        let mut streams = Streams {
            outputs: [Source::Stdout, Source::Stderr].into_iter().filter_map(open).collect(),
            ..Streams::default()
        };
        match kept {
            Some(Kept::Terminal(terminal)) => {
                streams.input = terminal.try_clone().ok();
                (streams.terminal, streams.outputs) = (Some(terminal), Vec::new());
            }
            Some(Kept::Input(input)) => streams.input = Some(input),
            None => {}
        }
        streams
    }

    /// Whether the other end of what it reads was closed since this was asked.
    pub(crate) fn has_let_go_of_input(&mut self) -> bool {
        std::mem::take(&mut self.let_go_of_input)
    }

    /// Keeps for the next monitor what has no name.
    pub(crate) fn keep(&self, vault: &Vault) {
        vault.keep(self.terminal.as_ref().map(AsFd::as_fd), self.input.as_ref().map(AsFd::as_fd));
    }

    /// Our own streams lead nowhere again.
    pub(crate) fn let_go() -> Result<()> {
        let doing = || "let go of the container's pipes";
        let null = open(Path::new("/dev/null"), OFlags::RDWR).doing(doing)?;
        dup2_stdin(&null).and_then(|()| dup2_stdout(&null)).and_then(|()| dup2_stderr(&null)).doing(doing)
    }

    pub(crate) fn set_terminal(&mut self, terminal: Option<OwnedFd>, interactive: bool) -> Result<()> {
        let Some(terminal) = terminal else { return Ok(()) };
        rustix::io::ioctl_fionbio(&terminal, true).doing(|| "set the terminal up")?;
        self.input = interactive.then(|| terminal.try_clone()).transpose().doing(|| "set the terminal up")?;
        self.terminal = Some(terminal);
        Ok(())
    }

    pub(crate) fn has_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        if let Some(terminal) = &self.terminal {
            let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
            let _ = tcsetwinsize(terminal, size);
        }
    }

    /// What it writes to, and where that can be read.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (Source, BorrowedFd<'_>)> {
        let terminal = self.terminal.as_ref().filter(|_| !self.hung).map(|fd| (Source::Stdout, fd.as_fd()));
        let pipes = self.outputs.iter().map(|(source, fd)| (*source, fd.as_fd()));
        terminal.into_iter().chain(pipes)
    }

    /// It will write there no more.
    pub(crate) fn close(&mut self, source: Source) {
        if self.terminal.is_some() {
            self.hung = true;
        }
        self.outputs.retain(|(other, _)| *other != source);
    }

    /// Nothing is waiting to be read by it.
    pub(crate) fn takes_input(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Where it reads, if something waits for it.
    pub(crate) fn waiting_input(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let input = self.input.as_ref().filter(|_| !self.waiting.is_empty())?;
        Some((input.as_fd(), PollFlags::OUT))
    }

    /// Gives it something to read.
    pub(crate) fn input(&mut self, bytes: &[u8]) {
        if self.input.is_some() && !self.ends {
            self.waiting.extend_from_slice(bytes);
            self.hand();
        }
    }

    /// There is no more to read, once it has read what waits. A terminal does not end.
    pub(crate) fn end_input(&mut self) {
        if self.terminal.is_none() {
            self.ends = true;
            self.hand();
        }
    }

    /// Hands over as much as it takes now.
    pub(crate) fn hand(&mut self) {
        while let (Some(input), false) = (&self.input, self.waiting.is_empty()) {
            match rustix::io::write(input, &self.waiting) {
                Ok(length) => drop(self.waiting.drain(..length)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // Nobody reads it any more.
                Err(_) => {
                    self.waiting.clear();
                    self.ends |= self.terminal.is_none();
                }
            }
        }
        if self.ends && self.input.take().is_some() {
            self.let_go_of_input = true;
        }
    }
}

/// Reads what there is, as far as `bytes` has room. Nothing at an end; an empty slice if there is nothing yet.
pub(crate) fn read<'a>(from: BorrowedFd<'_>, bytes: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    bytes.clear();
    match rustix::io::read(from, rustix::buffer::spare_capacity(bytes)) {
        Ok(0) => None,
        Ok(_) => Some(bytes),
        Err(Errno::INTR | Errno::AGAIN) => Some(&[]),
        Err(_) => None,
    }
}

fn open(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    Ok(OwnedFd::from(File::from(rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, Mode::empty())?)))
}
