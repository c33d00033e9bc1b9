//! Removing containers.

use std::time::{Duration, Instant};

use container::{Folder, Lock, Phase, Records};
use fault::{Fault, Kind, Result};
use rustix::process::Signal;
use store::size_of;

use crate::{Engine, Status, View};

/// What containers take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// All of them.
    pub all: usize,
    /// Those that run.
    pub running: usize,
    /// Bytes that they have changed of their images.
    pub size: u64,
    /// Bytes of those that do not run.
    pub reclaimable: u64,
}

/// What was removed.
#[derive(Debug, Clone, Default)]
pub struct Pruned {
    /// Ids.
    pub ids: Vec<String>,
    /// What they took.
    pub bytes: u64,
}

/// So often it may be started while it is being removed.
const TRIES: usize = 10;
/// How long whoever works on a container may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Engine {
    /// Removes a container and all that was made for it; with `force` also one that runs, with `volumes` also those of its
    /// volumes that nobody has named.
    pub fn remove(&self, view: &View, force: bool, volumes: bool) -> Result<()> {
        let doing = || format!("remove container `{}`", view.record.name);
        let mut view = view.clone();
        for _ in 0..TRIES {
            if view.status.is_up() || view.status == Status::Restarting {
                if !force {
                    return Err(runs(&view, doing()));
                }
                self.end(&view, Some(Signal::KILL), None)?;
            }
            if let Some(_lock) = lock_ended(&view.folder)? {
                self.containers.remove_if_there(&view.record.id.parse()?)?;
                let volumes = volumes || view.record.request.auto_remove;
                return self.records.remove(&view.record, volumes);
            }
            if view.status == Status::Exited {
                // Whoever is to write that down may be stopped.
                monitor::wake(&view.record.id);
            }
            // One with --rm is removed by its monitor; another was started in this moment.
            match view.folder.record()? {
                None => return Ok(()),
                Some(record) => view = self.view(record)?,
            }
        }
        Err(held_up(&view, doing()))
    }

    /// Removes a container of which something cannot be read any more, whatever it is doing. Its volumes stay.
    pub fn remove_unreadable(&self, word: &str) -> Result<()> {
        let id = self.records.id_of(word)?.ok_or_else(|| Records::no_such(word))?;
        let folder = self.records.folder(&id);
        let until = Instant::now() + PATIENCE;
        folder.set_stopped(true)?;
        let _lock = loop {
            // Its monitor ends with it.
            self.containers.remove_if_there(&id.parse()?)?;
            if let Some(lock) = folder.try_lock()? {
                break lock;
            }
            if Instant::now() > until {
                return Err(Fault::new(Kind::Unavailable, format!("remove container `{word}`"))
                    .because("another command has worked on it for 10 seconds"));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        match folder.record() {
            Ok(Some(record)) => self.records.remove(&record, record.request.auto_remove),
            _ => self.records.remove_unreadable(&id),
        }
    }

    /// Removes what commands that were killed have left.
    pub fn sweep(&self) -> Result<Vec<String>> {
        let mut swept = self.records.sweep_leftovers()?;
        for id in self.records.running() {
            let Some(id) = id.to_str().and_then(|id| id.parse().ok()) else { continue };
            if self.records.folder(oci::ContainerId::as_str(&id)).is_gone()? {
                self.containers.remove_if_there(&id)?;
                swept.push(self.containers.folder(&id).path().display().to_string());
            }
        }
        Ok(swept)
    }

    /// Removes all whose program does not run, and that `wanted` says yes to.
    pub fn prune(&self, wanted: impl Fn(&View) -> bool) -> Result<Pruned> {
        self.sweep()?;
        let mut pruned = Pruned::default();
        for view in self.all()? {
            let ended = matches!(view.status, Status::Created | Status::Exited);
            let bytes = size_of(&view.folder.changes());
            if ended && wanted(&view) && self.remove(&view, false, false).is_ok() {
                pruned.ids.push(view.record.id);
                pruned.bytes += bytes;
            }
        }
        Ok(pruned)
    }

    /// What containers take, and how many run.
    pub fn usage(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        for view in self.all()? {
            let up = view.status.is_up();
            let size = size_of(&view.folder.changes());
            usage.all += 1;
            usage.running += usize::from(up);
            usage.size += size;
            usage.reclaimable += if up { 0 } else { size };
        }
        Ok(usage)
    }
}

/// Why it could not be had.
fn held_up(view: &View, doing: String) -> Fault {
    let fault = Fault::new(Kind::Unavailable, doing);
    match view.folder.state() {
        Ok(state) if state.phase == Phase::Running && view.status == Status::Exited => fault
            .because(format!(
                "its program has ended, and its monitor ({}) does not write that down",
                state.monitor
            ))
            .hint("if that is killed, another takes its place"),
        _ => fault.because("somebody starts it again and again"),
    }
}

/// In Docker's words.
fn runs(view: &View, doing: String) -> Fault {
    let (name, status) = (&view.record.name, view.status);
    Fault::new(Kind::WrongState, doing)
        .because(format!(
            "cannot remove container \"/{name}\": container is {status}: stop the container before removing or force remove"
        ))
        .hint(format!("`nagaya rm -f {name}` ends it first"))
}

/// Becomes the one who may change a container that does not run. Whoever has it in this moment may be about to let go.
pub(crate) fn lock_ended(folder: &Folder) -> Result<Option<Lock>> {
    for _ in 0..1000 {
        if !folder.path().exists() {
            return Ok(None);
        }
        if let Some(lock) = folder.try_lock()? {
            return Ok(Some(lock));
        }
        if matches!(folder.state()?.phase, Phase::Running | Phase::Restarting) {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(None)
}
