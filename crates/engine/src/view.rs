//! A container, and how it is right now.

use std::fmt;

use container::{Folder, Phase, Record, State};
use fault::Result;

use crate::Engine;

/// Where in its life a container is, in Docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its program was never started.
    Created,
    /// Its program runs.
    Running,
    /// Its processes are held still.
    Paused,
    /// Its program has ended, and is about to be started again.
    Restarting,
    /// It is being removed.
    Removing,
    /// Its program has ended.
    Exited,
}

impl Status {
    fn of(state: &State) -> Status {
        match state.phase {
            Phase::Created => Status::Created,
            Phase::Running if state.freezer.as_deref().is_some_and(launch::is_held) => Status::Paused,
            Phase::Running => Status::Running,
            Phase::Restarting => Status::Restarting,
            Phase::Removing => Status::Removing,
            Phase::Exited => Status::Exited,
        }
    }

    /// Its program runs, even if it is held still.
    pub fn is_up(self) -> bool {
        matches!(self, Status::Running | Status::Paused)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Restarting => "restarting",
            Status::Removing => "removing",
            Status::Exited => "exited",
        })
    }
}

/// A container, and how it is right now.
#[derive(Debug, Clone)]
pub struct View {
    /// As it was asked for.
    pub record: Record,
    /// How its program is, and was.
    pub state: State,
    /// Where in its life it is.
    pub status: Status,
    /// Its folder.
    pub folder: Folder,
}

impl View {
    /// It has a monitor, or needs none.
    pub(crate) fn is_watched(&self) -> bool {
        !matches!(self.state.phase, Phase::Running | Phase::Restarting) || self.folder.is_locked()
    }
}

impl Engine {
    /// A container, and how it is right now. One whose monitor has gone gets another.
    pub fn view(&self, record: Record) -> Result<View> {
        let view = self.look(record)?;
        if view.is_watched() { Ok(view) } else { self.settled(view) }
    }

    /// A container as it was written down.
    pub(crate) fn look(&self, record: Record) -> Result<View> {
        let folder = self.records.folder(&record.id);
        let state = folder.state()?;
        let status = Status::of(&state);
        Ok(View { record, state, status, folder })
    }

    /// One whose monitor has gone, after that was dealt with.
    pub(crate) fn settled(&self, view: View) -> Result<View> {
        let state = self.settle(&view.record, &view.folder)?;
        Ok(View { status: Status::of(&state), state, ..view })
    }

    /// A container by its name, its id, or the first digits of that.
    pub fn find(&self, word: &str) -> Result<View> {
        self.records.find(word).and_then(|record| self.view(record))
    }

    /// Deals with a container that nobody watches any more.
    fn settle(&self, record: &Record, folder: &Folder) -> Result<State> {
        // Who has it by now deals with it.
        let Some(lock) = folder.try_lock()? else { return folder.state() };
        let state = folder.state()?;
        if !matches!(state.phase, Phase::Running | Phase::Restarting) {
            return Ok(state);
        }
        let id = record.id.parse()?;
        let runs = self
            .containers
            .open(&id)
            .and_then(|container| container.first())
            .is_ok_and(|first| first.is_some());
        if runs {
            monitor::adopt(&self.records, record, lock)?;
            return Ok(state);
        }
        self.containers.remove_if_there(&id)?;
        container::detach(record, self.records.root())?;
        let rebooted = state.boot_id != launch::boot_id();
        let error = if rebooted {
            "the machine was shut down"
        } else {
            "its monitor was killed, and nobody has seen its end"
        };
        let state =
            State { phase: Phase::Exited, pid: 0, exit_code: UNSEEN, error: error.to_string(), ..state };
        folder.write_state(&state)?;
        Ok(state)
    }
}

/// The exit code of an end that nobody saw.
const UNSEEN: i32 = 255;
