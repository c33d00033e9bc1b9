//! What this machine and this caller are, as far as a config depends on it. Read once.

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Fault, Kind};
use oci::{ContainerId, IdMapping, Spec};
use plan::IdMaps;

use crate::volume::config::Places;
use crate::{Userns, protected, security, subids};

/// This machine and this caller.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Capabilities that a container can have: a bit for each number.
    pub(crate) grantable: u64,
    /// Mappings of a user namespace, for a caller that may not make containers without one.
    pub(crate) mappings: Option<(Vec<IdMapping>, Vec<IdMapping>)>,
    /// The mappings are those that root has asked for.
    pub(crate) remapped: bool,
    /// Users and groups that a container can have, where those are not all: in a user namespace, whether it
    /// is the container's or the one that we are in ourselves.
    pub(crate) ids: Option<(Vec<IdMapping>, Vec<IdMapping>)>,
    /// Why there can be no limits, if there cannot.
    pub(crate) no_limits: Option<String>,
    /// The kernel can limit swap.
    pub(crate) counts_swap: bool,
    /// This machine's name.
    pub(crate) hostname: String,
    /// Paths of each processor that are to be masked.
    pub(crate) processors: Vec<PathBuf>,
    /// Where the container's volumes are.
    pub(crate) volumes: Places,
    /// First two numbers of the kernel's version.
    pub(crate) kernel: (u32, u32),
    /// Labels mean something here.
    pub(crate) selinux: bool,
}

/// `CAP_SYS_ADMIN`: who has it may make namespaces and mounts.
const SYS_ADMIN: u64 = 1 << 21;

impl Machine {
    pub(crate) fn read(id: &ContainerId) -> fault::Result<Machine> {
        let host = launch::read_host(&Spec::default(), id, launch::CgroupManager::default())?;
        let mappings = (host.capabilities & SYS_ADMIN == 0).then(|| mappings(&host));
        let ids = match (&mappings, host.in_user_namespace) {
            (Some(mappings), _) => Some(mappings.clone()),
            (None, true) => Some((own_ids("uid_map"), own_ids("gid_map"))),
            (None, false) => None,
        };
        let selinux = host.selinux;
        let uname = rustix::system::uname();
        let no_limits = match host.cgroups {
            plan::Cgroups::None(why) => Some(why),
            _ => None,
        };
        Ok(Machine {
            ids,
            no_limits,
            grantable: if mappings.is_some() { u64::MAX } else { host.capabilities },
            mappings,
            remapped: false,
            counts_swap: counts_swap(),
            hostname: uname.nodename().to_string_lossy().into_owned(),
            processors: protected::processors(),
            volumes: Places::new(),
            kernel: security::kernel_version(&uname.release().to_string_lossy()),
            selinux,
        })
    }

    /// The same for a container that is to have users of its own.
    ///
    /// # Errors
    /// `Denied`: we are not root of this machine.
    pub(crate) fn with(self, user: Option<&Userns>) -> fault::Result<Machine> {
        let Some(user) = user.map(Userns::or_first) else { return Ok(self) };
        if self.ids.is_some() {
            return Err(Fault::new(Kind::Denied, "make a user namespace for the container")
                .because("only root of this machine can show files under other ids"));
        }
        let both = Some((user.uids, user.gids));
        Ok(Machine { grantable: u64::MAX, mappings: both.clone(), ids: both, remapped: true, ..self })
    }

    /// The caller may not make containers without a user namespace.
    pub(crate) fn is_ordinary(&self) -> bool {
        self.mappings.is_some() && !self.remapped
    }

    /// As whose root files of such a container can be given away and removed: for a caller who is not root.
    pub(crate) fn owners(&self) -> Option<IdMaps> {
        self.mappings.clone().filter(|_| !self.remapped).map(|(uids, gids)| as_maps(uids, gids))
    }

    /// The container can have this user.
    pub(crate) fn has_user(&self, uid: u32) -> bool {
        self.ids.as_ref().is_none_or(|(uids, _)| subids::has(uids, uid))
    }

    /// The container can have this group.
    pub(crate) fn has_group(&self, gid: u32) -> bool {
        self.ids.as_ref().is_none_or(|(_, gids)| subids::has(gids, gid))
    }
}

/// We may connect containers to networks: root of this machine, with `CAP_NET_ADMIN`.
pub fn can_connect() -> bool {
    let none = rustix::thread::CapabilitySet::empty();
    let own = rustix::thread::capabilities(None).map_or(none, |sets| sets.effective);
    let all = [IdMapping { container_id: 0, host_id: 0, size: u32::MAX }];
    let root = rustix::process::geteuid().is_root() && own.contains(rustix::thread::CapabilitySet::NET_ADMIN);
    root && own_ids("uid_map") == all
}

/// The ids of a user namespace in which an ordinary user is root; nothing for root of the machine, who needs none.
pub fn own_root() -> fault::Result<Option<IdMaps>> {
    if rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let nobody = "own".parse::<ContainerId>()?;
    let host = launch::read_host(&Spec::default(), &nobody, launch::CgroupManager::default())?;
    let (uids, gids) = mappings(&host);
    Ok(Some(as_maps(uids, gids)))
}

fn as_maps(uids: Vec<IdMapping>, gids: Vec<IdMapping>) -> IdMaps {
    let helpers = uids.len() > 1 || gids.len() > 1;
    IdMaps { uids, gids, helpers, groups: helpers }
}

/// More than one id takes a range in both files, and the programs that may use it.
fn mappings(host: &plan::Host) -> (Vec<IdMapping>, Vec<IdMapping>) {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let user = user_name(&read("/etc/passwd"), host.uid);
    let uids = subids::mappings(host.uid, &read("/etc/subuid"), &user, host.uid);
    let gids = subids::mappings(host.gid, &read("/etc/subgid"), &user, host.uid);
    if host.id_helpers && uids.len() > 1 && gids.len() > 1 {
        return (uids, gids);
    }
    (uids[..1].to_vec(), gids[..1].to_vec())
}

/// The ids that there are in the user namespace that we are in. Source: user_namespaces(7).
fn own_ids(file: &str) -> Vec<IdMapping> {
    let text = fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let numbers = |line: &str| line.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>().ok();
    let maps = text.lines().filter_map(numbers).filter_map(|numbers| match numbers[..] {
        [container_id, host_id, size] => Some(IdMapping { container_id, host_id, size }),
        _ => None,
    });
    maps.collect()
}

fn user_name(passwd: &str, uid: u32) -> String {
    let name = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_string())
    };
    passwd.lines().find_map(name).unwrap_or_default()
}

/// The kernel counts swap. v1 says it by a file that every group has; v2 by one that all but the root have.
pub fn counts_swap() -> bool {
    let v1 = Path::new("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
    let below = fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
    v1.exists() || below.map(|entry| entry.path().join("memory.swap.max")).any(|file| file.exists())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One on which root can do everything.
    pub(crate) fn machine() -> Machine {
        Machine {
            grantable: u64::MAX,
            mappings: None,
            remapped: false,
            ids: None,
            no_limits: None,
            counts_swap: false,
            hostname: "metal".to_string(),
            processors: Vec::new(),
            volumes: Places::new(),
            kernel: (6, 1),
            selinux: false,
        }
    }
}
