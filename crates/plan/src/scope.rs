//! The steps that have systemd make a container's cgroup.

use cgroup::{Absent, Rule, Write};
use fault::{Fault, Kind, Result};
use oci::{ContainerId, Spec};
use systemd::{Limits, Manager, Property};

use crate::host::Unit;
use crate::place;
use crate::step::Step;

/// Controllers that systemd passes on by itself to a scope that is delegated.
const OF_SYSTEMD: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];

/// The steps after the clone: the scope, and what systemd cannot say of its cgroup. Limits that it can say are written
/// as well: it rounds some, and of one that the kernel does not take it tells nobody but its log.
pub(crate) fn prepare(unit: &Unit, spec: &Spec, id: &ContainerId, rules: Vec<Rule>) -> Result<Vec<Step>> {
    let place = &unit.place;
    let limits = place::limits_v2(place, &spec.linux.resources, |write| missing(write, &unit.manager))?;
    let properties = systemd::with_annotations(
        unit.scope.properties(id.as_str()),
        properties(&limits, unit.version),
        &spec.annotations,
    )?;
    let mut steps = vec![Step::StartScope {
        unit: unit.scope.unit.clone(),
        manager: unit.manager.clone(),
        path: place.leaf.clone(),
        properties,
    }];
    let needed = controllers(&limits);
    if !needed.is_empty() {
        steps.extend(place::enable(place, &needed));
    }
    steps.extend(limits);
    // Not as `DeviceAllow`: systemd leaves a program alone that is not its own, and would attach another one beside it,
    // which must allow a device too. Those that it cannot name it would forbid (runc#4859).
    if !rules.is_empty() {
        steps.push(Step::AttachDeviceRules { path: place.leaf.clone(), rules });
    }
    Ok(steps)
}

/// What systemd is told of limits that are written to files: it writes them again when it comes by.
pub fn properties(writes: &[Step], version: u32) -> Vec<Property> {
    let mut limits = Limits::new(version);
    for step in writes {
        let Step::WriteCgroup { file, value, absent, .. } = step else { continue };
        limits.add(file, value);
        if let Absent::Instead { file, value } = absent {
            limits.add(file, value);
        }
    }
    limits.into_properties()
}

/// The controllers of these limits that systemd knows nothing of.
fn controllers(writes: &[Step]) -> Vec<String> {
    let controller = |step: &Step| match step {
        Step::WriteCgroup { file, .. } => file.split('.').next().map(String::from),
        _ => None,
    };
    let mut all: Vec<_> = writes.iter().filter_map(controller).collect();
    all.retain(|name| !OF_SYSTEMD.contains(&name.as_str()));
    all.sort();
    all.dedup();
    all
}

fn missing(write: &Write, manager: &Manager) -> Fault {
    if !manager.of_user {
        return place::missing(write);
    }
    Fault::new(Kind::Unavailable, format!("use `{}`", write.field))
        .because(format!("the systemd of this user has no cgroup controller `{}`", write.controller))
        .hint("`systemctl edit user@.service` and set `Delegate=cpu cpuset io memory pids`")
}
