//! Other limits for a container, and another end.

use container::{Record, Restart};
use fault::{Fault, Kind, Result};
use oci::{Cpu, Memory, Pids, Resources};

use crate::{Engine, View};

/// What is to be different; the rest stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Bytes.
    pub memory: Option<i64>,
    /// Microseconds of processor time in each 100 ms.
    pub cpu_quota: Option<i64>,
    /// Processes and threads; 0 and less mean no limit.
    pub pids: Option<i64>,
    /// What happens when its program ends.
    pub restart: Option<Restart>,
}

/// Microseconds that a quota is of.
const CPU_PERIOD: u64 = 100_000;

impl Engine {
    /// Changes a container: now, if it runs, and for all its starts from here on. The sentences are warnings.
    ///
    /// # Errors
    /// What the kernel did not take; then nothing is changed.
    pub fn update(&self, view: &View, change: &Change) -> Result<Vec<String>> {
        let doing = || format!("update container `{}`", view.record.name);
        if change.restart.is_some_and(|restart| restart != Restart::No) && view.record.request.auto_remove {
            return Err(Fault::new(Kind::Invalid, doing()).because(format!(
                "Cannot update container {}: Restart policy cannot be updated because AutoRemove is enabled for the container",
                view.record.id
            )));
        }
        let limits = limits(change);
        let warnings = if view.status.is_up() && limits != Resources::default() {
            launch::update(&self.running(view)?, &limits).map_err(|fault| fault.during(doing()))?
        } else {
            Vec::new()
        };
        let mut request = view.record.request.clone();
        request.memory = change.memory.or(request.memory);
        request.cpu_quota = change.cpu_quota.or(request.cpu_quota);
        request.pids = change.pids.or(request.pids);
        request.restart = change.restart.unwrap_or(request.restart);
        view.folder.write_record(&Record { request, ..view.record.clone() })?;
        self.records.note(&view.record, "update", &[]);
        Ok(warnings)
    }
}

/// As at its start: as much swap as memory, where the kernel counts it.
fn limits(change: &Change) -> Resources {
    let counts_swap = container::counts_swap();
    Resources {
        memory: Memory {
            limit: change.memory,
            swap: change.memory.filter(|_| counts_swap).map(|bytes| bytes.saturating_mul(2)),
            ..Memory::default()
        },
        cpu: Cpu { quota: change.cpu_quota, period: change.cpu_quota.map(|_| CPU_PERIOD), ..Cpu::default() },
        pids: Pids { limit: change.pids.map(|limit| if limit > 0 { limit } else { -1 }) },
        ..Resources::default()
    }
}
