//! Where a container's cgroup is, and the steps that make it and set its limits.

use std::path::{Component, Path, PathBuf};

use cgroup::{Absent, Write};
use fault::{Fault, Kind, Result};
use oci::{ContainerId, Resources, Spec};

use crate::host::{Cgroups, Host, Place};
use crate::scope;
use crate::step::Step;

/// The container's directory in a hierarchy that is mounted on `mount`, in which our own process is in
/// `own`: an absolute `cgroupsPath` counts from the top, any other from where we are.
///
/// # Errors
/// `Invalid` for a path with `..`: it would lead out of what the caller was given.
pub fn leaf(mount: &Path, own: &Path, cgroups_path: &str, id: &str) -> Result<PathBuf> {
    let path = Path::new(if cgroups_path.is_empty() { id } else { cgroups_path });
    let inside = |path: &Path| -> Result<PathBuf> {
        let normal = |component| match component {
            Component::Normal(name) => Some(Ok(name)),
            Component::RootDir | Component::CurDir => None,
            _ => {
                Some(Err(Fault::invalid("linux.cgroupsPath", format!("`{}` has `..` in it", path.display()))))
            }
        };
        path.components().filter_map(normal).collect()
    };
    let path_inside = inside(path)?;
    if path_inside.as_os_str().is_empty() {
        return Err(Fault::invalid("linux.cgroupsPath", "it names the root of the hierarchy"));
    }
    Ok(if path.is_absolute() { mount.join(path_inside) } else { mount.join(inside(own)?).join(path_inside) })
}

/// The steps that make the cgroup and set its limits: before the clone, unless systemd makes it.
pub(crate) fn prepare(host: &Host, spec: &Spec, id: &ContainerId) -> Result<Vec<Step>> {
    let limits = &spec.linux.resources;
    let rules = cgroup::rules(&limits.devices).map_err(|(number, field, why)| {
        Fault::invalid(format!("linux.resources.devices[{number}].{field}"), why)
    })?;
    // Who is not the machine's root can make no device nodes, so there is nothing for rules to forbid.
    let rules = if host.is_root() && !host.in_user_namespace { rules } else { Vec::new() };
    if let Some(place) = host.cgroups.places().iter().find(|place| place.occupied) {
        return Err(Fault::new(Kind::Exists, format!("use cgroup `{}`", place.leaf.display()))
            .because("container's cgroup is not empty")
            .hint("somebody else is in it: choose another name, or another `linux.cgroupsPath`"));
    }
    match &host.cgroups {
        Cgroups::V1(places) => prepare_v1(places, limits, &rules),
        Cgroups::V2(place) => prepare_v2(place, limits, &rules),
        Cgroups::Systemd(unit) => scope::prepare(unit, spec, id, rules),
        Cgroups::None(why) => without_cgroups(limits, why),
    }
}

/// A limit that was asked for, if one was.
fn first_limit(limits: &Resources) -> Result<Option<String>> {
    let unified = (!limits.unified.is_empty()).then(|| UNIFIED.to_string());
    Ok(cgroup::v1(limits)?.first().map(|write| write.field.to_string()).or(unified))
}

fn without_cgroups(limits: &Resources, why: &str) -> Result<Vec<Step>> {
    first_limit(limits)?.map_or(Ok(Vec::new()), |field| Err(no_cgroup(&field, why)))
}

const UNIFIED: &str = "linux.resources.unified";

fn prepare_v1(places: &[Place], limits: &Resources, rules: &[cgroup::Rule]) -> Result<Vec<Step>> {
    if !limits.unified.is_empty() {
        return Err(no_unified());
    }
    let mut steps: Vec<Step> = places.iter().flat_map(make).collect();
    steps.extend(limits_v1(places, limits, rules)?);
    Ok(steps)
}

fn limits_v1(places: &[Place], limits: &Resources, rules: &[cgroup::Rule]) -> Result<Vec<Step>> {
    let writes = cgroup::v1(limits)?.into_iter().chain(cgroup::device_writes(rules));
    let step = |write: Write| {
        let place = places.iter().find(|place| place.has(write.controller)).ok_or_else(|| missing(&write))?;
        Ok(write_step(place, write))
    };
    writes.map(step).collect()
}

/// The steps of `update`: other limits for a container that exists. The other half of the answer are
/// warnings, a sentence each.
///
/// # Errors
/// The field that this machine cannot honour.
pub fn update(cgroups: &Cgroups, limits: &Resources) -> Result<(Vec<Step>, Vec<String>)> {
    let steps = match cgroups {
        Cgroups::V1(_) if !limits.unified.is_empty() => Err(no_unified()),
        Cgroups::V1(places) => limits_v1(places, limits, &[]),
        Cgroups::V2(place) => limits_v2(place, limits, missing),
        Cgroups::Systemd(unit) => limits_v2(&unit.place, limits, missing),
        Cgroups::None(why) => without_cgroups(limits, why),
    };
    Ok((steps?, warnings(cgroups, limits)))
}

