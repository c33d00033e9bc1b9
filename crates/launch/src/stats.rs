//! What a container has used so far.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cgroup::stats::{IntelRdt, Stats, of_resctrl, of_v1, of_v2};
use fault::{Doing, Fault, Kind, Result};
use plan::Cgroups;
use rustix::io::Errno;

use crate::Container;
use crate::update::cgroups;

/// Reads it from the container's cgroups.
///
/// # Errors
/// `Unavailable` for one without a cgroup of its own.
pub fn stats(container: &Container) -> Result<Stats> {
    let doing = || format!("read what container `{}` has used", container.id());
    let cgroups = cgroups(container);
    let mut stats = match &cgroups {
        Cgroups::None(_) => {
            Err(Fault::new(Kind::Unavailable, doing()).because("it has no cgroup that counts"))
        }
        Cgroups::V1(_) => of_v1(&|controller, file| read(&cgroups, controller, file), &page_sizes()),
        Cgroups::V2(_) | Cgroups::Systemd(_) => {
            of_v2(&|controller, file| read(&cgroups, controller, file), &page_sizes())
        }
    }
    .map_err(|fault| fault.during(doing()))?;
    stats.intel_rdt = shares(container.resctrl()).map_err(|fault| fault.during(doing()))?;
    Ok(stats)
}

/// Shares of cache and bandwidth, for one that is in groups of resctrl.
fn shares(groups: &[PathBuf]) -> Result<IntelRdt> {
    let ([group, ..], [.., counted]) = (groups, groups) else { return Ok(IntelRdt::default()) };
    let Some(root) = group.parent() else { return Ok(IntelRdt::default()) };
    let read = |of: &str, name: &str| {
        let folder = match of {
            "root" => root,
            "group" => group,
            _ => counted,
        };
        let path = folder.join(name);
        if_there(fs::read_to_string(&path)).doing(|| format!("read `{}`", path.display()))
    };
    let nodes = fs::read_dir(counted.join("mon_data")).into_iter().flatten().filter_map(io::Result::ok);
    let mut nodes: Vec<_> = nodes.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    nodes.sort();
    of_resctrl(&read, &nodes)
}

/// The cgroup in which a controller counts.
pub(crate) fn counting<'a>(cgroups: &'a Cgroups, controller: &str) -> Option<&'a Path> {
    match cgroups {
        Cgroups::V2(_) | Cgroups::Systemd(_) => cgroups.places().first().map(|place| place.leaf.as_path()),
        _ => cgroups.places().iter().find(|place| place.has(controller)).map(|place| place.leaf.as_path()),
    }
}

fn read(cgroups: &Cgroups, controller: &str, file: &str) -> Result<Option<String>> {
    let Some(path) = counting(cgroups, controller).map(|leaf| leaf.join(file)) else { return Ok(None) };
    if_there(fs::read_to_string(&path)).doing(|| format!("read `{}`", path.display()))
}

/// Some files are there, and say that the kernel was built or started without what they are for.
fn if_there(text: io::Result<String>) -> io::Result<Option<String>> {
    let off = [Errno::OPNOTSUPP, Errno::NODEV].map(Errno::raw_os_error);
    match text {
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
        Err(err) if err.raw_os_error().is_some_and(|number| off.contains(&number)) => Ok(None),
        text => text.map(Some),
    }
}

/// Sizes of huge pages, as the names of cgroups' files have them: `2MB`.
fn page_sizes() -> Vec<String> {
    let entries = fs::read_dir(PathBuf::from("/sys/kernel/mm/hugepages"));
    let names = entries.into_iter().flatten().filter_map(io::Result::ok);
    let mut sizes: Vec<u64> = names
        .filter_map(|entry| {
            entry.file_name().to_str()?.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()
        })
        .collect();
    sizes.sort_unstable();
    sizes.into_iter().map(cgroup::page_size).collect()
}
