//! What a container has printed, and prints from now on.

mod journal;
mod line;

use std::os::fd::AsFd;
use std::time::Duration;

use container::LogDriver;
use container::rotated::Lines;
use fault::{Doing, Fault, Kind, Result};
use monitor::Channel;

use crate::changes::Changes;
use crate::{Engine, Status, View};
use journal::Journal;
pub use line::Line;

/// What a container has printed, and prints from now on.
#[derive(Debug)]
pub struct Logs<'a> {
    engine: &'a Engine,
    id: String,
    kept: Kept,
    changes: Changes,
    /// Tells when its program ends.
    monitor: Option<Channel>,
}

/// Where the lines are.
#[derive(Debug)]
enum Kept {
    Files(Lines),
    Journal(Journal),
}

impl Engine {
    /// Opens the log of a container, at the last `tail` lines or at its beginning.
    ///
    /// # Errors
    /// `Unsupported`, in Docker's words, if nobody keeps it; and `NotFound` if what reads the journal is not installed.
    pub fn logs(&self, view: &View, tail: Option<u64>) -> Result<Logs<'_>> {
        let doing = || format!("read the log of container `{}`", view.record.name);
        // First, so that nothing is missed between.
        let changes = Changes::of(view.folder.path())?;
        let kept = match view.record.request.log.driver {
            LogDriver::JsonFile => {
                let mut lines = Lines::open(&view.folder.log()).doing(doing)?;
                tail.map_or(Ok(()), |count| lines.skip_to_last(count)).doing(doing)?;
                Kept::Files(lines)
            }
            LogDriver::Journald => {
                Kept::Journal(Journal::open(&view.record.id, tail).map_err(|fault| fault.during(doing()))?)
            }
            LogDriver::None => {
                return Err(Fault::new(Kind::Unsupported, doing())
                    .because("configured logging driver does not support reading")
                    .hint("it was made with `--log-driver none`: what it prints is kept by nobody"));
            }
        };
        Ok(Logs { engine: self, id: view.record.id.clone(), kept, changes, monitor: None })
    }
}

impl Logs<'_> {
    /// The next line; nothing if there is no more for now. One that makes no sense is an empty one.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        match &mut self.kept {
            Kept::Files(lines) => {
                let bytes = lines.next_line().doing(|| "read the log")?;
                Ok(bytes.map(|bytes| Line::read(bytes).unwrap_or_default()))
            }
            Kept::Journal(journal) => journal.next_line(),
        }
    }

    /// Waits until there may be more, or so long. False once there will be no more than can be read by now, because the
    /// container has ended.
    pub fn wait(&mut self, limit: Option<Duration>) -> Result<bool> {
        if self.monitor.is_none() && !self.find_monitor()? {
            return match &mut self.kept {
                Kept::Files(_) => Ok(false),
                Kept::Journal(journal) => journal.finish().map(|()| false),
            };
        }
        let mut told: Vec<_> = self.monitor.iter().map(AsFd::as_fd).collect();
        if let Kept::Journal(journal) = &mut self.kept {
            told.push(journal.follow()?);
        }
        if self.changes.wait(&told, limit)? {
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
            self.changes.wait(&[], Some(MOMENT))?;
        }
    }
}

const MOMENT: Duration = Duration::from_millis(20);
