//! After a reboot: containers that are to run are started.

use container::{Record, Restart};
use fault::{Fault, Result};
use monitor::Attach;

use crate::{Engine, Status};

impl Engine {
    /// Starts all that are to run after a reboot: those with the policy `always`, and those with `unless-stopped` that
    /// nobody had stopped. The oldest first. Tells of each whether it worked.
    pub fn boot(&self) -> Result<Vec<(Record, Option<Fault>)>> {
        let mut done = Vec::new();
        for record in self.records.all()?.into_iter().rev() {
            let view = self.view(record)?;
            let wanted = match view.record.request.restart {
                Restart::Always => true,
                Restart::UnlessStopped => !view.folder.is_stopped(),
                _ => false,
            };
            if !wanted
                || view.status.is_up()
                || view.status == Status::Restarting
                || view.state.started.is_empty()
            {
                continue;
            }
            let started =
                self.start(&view.record, Attach::default()).and_then(|mut channel| channel.until_up());
            done.push((view.record, started.err()));
        }
        Ok(done)
    }
}
