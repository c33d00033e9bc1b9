//! What only Linux has: namespaces, limits, devices, and what of the machine is covered.

use fault::Result;
use oci::{DeviceRule, IntelRdt, Linux, Resources};

use crate::machine::Machine;
use crate::security::Security;
use crate::{Limits, Records, Request, Sharing, devices, protected};

/// Namespaces, limits, and what is covered, for a container that `can_have` these capabilities.
pub(crate) fn linux(
    request: &Request,
    machine: &Machine,
    can_have: &[String],
    cgroup: &str,
    records: &Records,
) -> Result<Linux> {
    let (uid_mappings, gid_mappings) = machine.mappings.clone().unwrap_or_default();
    let security = &request.security;
    let surroundings = &request.surroundings;
    let mut nodes = if request.privileged { devices::all() } else { Vec::new() };
    let (mut asked, rules) = request.devices.resolve()?;
    if machine.ids.is_some() {
        let renamed = request.devices.renamed();
        asked.retain(|node| !renamed.iter().any(|mount| mount.destination == node.path));
    }
    nodes.retain(|node| !asked.iter().any(|other| other.path == node.path));
    nodes.extend(asked);
    let protects = !request.privileged;
    let masked = if protects { protected::masked(&machine.processors) } else { Vec::new() };
    let readonly = if protects { protected::readonly() } else { Vec::new() };
    Ok(Linux {
        namespaces: Sharing::namespaces(request, machine, records)?,
        uid_mappings,
        gid_mappings,
        devices: nodes,
        cgroups_path: place(surroundings.cgroup_parent.as_deref(), cgroup),
        resources: resources(request, machine, rules)?,
        sysctl: surroundings.sysctls.clone(),
        personality: surroundings.personality(),
        intel_rdt: surroundings
            .rdt_class
            .as_ref()
            .map(|class| IntelRdt { clos_id: class.clone(), ..IntelRdt::default() }),
        masked_paths: security.covered(masked, &security.mask),
        readonly_paths: security.covered(readonly, &[]),
        seccomp: Security::filter(request, can_have, machine)?,
        ..Linux::default()
    })
}

/// Limits, and which devices may be used.
fn resources(request: &Request, machine: &Machine, rules: Vec<DeviceRule>) -> Result<Resources> {
    // An ordinary user cannot set any; and who is nobody to the machine can open what that lets everybody.
    let mut devices = if machine.is_ordinary() { Vec::new() } else { devices::rules(request.privileged) };
    if !machine.is_ordinary() {
        devices.extend(rules);
    }
    Ok(Resources { devices, ..Limits::resources(request, machine.counts_swap)? })
}

/// Its cgroup: a parent that was asked for counts from the top, as with docker.
fn place(parent: Option<&str>, cgroup: &str) -> String {
    match parent {
        Some(parent) => format!("/{}/{cgroup}", parent.trim_matches('/')),
        None => cgroup.to_string(),
    }
}
