//! The mounts of a container: those that all have, and those that were asked for.

use fault::{Fault, Result};
use oci::Mount;

use crate::machine::Machine;
use crate::{Network, Request};

/// The group of terminals, in every distribution.
const TTY_GROUP: u32 = 5;

/// All of them, in order: what lies deeper comes later.
pub(crate) fn of(request: &Request, machine: &Machine) -> Result<Vec<Mount>> {
    let mut mounts = every(request, machine);
    let volumes = volumes(request)?;
    // A volume in the place of a mount that all have takes its place; over `/dev`, of all below as well.
    mounts.retain(|mount| {
        let at = mount.destination.as_str();
        !volumes.iter().any(|volume| {
            let place = volume.destination.trim_end_matches('/');
            place == at || place == "/dev" && at.starts_with("/dev/")
        })
    });
    mounts.extend(volumes);
    Ok(mounts)
}

/// Docker's. Source: moby, `oci/defaults.go`.
fn every(request: &Request, machine: &Machine) -> Vec<Mount> {
    let access = if request.privileged { "" } else { ",ro,rro" };
    let own_tty = machine.has_group(TTY_GROUP);
    let tty = if own_tty { format!(",gid={TTY_GROUP}") } else { String::new() };
    let sys = if machine.mappings.is_some() && request.network == Network::Host {
        // The network's part of a new sysfs would be this machine's, and a user namespace has no right to it.
        mount("/sys", "none", "/sys", &format!("rbind,rslave,nosuid,noexec,nodev{access}"))
    } else {
        let access = if request.privileged { "" } else { ",ro" };
        mount("/sys", "sysfs", "sysfs", &format!("nosuid,noexec,nodev{access}"))
    };
    let cgroup = sys.kind != "none";
    let mut mounts = vec![
        mount("/proc", "proc", "proc", "nosuid,noexec,nodev"),
        mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
        mount("/dev/pts", "devpts", "devpts", &format!("nosuid,noexec,ptmxmode=0666,mode=0620{tty}")),
        sys,
        mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
        mount("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),
    ];
    if cgroup {
        mounts.push(mount("/sys/fs/cgroup", "cgroup", "cgroup", &format!("nosuid,noexec,nodev{access}")));
    }
    mounts
}

fn volumes(request: &Request) -> Result<Vec<Mount>> {
    let mut mounts: Vec<Mount> = Vec::with_capacity(request.volumes.len());
    for volume in &request.volumes {
        let mount = volume.mount();
        if mounts.iter().any(|other| other.destination == mount.destination) {
            return Err(Fault::invalid("--volume", format!("Duplicate mount point: {}", mount.destination)));
        }
        mounts.push(mount);
    }
    mounts.sort_by_key(|mount| std::path::Path::new(&mount.destination).components().count());
    Ok(mounts)
}

pub(crate) fn mount(destination: &str, kind: &str, source: &str, options: &str) -> Mount {
    Mount {
        destination: destination.to_string(),
        kind: kind.to_string(),
        source: source.to_string(),
        options: options.split(',').filter(|option| !option.is_empty()).map(String::from).collect(),
        ..Mount::default()
    }
}
