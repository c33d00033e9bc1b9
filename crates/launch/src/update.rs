//! `update`: other limits for a container that exists.

use std::fs;
use std::path::{Path, PathBuf};

use cgroup::Absent;
use fault::{Doing, Fault, Kind, Result};
use oci::{IntelRdt, Resources, Status};
use plan::{Cgroups, Place, Step};

use crate::bus::Bus;
use crate::hands::write_cgroup;
use crate::host::CGROUPS;
use crate::{Container, resctrl, scope, undo};

/// Sets these limits. Those that are not named stay as they are, and so do rules about devices. Returns
/// warnings, a sentence each.
///
/// # Errors
/// The limit that the kernel did not take. The ones before it are as they were again.
pub fn update(container: &Container, limits: &Resources) -> Result<Vec<String>> {
    let doing = || format!("update container `{}`", container.id());
    let _lock = container.folder().lock()?;
    if container.status() == Status::Stopped {
        return Err(Fault::new(Kind::WrongState, doing()).because("container not running"));
    }
    let cgroups = cgroups(container);
    let (steps, warnings) = match &cgroups {
        Cgroups::V2(place) => {
            let limits = completed(limits, &place.leaf);
            leaves_what_is_in_use(&limits, &place.leaf).map_err(|fault| fault.during(doing()))?;
            plan::update(&cgroups, &limits)
        }
        _ => plan::update(&cgroups, limits),
    }
    .map_err(|fault| fault.during(doing()))?;
    let mut written = Vec::new();
    let again = steps.clone();
    write_all(steps, &mut written).and_then(|()| tell_systemd(container, limits, again)).map_err(
        |fault| {
            for Written { file, before } in written.iter().rev() {
                let _ = fs::write(file, before);
            }
            fault.during(doing())
        },
    )?;
    Ok(warnings)
}

/// systemd writes these files too, whenever it comes by: it must know. Last, so that what the kernel refuses is none of
/// its business; and then they are written once more, because it rounds.
fn tell_systemd(container: &Container, limits: &Resources, steps: Vec<Step>) -> Result<()> {
    let Some((unit, manager)) = scope::unit(container.undo()) else { return Ok(()) };
    let mut bus = Bus::connect(manager, unit)?;
    let version = if scope::needs_version(limits) { bus.version()? } else { 0 };
    let properties = plan::unit_properties(&steps, version);
    if properties.is_empty() {
        return Ok(());
    }
    let quota = undo::cgroup(container.undo()).map(|cgroup| cgroup.join("cpu.max"));
    let before = quota.as_ref().and_then(|file| fs::read_to_string(file).ok());
    bus.set(unit, &properties)?;
    if let Some((file, quota)) = quota.zip(before) {
        // Also one that nobody named: with any property of processor time, systemd writes all of them.
        let _ = fs::write(file, quota);
    }
    write_all(steps, &mut Vec::new())
}

/// Gives the container another share of the processors' cache and of the bandwidth to memory.
///
/// # Errors
/// `Unavailable` for one that was created without a share.
pub fn update_share(container: &Container, share: &IntelRdt) -> Result<()> {
    let doing = || format!("update container `{}`", container.id());
    let _lock = container.folder().lock()?;
    if container.status() == Status::Stopped {
        return Err(Fault::new(Kind::WrongState, doing()).because("container not running"));
    }
    let lines = plan::schemata(share).map_err(|fault| fault.during(doing()))?;
    let Some(group) = container.resctrl().first() else {
        return Err(Fault::new(Kind::Unavailable, doing())
            .because("it was created without `linux.intelRdt`, so it has no share that could be another"));
    };
    resctrl::write(group, &lines, "linux.intelRdt").map_err(|fault| fault.during(doing()))
}

/// A file that was written, and what puts it back.
struct Written {
    file: PathBuf,
    before: String,
}

/// Some limits hold others within bounds: memory alone and with swap, quota and burst, processor time of
/// siblings. Which one has to move first depends on which way they go. What the kernel finds invalid is tried
/// again after the others; once that helps none of them, it is wrong.
fn write_all(mut steps: Vec<Step>, written: &mut Vec<Written>) -> Result<()> {
    loop {
        let (mut invalid, mut first_fault, tried) = (Vec::new(), None, steps.len());
        for step in steps {
            match write(&step) {
                Ok(one) => written.extend(one),
                Err(fault) if fault.errno() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
                    first_fault = first_fault.or(Some(fault));
                    invalid.push(step);
                }
                Err(fault) => return Err(fault),
            }
        }
        match first_fault {
            None => return Ok(()),
            Some(fault) if invalid.len() == tried => return Err(fault),
            Some(_) => steps = invalid,
        }
    }
}

/// Writes one limit, after a look at how to put it back.
fn write(step: &Step) -> Result<Option<Written>> {
    let Step::WriteCgroup { path, file, value, field, absent } = step else { return Ok(None) };
    let (name, value_there) = match absent {
        Absent::Instead { file: other, value } if !path.join(file).exists() => (*other, value),
        _ => (file.as_str(), value),
    };
    let before = fs::read_to_string(path.join(name)).unwrap_or_default();
    write_cgroup(path, file, value, field, absent)?;
    // With a new line: nothing at all would not be written.
    let back = cgroup::restore(name, value_there, &before).map(|before| before + "\n");
    Ok(back.map(|before| Written { file: path.join(name), before }))
}

/// On v2 a quota and its period are one file, and swap is counted without memory: whoever names one of two
/// means the other one to stay as it is.
fn completed(limits: &Resources, leaf: &Path) -> Resources {
    let mut limits = limits.clone();
    let read = |file: &str| fs::read_to_string(leaf.join(file)).unwrap_or_default();
    let bytes = |file: &str| read(file).trim().parse::<i64>().ok();
    if limits.cpu.quota.is_some() != limits.cpu.period.is_some() {
        let now = read("cpu.max");
        let mut fields = now.split_whitespace();
        let quota = fields.next().map(|quota| quota.parse().unwrap_or(-1));
        let period = fields.next().and_then(|period| period.parse().ok());
        limits.cpu.quota = limits.cpu.quota.or(quota);
        limits.cpu.period = limits.cpu.period.or(period);
    }
    let memory = &mut limits.memory;
    let (limit, swap) = (memory.limit.unwrap_or(0), memory.swap.unwrap_or(0));
    if swap > 0 && limit == 0 {
        memory.limit = bytes("memory.max");
    }
    if limit > 0
        && swap == 0
        && let (Some(now), Some(swap)) = (bytes("memory.max"), bytes("memory.swap.max"))
    {
        memory.swap = Some(now + swap);
    }
    limits
}

/// Below what is in use the kernel would end processes. On v1 it refuses such a limit by itself.
fn leaves_what_is_in_use(limits: &Resources, leaf: &Path) -> Result<()> {
    let (Some(true), Some(limit)) = (limits.memory.check_before_update, limits.memory.limit) else {
        return Ok(());
    };
    let file = leaf.join("memory.current");
    let used = fs::read_to_string(&file).doing(|| format!("read `{}`", file.display()))?;
    match used.trim().parse::<i64>() {
        Ok(used) if limit > 0 && limit < used => Err(Fault::invalid(
            "linux.resources.memory.limit",
            format!("it is {limit}, and {used} bytes are in use"),
        )),
        _ => Ok(()),
    }
}

/// The container's cgroups, as a planner knows them.
pub(crate) fn cgroups(container: &Container) -> Cgroups {
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
