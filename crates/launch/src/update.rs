//! `update`: other limits for a container that exists.

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use oci::{Resources, Status};
use plan::{Cgroups, Place, Step};

use crate::hands::write_cgroup;
use crate::{Container, undo};

const CGROUPS: &str = "/sys/fs/cgroup";

/// Sets these limits. Those that are not named stay as they are, and so do rules about devices.
///
/// # Errors
/// The limit that the kernel did not take. The ones before it are as they were again.
pub fn update(container: &Container, limits: &Resources) -> Result<()> {
    let doing = || format!("update container `{}`", container.id());
    let _lock = container.folder().lock()?;
    if container.status() == Status::Stopped {
        return Err(Fault::new(Kind::WrongState, doing()).because("container not running"));
    }
    let cgroups = cgroups(container);
    let steps = match &cgroups {
        Cgroups::V2(place) => plan::update(&cgroups, &completed(limits, &place.leaf))?,
        _ => plan::update(&cgroups, limits)?,
    };
    let mut before: Vec<(PathBuf, String)> = Vec::new();
    for step in in_order(steps) {
        let Step::WriteCgroup { path, file, value, field } = &step else { continue };
        let old = fs::read_to_string(path.join(file)).unwrap_or_default();
        if let Err(fault) = write_cgroup(path, file, value, field) {
            for (file, value) in before.iter().rev() {
                let _ = fs::write(file, value);
            }
            return Err(fault.during(doing()));
        }
        before.push((path.join(file), old.trim().to_string()));
    }
    Ok(())
}

/// On v2 a quota and its period are one file, and swap is counted without memory: whoever names one of two means the
/// other one to stay as it is.
fn completed(limits: &Resources, leaf: &Path) -> Resources {
    let mut limits = limits.clone();
    let read = |file: &str| fs::read_to_string(leaf.join(file)).unwrap_or_default();
    if limits.cpu.quota.is_some() != limits.cpu.period.is_some() {
        let now = read("cpu.max");
        let mut fields = now.split_whitespace();
        let quota = fields.next().map(|quota| quota.parse().unwrap_or(-1));
        let period = fields.next().and_then(|period| period.parse().ok());
        limits.cpu.quota = limits.cpu.quota.or(quota);
        limits.cpu.period = limits.cpu.period.or(period);
    }
    if limits.memory.swap.is_some_and(|swap| swap > 0) && limits.memory.limit.is_none() {
        limits.memory.limit = read("memory.max").trim().parse().ok();
    }
    limits
}

/// On v1 the limit of memory may never be above that of memory and swap together: whichever way both move, the one
/// that would be in the way goes first.
fn in_order(mut steps: Vec<Step>) -> Vec<Step> {
    let at = |name: &str| {
        steps.iter().position(|step| matches!(step, Step::WriteCgroup { file, .. } if file == name))
    };
    let (limit, both) = (at("memory.limit_in_bytes"), at("memory.memsw.limit_in_bytes"));
    let (Some(limit), Some(both)) = (limit, both) else { return steps };
    let (Step::WriteCgroup { path, file, .. }, Step::WriteCgroup { value, .. }) =
        (&steps[both], &steps[limit])
    else {
        return steps;
    };
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let now = fs::read_to_string(path.join(file)).ok().and_then(|text| number(&text));
    // Without a limit it is above everything.
    let wanted = number(value).map(|limit| if limit < 0 { i64::MAX } else { limit });
    if wanted > now {
        steps.swap(limit, both);
    }
    steps
}

/// The container's cgroups, as a planner knows them.
fn cgroups(container: &Container) -> Cgroups {
    let place = |leaf: &Path| {
        let hierarchy = leaf.strip_prefix(CGROUPS).unwrap_or(leaf).components().next();
        let name = hierarchy.map(|name| name.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
        let unified = leaf.join("cgroup.controllers");
        let (mount, controllers) = match fs::read_to_string(unified) {
            Ok(list) => (PathBuf::from(CGROUPS), list.split_whitespace().map(String::from).collect()),
            Err(_) => (Path::new(CGROUPS).join(&name), name.split(',').map(String::from).collect()),
        };
        Place { controllers, mount, leaf: leaf.to_path_buf(), occupied: false, missing: Vec::new() }
    };
    let mut places: Vec<Place> = undo::cgroups(container.undo()).map(place).collect();
    match places.as_slice() {
        [] => Cgroups::None("the container has none of its own".to_string()),
        [only] if only.mount == Path::new(CGROUPS) => Cgroups::V2(places.remove(0)),
        _ => Cgroups::V1(places),
    }
}
