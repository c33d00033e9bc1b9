//! A `journalctl` at work.

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ChildStdout, Command, Stdio};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{OFlags, fcntl_setfl};

use super::entry::{Entry, entry};

/// All that it is asked for, besides which entries. Export has every byte as it was.
const OPTIONS: [&str; 4] = [
    "--no-pager",
    "--quiet",
    "--output=export",
    "--output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE,_SOURCE_REALTIME_TIMESTAMP",
];
/// Read at once.
const PART: usize = 8 << 10;
/// Bytes of an entry. Ours have less than 20,000.
const LONGEST: usize = 1 << 20;

/// A `journalctl` at work. It does not outlive this.
#[derive(Debug)]
pub(super) struct Reader {
    child: Child,
    output: ChildStdout,
    /// What it has said, but is not given away yet.
    bytes: Vec<u8>,
    /// Of `bytes`: what is before has been given away.
    start: usize,
    stopped: bool,
}

/// What it has for us.
pub(super) enum Next {
    Entry(Entry),
    Later,
    Ended,
}

impl Reader {
    /// If it `follows`, it ends only when it is stopped, and what is not there yet is not waited for.
    ///
    /// # Errors
    /// `NotFound` if there is no `journalctl`.
    pub(super) fn start(which: &[String], follows: bool) -> Result<Reader> {
        let mut command = Command::new("journalctl");
        command.args(OPTIONS).args(which);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let doing = || "run `journalctl`";
        let mut child = command.spawn().doing(doing).map_err(|fault| match fault.kind() {
            Kind::NotFound => {
                fault.hint("its log is in systemd's journal, which only systemd's own `journalctl` can read")
            }
            _ => fault,
        })?;
        let output = child.stdout.take().ok_or_else(|| Fault::new(Kind::Failed, doing()))?;
        if follows {
            fcntl_setfl(&output, OFlags::NONBLOCK).doing(doing)?;
        }
        Ok(Reader { child, output, bytes: Vec::new(), start: 0, stopped: false })
    }

    /// There is something to read when there is more.
    pub(super) fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }

    pub(super) fn next(&mut self) -> Result<Next> {
        loop {
            if let Some((entry, length)) = entry(&self.bytes[self.start..])? {
                self.start += length;
                return Ok(Next::Entry(entry));
            }
            self.bytes.drain(..std::mem::take(&mut self.start));
            let doing = || "read the journal";
            if self.bytes.len() > LONGEST {
                return Err(Fault::new(Kind::Invalid, doing()).because("it has an entry of more than 1 MiB"));
            }
            let mut part = [0; PART];
            match self.output.read(&mut part) {
                Ok(0) => return Ok(Next::Ended),
                Ok(count) => self.bytes.extend_from_slice(&part[..count]),
                Err(err) if err.kind() == ErrorKind::WouldBlock => return Ok(Next::Later),
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err).doing(doing),
            }
        }
    }

    /// It is to end. What it has said by now can still be read.
    pub(super) fn stop(&mut self) -> Result<()> {
        let doing = || "end `journalctl`";
        self.stopped = true;
        self.child.kill().doing(doing)?;
        self.child.wait().map(drop).doing(doing)
    }

    /// How it has ended: true if it was stopped.
    ///
    /// # Errors
    /// What it complains about.
    pub(super) fn check(&mut self) -> Result<bool> {
        let doing = || "run `journalctl`";
        let status = self.child.wait().doing(doing)?;
        if self.stopped {
            return Ok(true);
        }
        if status.success() {
            let cut_off =
                || Fault::new(Kind::Failed, doing()).because("it has ended in the middle of an entry");
            return if self.bytes.is_empty() { Ok(false) } else { Err(cut_off()) };
        }
        let mut said = String::new();
        let complaints = self.child.stderr.take();
        let _ = complaints.map(|complaints| complaints.take(PART as u64).read_to_string(&mut said));
        let first = said.lines().find(|line| !line.is_empty());
        Err(Fault::new(Kind::Failed, doing()).because(first.unwrap_or("it has failed")))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
