//! What systemd's journal has kept of a container, by `journalctl`: its files have no other stable way in.
//!
//! What was there is read first, then what comes, from the last entry on. Once the container has ended, the journal is
//! asked to take in what it was sent, and what came last is read.

mod entry;
mod reader;

use std::fs;
use std::os::fd::BorrowedFd;
use std::process::{Command, Stdio};

use fault::Result;

use super::Line;
use reader::{Next, Reader};

/// What the journal has of one container.
#[derive(Debug)]
pub(super) struct Journal {
    /// Which entries are the container's.
    matches: Vec<String>,
    reader: Option<Reader>,
    /// Where the last entry was.
    cursor: Option<String>,
    /// The first entry is only looked at for where it is.
    leave_out: bool,
}

impl Journal {
    /// At the last `tail` lines, or at its beginning.
    pub(super) fn open(id: &str, tail: Option<u64>) -> Result<Journal> {
        let mut matches = vec![format!("CONTAINER_ID_FULL={id}")];
        // Anybody may say so of an entry; who has sent it is what the kernel says.
        if rustix::process::geteuid().is_root() && has_all_ids() {
            matches.push("_UID=0".to_string());
        }
        take_in();
        let lines = tail.map_or("--lines=all".to_string(), |count| format!("--lines={}", count.max(1)));
        let reader = Some(Reader::start(&[&[lines], &matches[..]].concat(), false)?);
        Ok(Journal { matches, reader, cursor: None, leave_out: tail == Some(0) })
    }

    /// The next one; nothing if there is no more for now.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'static>>> {
        while let Some(reader) = &mut self.reader {
            match reader.next()? {
                Next::Entry(entry) => {
                    self.cursor = Some(entry.cursor);
                    if !std::mem::take(&mut self.leave_out) {
                        return Ok(Some(entry.line));
                    }
                }
                Next::Later => return Ok(None),
                Next::Ended => {
                    self.leave_out = false;
                    let stopped = reader.check()?;
                    self.reader = None;
                    if stopped {
                        self.read_rest()?;
                    }
                }
            }
        }
        Ok(None)
    }

    /// There will be more; what tells of it.
    pub(super) fn follow(&mut self) -> Result<BorrowedFd<'_>> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::start(&self.after(&["--follow", "--no-tail"]), true)?,
        };
        Ok(self.reader.insert(reader).output())
    }

    /// There will be no more than was sent by now.
    pub(super) fn finish(&mut self) -> Result<()> {
        match &mut self.reader {
            Some(reader) => reader.stop(),
            None => self.read_rest(),
        }
    }

    fn read_rest(&mut self) -> Result<()> {
        take_in();
        self.reader = Some(Reader::start(&self.after(&[]), false)?);
        Ok(())
    }

    fn after(&self, options: &[&str]) -> Vec<String> {
        let cursor = self.cursor.iter().map(|cursor| format!("--after-cursor={cursor}"));
        options.iter().map(ToString::to_string).chain(cursor).chain(self.matches.clone()).collect()
    }
}

/// Has the journal take in what it was sent, as far as we may ask for it. Who may not sees the last lines a moment later.
fn take_in() {
    let mut command = Command::new("journalctl");
    command.arg("--sync").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = command.status();
}

/// We are not in a user namespace.
fn has_all_ids() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().eq(["0", "0", "4294967295"])
}
