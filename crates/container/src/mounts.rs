//! The mounts of a container: those that all have, and those that were asked for.

use std::path::Path;

use fault::{Fault, Result};
use oci::Mount;

use crate::machine::Machine;
use crate::users::Who;
use crate::{Network, Request, Share};

/// The group of terminals, in every distribution.
const TTY_GROUP: u32 = 5;

/// All of them, in order: what lies deeper comes later.
pub(crate) fn of(request: &Request, machine: &Machine, who: &Who) -> Result<Vec<Mount>> {
    let mut mounts = every(request, machine);
    mounts.extend(request.surroundings.mounts()?);
    let asked = asked(request, machine, who)?;
    // What was asked for in the place of a mount that all have takes its place; over `/dev`, of all below as well.
    mounts.retain(|mount| {
        let at = mount.destination.as_str();
        !asked.iter().any(|mount| {
            let place = mount.destination.trim_end_matches('/');
            place == at || place == "/dev" && at.starts_with("/dev/")
        })
    });
    mounts.extend(asked);
    if machine.ids.is_some() {
        mounts.extend(request.devices.renamed());
    }
    Ok(mounts)
}

/// Docker's. Source: moby, `oci/defaults.go`.
fn every(request: &Request, machine: &Machine) -> Vec<Mount> {
    let access = if request.privileged { "" } else { ",ro,rro" };
    let cgroup_access = if request.security.writable_cgroups { "" } else { access };
    let proc_options = request.security.proc_options.iter().map(|option| format!(",{option}"));
    let proc_options = format!("nosuid,noexec,nodev{}", proc_options.collect::<String>());
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
    let shares_pids = request.sharing.pid == Share::Host;
    let proc = if machine.mappings.is_some() && shares_pids {
        // A new one would be this machine's, and a user namespace has no right to it.
        mount("/proc", "none", "/proc", "rbind,rslave,nosuid,noexec,nodev")
    } else {
        mount("/proc", "proc", "proc", &proc_options)
    };
    let mut mounts = vec![
        proc,
        mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
        mount("/dev/pts", "devpts", "devpts", &format!("nosuid,noexec,ptmxmode=0666,mode=0620{tty}")),
        sys,
    ];
    mounts.extend(ipc(request));
    if cgroup {
        mounts.push(mount(
            "/sys/fs/cgroup",
            "cgroup",
            "cgroup",
            &format!("nosuid,noexec,nodev{cgroup_access}"),
        ));
    }
    mounts
}

/// Message queues and shared memory: its own, or those of the machine.
fn ipc(request: &Request) -> Vec<Mount> {
    let sharing = &request.sharing;
    if sharing.ipc == Share::Host {
        let there = ["/dev/shm", "/dev/mqueue"].into_iter().filter(|path| Path::new(path).is_dir());
        return there.map(|path| mount(path, "bind", path, "rbind,rprivate,nosuid,noexec,nodev")).collect();
    }
    let size = request.surroundings.shm_size.map_or("65536k".to_string(), |bytes| bytes.to_string());
    let shm = format!("nosuid,noexec,nodev,mode=1777,size={size}");
    let mut mounts = vec![mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev")];
    mounts.extend((!sharing.no_shm).then(|| mount("/dev/shm", "tmpfs", "shm", &shm)));
    mounts
}

fn asked(request: &Request, machine: &Machine, who: &Who) -> Result<Vec<Mount>> {
    let mut mounts: Vec<Mount> = Vec::with_capacity(request.mounts.len());
    for mount in &request.mounts {
        let mount = mount.config(machine, &machine.volumes, who)?;
        if mounts.iter().any(|other| other.destination == mount.destination) {
            return Err(Fault::invalid("--volume", format!("Duplicate mount point: {}", mount.destination)));
        }
        mounts.push(mount);
    }
    mounts.sort_by_key(|mount| Path::new(&mount.destination).components().count());
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
