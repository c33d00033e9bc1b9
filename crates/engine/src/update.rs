//! Other limits for a container, and another end.

use container::{Limits, Record, Request, Restart};
use fault::{Fault, Kind, Result};
use oci::Resources;

use crate::{Engine, View};

impl Engine {
    /// Makes a container what `changed` is, which is its own request with other limits or another end: now, if it runs, and for all its
    /// starts from here on. The sentences are warnings.
    ///
    /// # Errors
    /// `Invalid`, in Docker's words: limits that contradict each other; or what the kernel did not take. Nothing is changed then.
    pub fn update(&self, view: &View, changed: Request) -> Result<Vec<String>> {
        let doing = || format!("update container `{}`", view.record.name);
        if changed.restart != view.record.request.restart
            && changed.restart != Restart::No
            && changed.auto_remove
        {
            return Err(Fault::new(Kind::Invalid, doing()).because(format!(
                "Cannot update container {}: Restart policy cannot be updated because AutoRemove is enabled for the container",
                view.record.id
            )));
        }
        let limits =
            Limits::changes(&view.record.request, &changed).map_err(|fault| fault.during(doing()))?;
        let warnings = if view.status.is_up() && limits != Resources::default() {
            launch::update(&self.running(view)?, &limits).map_err(|fault| fault.during(doing()))?
        } else {
            Vec::new()
        };
        let republishes = changed.publish != view.record.request.publish;
        view.folder.write_record(&Record { request: changed, ..view.record.clone() })?;
        if republishes && !view.record.request.networks.is_empty() {
            // Who has no ports to give keeps those that he has.
            let told = crate::networks::tell(view).map_err(|fault| fault.during(doing()));
            told.inspect_err(|_| {
                // Whoever has taken over meanwhile may have read the other one.
                let _ = view.folder.write_record(&view.record).and_then(|()| crate::networks::tell(view));
            })?;
        }
        self.records.note(&view.record, "update", &[]);
        Ok(warnings)
    }
}
