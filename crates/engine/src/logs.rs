//! What a container has printed, and prints from now on.

use std::borrow::Cow;
use std::os::fd::AsFd;
use std::time::Duration;

use container::LogDriver;
use container::rotated::Lines;
use fault::{Doing, Fault, Kind, Result};
use monitor::Channel;
use serde::Deserialize;

use crate::changes::Changes;
use crate::{Engine, Status, View};

/// A line, or a part of a long one: what Docker's json-file has.
#[derive(Debug, Deserialize)]
pub struct Line<'a> {
    /// As it was printed, with its end.
    #[serde(borrow, default)]
    pub log: Cow<'a, str>,
    /// `stdout` or `stderr`.
    #[serde(borrow, default)]
    pub stream: Cow<'a, str>,
    /// RFC 3339, with nine digits behind the second.
    #[serde(borrow, default)]
    pub time: Cow<'a, str>,
}

impl Line<'_> {
    /// What is no line of a log is none.
    pub fn read(bytes: &[u8]) -> Option<Line<'_>> {
        serde_json::from_slice(bytes).ok()
    }
}

/// What a container has printed, and prints from now on.
#[derive(Debug)]
pub struct Logs<'a> {
    engine: &'a Engine,
    id: String,
    lines: Lines,
    changes: Changes,
    /// Tells when its program ends.
    monitor: Option<Channel>,
}

impl Engine {
    /// Opens the log of a container, at the last `tail` lines or at its beginning.
    ///
    /// # Errors
    /// `Unsupported`, in Docker's words, if its log is not kept in files of ours.
    pub fn logs(&self, view: &View, tail: Option<u64>) -> Result<Logs<'_>> {
        let doing = || format!("read the log of container `{}`", view.record.name);
        let hint = match view.record.request.log.driver {
            LogDriver::JsonFile => None,
            LogDriver::None => {
                Some("it was made with `--log-driver none`: what it prints is kept by nobody".to_string())
            }
            LogDriver::Journald => {
                Some(format!("systemd keeps it: `journalctl CONTAINER_NAME={}`", view.record.name))
            }
        };
        if let Some(hint) = hint {
            let cause = "configured logging driver does not support reading";
            return Err(Fault::new(Kind::Unsupported, doing()).because(cause).hint(hint));
        }
        // First, so that nothing is missed between.
        let changes = Changes::of(view.folder.path())?;
        let mut lines = Lines::open(&view.folder.log()).doing(doing)?;
        tail.map_or(Ok(()), |count| lines.skip_to_last(count)).doing(doing)?;
        Ok(Logs { engine: self, id: view.record.id.clone(), lines, changes, monitor: None })
    }
}

impl Logs<'_> {
    /// The next line; nothing if there is no more for now.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        self.lines.next_line().doing(|| "read the log")
    }

    /// Waits until there may be more, or so long. False once there will be no more, because the container has ended.
    pub fn wait(&mut self, limit: Option<Duration>) -> Result<bool> {
        if self.monitor.is_none() && !self.find_monitor()? {
            return Ok(false);
        }
        let monitor = self.monitor.as_ref().map(AsFd::as_fd);
        if self.changes.wait(monitor, limit)? {
            // It tells the end, and that is all that it tells to who has not attached.
            self.monitor = None;
        }
        Ok(true)
    }

    /// False if the container does not run, nor is about to.
    fn find_monitor(&mut self) -> Result<bool> {
        loop {
            // One whose monitor has gone gets another.
            let view = match self.engine.find(&self.id) {
                Err(fault) if fault.kind() == Kind::NotFound => return Ok(false),
                view => view?,
            };
            if !view.status.is_up() && view.status != Status::Restarting {
                return Ok(false);
            }
            self.monitor = monitor::connect(&view.folder)?;
            if self.monitor.is_some() {
                return Ok(true);
            }
            // It begins or ends in this moment, and writes that down.
            self.changes.wait(None, Some(MOMENT))?;
        }
    }
}

const MOMENT: Duration = Duration::from_millis(20);
