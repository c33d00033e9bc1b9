//! Where systemd is to make a container's cgroup: what is asked for, and which systemd there is to ask.

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use oci::{ContainerId, Resources, Spec};
use plan::{Cgroups, Place, Undo, Unit};
use rustix::fs::{Access, access};
use systemd::{Manager, Scope};

use crate::bus::Bus;
use crate::host::{self, CGROUPS};
use crate::undo;

/// Reads it. An ordinary user, and root of a user namespace, has a systemd of its own.
///
/// # Errors
/// `Unavailable`: there is none, or it has cgroups of v1.
pub(crate) fn read(spec: &Spec, id: &ContainerId, of_user: bool) -> Result<Cgroups> {
    let top = Path::new(CGROUPS);
    if !rustix::fs::statfs(top).is_ok_and(|stat| host::is_v2(&stat)) {
        return Err(unavailable("this machine has cgroup v1, and we ask systemd for cgroups of v2 only"));
    }
    let scope = Scope::of(&spec.linux.cgroups_path, id.as_str(), of_user)?;
    let manager = manager(of_user)?;
    // The machine's own is at the top, and nothing has to be asked.
    let ask = of_user || needs_version(&spec.linux.resources);
    let mut bus = ask.then(|| Bus::connect(&manager, &scope.unit)).transpose()?;
    let version = match &mut bus {
        Some(bus) if needs_version(&spec.linux.resources) => bus.version()?,
        _ => 0,
    };
    let own = match &mut bus {
        Some(bus) if of_user => top.join(bus.control_group()?.trim_start_matches('/')),
        _ => top.to_path_buf(),
    };
    let controllers = fs::read_to_string(own.join("cgroup.controllers")).unwrap_or_default();
    let leaf = own.join(scope.folder());
    let place = Place {
        controllers: controllers.split_whitespace().map(String::from).collect(),
        mount: top.to_path_buf(),
        occupied: host::is_occupied(&leaf),
        leaf,
        missing: Vec::new(),
    };
    Ok(Cgroups::Systemd(Box::new(Unit { scope, manager, version, place })))
}

fn manager(of_user: bool) -> Result<Manager> {
    if of_user {
        let folder =
            std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let bus = std::env::var("DBUS_SESSION_BUS_ADDRESS").ok();
        return Ok(Manager::of_user(folder.as_deref(), bus.as_deref()));
    }
    // Source: sd_booted(3).
    if Path::new("/run/systemd/system").is_dir() {
        return Ok(Manager::system());
    }
    Err(unavailable("systemd does not run this machine"))
}

fn unavailable(why: &str) -> Fault {
    Fault::new(Kind::Unavailable, "use `--systemd-cgroup`")
        .because(why)
        .hint("leave it out; in docker: `native.cgroupdriver=cgroupfs`")
}

/// Properties for these limits depend on systemd's version.
pub(crate) fn needs_version(limits: &Resources) -> bool {
    let files = limits.unified.keys().map(String::as_str);
    files.chain(limits.cpu.idle.map(|_| "cpu.idle")).any(systemd::needs_version)
}

/// The unit of a container and the path below its cgroup, if only systemd can put a process of ours into `cgroup`: the
/// kernel wants us to be allowed to in the closest cgroup that is above both that one and our own. Between a session of
/// a user and its units that is one of root's.
pub(crate) fn only_by_systemd(undo: &[Undo], cgroup: &Path) -> Option<(String, Manager, String)> {
    let (unit, manager) = unit(undo)?;
    if may_move_to(cgroup) {
        return None;
    }
    let below = undo::cgroup(undo).and_then(|leaf| cgroup.strip_prefix(leaf).ok()).unwrap_or(Path::new(""));
    let below = if below == Path::new("") { String::new() } else { format!("/{}", below.display()) };
    Some((unit.to_string(), manager.clone(), below))
}

fn may_move_to(cgroup: &Path) -> bool {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let own = Path::new(CGROUPS).join(own);
    let shared = cgroup.ancestors().find(|above| own.starts_with(above)).unwrap_or(Path::new(CGROUPS));
    let may = |cgroup: &Path| access(cgroup.join("cgroup.procs"), Access::WRITE_OK).is_ok();
    may(shared) && may(cgroup)
}

/// The unit of a container that has one, and which systemd has made it.
pub(crate) fn unit(undo: &[Undo]) -> Option<(&str, &Manager)> {
    undo.iter().find_map(|undo| match undo {
        Undo::StopUnit { unit, manager, .. } => Some((unit.as_str(), manager)),
        _ => None,
    })
}
