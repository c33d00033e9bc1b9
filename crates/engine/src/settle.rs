//! What was left half done by who was killed is finished, or taken back, by whoever looks at the container next.

use std::thread::sleep;
use std::time::{Duration, Instant};

use container::{Phase, Record, State};
use fault::{Fault, Kind, Result};
use oci::ContainerId;

use crate::{Engine, Status, View};

/// The exit code of an end that nobody saw.
const UNSEEN: i32 = 255;
/// How long it may take until an end is written down, and the wait between two looks.
const PATIENCE: Duration = Duration::from_secs(2);
const MOMENT: Duration = Duration::from_millis(2);
/// `EROFS`.
const READ_ONLY: i32 = 30;

impl View {
    /// There is nothing to be finished, or somebody is at it. `has_run`: something of a program is there.
    fn is_settled(&self, has_run: bool) -> bool {
        let is_open = match self.state.phase {
            Phase::Running | Phase::Restarting | Phase::Removing => true,
            Phase::Exited => has_run || self.record.request.auto_remove,
            Phase::Created => has_run,
        };
        !is_open || self.folder.is_locked()
    }
}

impl Engine {
    /// Something of its program is there, running or not.
    pub(crate) fn has_run(&self, record: &Record) -> bool {
        record.id.parse().is_ok_and(|id| self.containers.folder(&id).path().exists())
    }

    /// A container after what was left half done is finished; nothing, if that was its removal.
    pub(crate) fn settled(&self, view: View, has_run: bool) -> Result<Option<View>> {
        if view.status == Status::Paused && view.folder.is_held_by_nobody() {
            return self.let_go(view).map(Some);
        }
        if view.state.phase == Phase::Running && view.status == Status::Exited {
            return self.ending(view);
        }
        if view.is_settled(has_run) {
            return Ok(Some(view));
        }
        self.finished(view)
    }

    /// Its program has ended. Its monitor, or who takes over, writes down how; if that does not happen, nobody knows.
    fn ending(&self, view: View) -> Result<Option<View>> {
        let until = Instant::now() + PATIENCE;
        while view.folder.is_locked() {
            let Some(record) = view.folder.record()? else { return Ok(None) };
            let now = self.look(record)?;
            if now.state.phase != Phase::Running || now.status != Status::Exited {
                return Ok(Some(now));
            }
            let is_still = monitor::is_still(now.state.monitor);
            if is_still || Instant::now() > until {
                let why = if is_still { "is stopped" } else { "has not written down how" };
                let error = format!("its program has ended, and its monitor ({}) {why}", now.state.monitor);
                return Ok(Some(View { state: State { error, ..unseen(now.state) }, ..view }));
            }
            sleep(MOMENT);
        }
        let Some(record) = view.folder.record()? else { return Ok(None) };
        let now = self.look(record)?;
        let has_run = self.has_run(&now.record);
        if now.state.phase != Phase::Running && now.is_settled(has_run) {
            return Ok(Some(now));
        }
        self.finished(now)
    }

    fn finished(&self, view: View) -> Result<Option<View>> {
        let state = match self.settle(&view) {
            // Nothing can be changed here; it is as it is all the same.
            Err(fault) if fault.errno() == Some(READ_ONLY) => Some(self.seen(&view)?),
            state => state?,
        };
        Ok(state.map(|state| View { status: Status::of(&state), state, ..view }))
    }

    /// Whoever held its processes still was killed.
    fn let_go(&self, view: View) -> Result<View> {
        self.running(&view)?.resume()?;
        view.folder.forget_held();
        Ok(View { status: Status::Running, ..view })
    }

    fn settle(&self, view: &View) -> Result<Option<State>> {
        let folder = &view.folder;
        // Who has it by now deals with it.
        let Some(lock) = folder.try_lock().or_else(if_gone)? else {
            return if folder.path().exists() { folder.state().map(Some) } else { Ok(None) };
        };
        let Some(record) = folder.record()? else { return Ok(None) };
        let (state, id) = (folder.state()?, record.id.parse()?);
        let state = match state.phase {
            Phase::Running if self.lives(&id)? => {
                drop(monitor::adopt(&self.records, &record, lock)?);
                return Ok(Some(state));
            }
            Phase::Removing => return self.records.remove(&record, false).map(|()| None),
            Phase::Exited if record.request.auto_remove => {
                self.containers.remove_if_there(&id)?;
                return self.records.remove(&record, true).map(|()| None);
            }
            Phase::Created | Phase::Exited if self.lives(&id)? => {
                State { error: "its monitor was killed while it was being started".to_string(), ..state }
            }
            Phase::Created | Phase::Exited => state,
            Phase::Running | Phase::Restarting => unseen(state),
        };
        self.containers.remove_if_there(&id)?;
        container::detach(&record, self.records.root())?;
        folder.write_state(&state)?;
        if state.phase == Phase::Exited && record.request.auto_remove {
            return self.records.remove(&record, true).map(|()| None);
        }
        Ok(Some(state))
    }

    /// # Errors
    /// It cannot be found out.
    fn lives(&self, id: &ContainerId) -> Result<bool> {
        match self.containers.open(id).and_then(|one| one.first()) {
            Err(fault) if fault.kind() == Kind::NotFound => Ok(false),
            // Its files are damaged, which tells nothing of a process.
            Err(fault) if fault.errno().is_none() => Ok(false),
            first => Ok(first?.is_some()),
        }
    }

    /// How it is, whatever was written down.
    fn seen(&self, view: &View) -> Result<State> {
        let state = view.folder.state()?;
        let ended = matches!(state.phase, Phase::Running | Phase::Restarting)
            && !self.lives(&view.record.id.parse()?)?;
        Ok(if ended { unseen(state) } else { state })
    }
}

/// Its end, if nobody has seen it.
fn unseen(state: State) -> State {
    let error = if launch::boot_id().is_ok_and(|id| state.boot_id == id) {
        "its monitor was killed, and nobody has seen its end"
    } else {
        "the machine was shut down"
    };
    State { phase: Phase::Exited, pid: 0, exit_code: UNSEEN, error: error.to_string(), ..state }
}

/// It was removed in this moment.
fn if_gone<T>(fault: Fault) -> Result<Option<T>> {
    match fault.kind() {
        Kind::NotFound => Ok(None),
        _ => Err(fault),
    }
}