/// Limits that are left out or changed, a sentence each.
pub(crate) fn warnings(cgroups: &Cgroups, limits: &Resources) -> Vec<String> {
    match cgroups {
        Cgroups::V1(_) => cgroup::warnings(limits, cgroup::Version::V1),
        Cgroups::V2(_) | Cgroups::Systemd(_) => cgroup::warnings(limits, cgroup::Version::V2),
        Cgroups::None(_) => Vec::new(),
    }
}

fn no_unified() -> Fault {
    Fault::new(Kind::Unavailable, format!("use `{UNIFIED}`"))
        .because("this machine has cgroup v1, and those are files of v2")
}

fn no_cgroup(field: &str, why: &str) -> Fault {
    Fault::new(Kind::Unavailable, format!("use `{field}`"))
        .because(format!("there is no cgroup for it: {why}"))
        .hint("limits need root, or a cgroup that systemd has delegated to this user")
}

/// The writes that set limits; `missing` says why a controller is not there.
pub(crate) fn limits_v2(
    place: &Place,
    limits: &Resources,
    missing: impl Fn(&Write) -> Fault,
) -> Result<Vec<Step>> {
    let writes = cgroup::v2(limits)?;
    if let Some(write) = writes.iter().find(|write| !place.has(write.controller)) {
        return Err(missing(write));
    }
    let mut steps: Vec<Step> = writes.into_iter().map(|write| write_step(place, write)).collect();
    for (file, value) in &limits.unified {
        steps.push(unified(place, file, value)?);
    }
    Ok(steps)
}

fn prepare_v2(place: &Place, limits: &Resources, rules: &[cgroup::Rule]) -> Result<Vec<Step>> {
    let writes = cgroup::v2(limits)?;
    let mut needed: Vec<String> = writes.iter().map(|write| write.controller.to_string()).collect();
    needed.extend(limits.unified.keys().filter_map(|file| file.split('.').next()).map(String::from));
    needed.sort();
    needed.dedup();
    let set = limits_v2(place, limits, missing)?;
    let mut steps = make(place);
    let made_above = steps.len().saturating_sub(1);
    steps.splice(made_above..made_above, enable(place, &needed));
    steps.extend(set);
    if !rules.is_empty() {
        steps.push(Step::AttachDeviceRules { path: place.leaf.clone(), rules: rules.to_vec() });
    }
    Ok(steps)
}

/// From the top down: a controller reaches a cgroup only through all those above it.
pub(crate) fn enable(place: &Place, needed: &[String]) -> Vec<Step> {
    let above: Vec<_> =
        place.leaf.ancestors().skip(1).take_while(|path| path.starts_with(&place.mount)).collect();
    let enable = |path: &&Path| Step::EnableControllers { path: path.to_path_buf(), needed: needed.to_vec() };
    above.iter().rev().map(enable).collect()
}

fn make(place: &Place) -> Vec<Step> {
    let inherit = place.has("cpuset") && place.mount.file_name().is_some_and(|name| name != "cgroup");
    let make = |path: &PathBuf| Step::MakeCgroup {
        path: path.clone(),
        inherit_cpuset: inherit,
        shared: *path != place.leaf,
    };
    let leaf = std::slice::from_ref(&place.leaf);
    let above = place.missing.iter().filter(|path| **path != place.leaf);
    above.chain(leaf).map(make).collect()
}

fn write_step(place: &Place, write: Write) -> Step {
    Step::WriteCgroup {
        path: place.leaf.clone(),
        file: write.file.into(),
        value: write.value,
        field: write.field.into(),
        absent: write.absent,
    }
}

/// A file of the container's cgroup by its name: of a controller, not of the cgroup itself, whose files move
/// and kill processes.
fn unified(place: &Place, file: &str, value: &str) -> Result<Step> {
    let field = format!("{UNIFIED}[{file}]");
    match file.split_once('.') {
        Some((controller, _)) if place.has(controller) && !file.contains('/') => Ok(Step::WriteCgroup {
            path: place.leaf.clone(),
            file: file.to_string(),
            value: value.to_string(),
            field,
            absent: Absent::Refuse,
        }),
        _ => Err(Fault::invalid(field, "it is not the file of a controller that this machine has")),
    }
}

pub(crate) fn missing(write: &Write) -> Fault {
    let controller = write.controller;
    Fault::new(Kind::Unavailable, format!("use `{}`", write.field))
        .because(format!("this machine has no cgroup controller `{controller}`"))
        .hint(format!(
            "`grep {controller} /proc/cgroups` tells whether the kernel has it, and where it is mounted"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_counts_from_the_top_and_relative_from_here() {
        let leaf = |path| leaf(Path::new("/m"), Path::new("/own"), path, "web").unwrap();
        assert_eq!(leaf(""), Path::new("/m/own/web"));
        assert_eq!(leaf("/docker/web"), Path::new("/m/docker/web"));
        assert_eq!(leaf("a/./b"), Path::new("/m/own/a/b"));
    }

    #[test]
    fn nothing_leads_out() {
        for bad in ["..", "../x", "/a/../../b", "x/../../..", "/", "/."] {
            assert!(leaf(Path::new("/m"), Path::new("/own"), bad, "web").is_err(), "{bad}");
        }
    }
}
