//! `system check` of containers: what is written down of them can be read, and nothing was left behind.

use container::{Phase, State};
use fault::{Doing, Fault, Result};
use oci::ContainerId;

use crate::Engine;

/// What is wrong with containers.
#[derive(Debug, Default)]
pub struct Checked {
    /// What it is, a sentence each, with what to try.
    pub problems: Vec<String>,
    /// How many of them were mended.
    pub mended: usize,
}

impl Engine {
    /// Looks for what cannot be read, and for what commands that were killed have left; with `repair`, mends what can be
    /// mended: of a container nothing is lost but how its program ended.
    pub fn check(&self, repair: bool) -> Result<Checked> {
        let mut checked = Checked::default();
        for id in self.records.ids()? {
            let folder = self.records.folder(&id);
            if let Err(fault) = folder.record() {
                checked.problems.push(told(&fault));
            } else if let Err(fault) = folder.state() {
                checked.problems.push(told(&fault));
                checked.mended += usize::from(repair && self.write_state_anew(&id, &fault)?);
            }
        }
        if repair {
            let swept = self.sweep()?;
            checked.mended += swept.len();
            let left = |path| format!("`{path}` was left by a command that was killed");
            checked.problems.extend(swept.into_iter().map(left));
        } else if self.records.has_leftovers() {
            checked.problems.push("commands that were killed have left something of containers".to_string());
        }
        Ok(checked)
    }

    /// The state of a container whose file cannot be read, by what the kernel says. What was there is kept beside it. One
    /// that has a monitor is that one's to write.
    fn write_state_anew(&self, id: &str, why: &Fault) -> Result<bool> {
        let folder = self.records.folder(id);
        let Some(_lock) = folder.try_lock()? else { return Ok(false) };
        let path = folder.path().join("state.json");
        let beside = path.with_extension("json.damaged");
        std::fs::rename(&path, &beside).doing(|| format!("rename `{}`", path.display()))?;
        let number: ContainerId = id.parse()?;
        let first = self.containers.open(&number).and_then(|one| one.first()).ok().flatten();
        let state = match first {
            Some(process) => State {
                phase: Phase::Running,
                boot_id: launch::boot_id()?.to_string(),
                pid: process.pid,
                ..State::default()
            },
            None => State { phase: Phase::Exited, exit_code: 255, error: why.sentence(), ..State::default() },
        };
        folder.write_state(&state)?;
        Ok(true)
    }
}

fn told(fault: &Fault) -> String {
    let hint = fault.to_try().map(|hint| format!("; {hint}"));
    fault.sentence().trim_start_matches("cannot ").to_string() + &hint.unwrap_or_default()
}
