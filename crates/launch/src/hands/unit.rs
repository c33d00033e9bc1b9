//! What systemd does for us.

use std::path::Path;

use fault::{Fault, Kind, Result};
use systemd::{Manager, Property, Value};

use super::Hands;
use crate::bus::Bus;

impl Hands<'_> {
    /// Has it make a scope around the child.
    pub(super) fn start_scope(
        &self,
        unit: &str,
        manager: &Manager,
        path: &Path,
        properties: &[Property],
    ) -> Result<()> {
        let pids = Property::new("PIDs", Value::Numbers(vec![self.pid.cast_unsigned()]));
        let properties: Vec<_> = properties.iter().cloned().chain([pids]).collect();
        Bus::connect(manager, unit)?.start_scope(unit, &properties)?;
        if path.is_dir() {
            return Ok(());
        }
        Err(Fault::new(Kind::Failed, format!("find the cgroup of unit `{unit}`"))
            .because(format!("there is no `{}`", path.display()))
            .hint(format!("`systemctl show -p ControlGroup {unit}` tells where systemd has made it")))
    }

    /// Has it put the child into a unit.
    pub(super) fn attach_to_unit(&self, unit: &str, manager: &Manager, below: &str) -> Result<()> {
        Bus::connect(manager, unit)?.attach(unit, below, self.pid)
    }
}
