//! A container, and how it is right now.

use std::fmt;

use container::{Folder, Phase, Record, Records, State};
use fault::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

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
    pub(crate) fn of(state: &State) -> Status {
        match state.phase {
            Phase::Created => Status::Created,
            Phase::Running if has_ended(state.pid) => Status::Exited,
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

impl Engine {
    /// A container, and how it is right now. One whose monitor has gone gets another.
    ///
    /// # Errors
    /// `NotFound`, if it was being removed, and nothing is left of it.
    pub fn view(&self, record: Record) -> Result<View> {
        let view = self.look(record)?;
        let has_run = self.has_run(&view.record);
        let id = view.record.id.clone();
        self.settled(view, has_run)?.ok_or_else(|| Records::no_such(&id))
    }

    /// A container as it was written down.
    ///
    /// # Errors
    /// `NotFound`, if it was removed in this moment.
    pub(crate) fn look(&self, record: Record) -> Result<View> {
        let folder = self.records.folder(&record.id);
        let state = folder.state()?;
        if state == State::default() && !folder.path().exists() {
            return Err(Records::no_such(&record.id));
        }
        let status = Status::of(&state);
        Ok(View { record, state, status, folder })
    }

    /// A container by its name, its id, or the first digits of that.
    pub fn find(&self, word: &str) -> Result<View> {
        self.records.find(word).and_then(|record| self.view(record))
    }
}

/// Its first process has ended, whatever was written down. A number that somebody else has got is one that lives.
fn has_ended(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return true };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Err(err) => err == Errno::SRCH,
        Ok(process) => {
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready > 0)
        }
    }
}
