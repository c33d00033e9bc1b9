//! Reads what this machine and this caller are. The only place that does.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Result};
use oci::{ContainerId, Namespace, NamespaceKind, Spec};
use plan::{Cgroups, Host, Place};
use rustix::fs::{Access, StatFs};

use crate::{resctrl, scope};

/// Where every distribution has the hierarchies.
pub(crate) const CGROUPS: &str = "/sys/fs/cgroup";
/// `CGROUP2_SUPER_MAGIC`.
const CGROUP2: i64 = 0x6367_7270;

/// Who makes a container's cgroups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CgroupManager {
    /// We, in the kernel's file system.
    #[default]
    Cgroupfs,
    /// systemd: the machine's, or the user's own.
    Systemd,
    /// Nobody: the container stays in the caller's, and nothing of it can be limited.
    Disabled,
}

/// Reads the host, as far as this container is concerned.
pub fn read(spec: &Spec, id: &ContainerId, manager: CgroupManager) -> Result<Host> {
    let uid = rustix::process::geteuid().as_raw();
    let in_user_namespace = in_user_namespace();
    Ok(Host {
        cgroups: match manager {
            CgroupManager::Cgroupfs => cgroups(&spec.linux.cgroups_path, id)?,
            CgroupManager::Systemd => scope::read(spec, id, uid != 0 || in_user_namespace)?,
            CgroupManager::Disabled => Cgroups::None("`--cgroup-manager disabled`".to_string()),
        },
        uid,
        gid: rustix::process::getegid().as_raw(),
        capabilities: capabilities()?,
        in_user_namespace,
        can_set_groups: can_set_groups("self"),
        own_namespaces: own_namespaces(spec),
        resctrl: spec.linux.intel_rdt.as_ref().and_then(|_| resctrl::mounted()),
        selinux: asks_for_label(spec) && has_selinux(),
        id_helpers: uid != 0 && on_path("newuidmap") && on_path("newgidmap"),
    })
}

/// Those that we could pass on: a bounding set that is smaller than what we have ourselves would make the
/// program lose the rest.
pub(crate) fn capabilities() -> Result<u64> {
    let sets = rustix::thread::capabilities(None).doing(|| "read our own capabilities")?;
    Ok((sets.permitted & bounding(sets.permitted)).bits())
}

/// The user namespace of a process lets groups be changed.
pub(crate) fn can_set_groups(process: &str) -> bool {
    let setgroups = fs::read_to_string(format!("/proc/{process}/setgroups"));
    setgroups.map_or(true, |text| text.trim() != "deny")
}

fn bounding(among: rustix::thread::CapabilitySet) -> rustix::thread::CapabilitySet {
    among.iter().filter(|one| rustix::thread::capability_is_in_bounding_set(*one).unwrap_or(false)).collect()
}

/// The machine's own user namespace maps all ids to themselves.
fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    !map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Those of the config that are ours. One that cannot be looked at is not.
fn own_namespaces(spec: &Spec) -> Vec<NamespaceKind> {
    let file = |path: &str| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    let is_own = |one: &&Namespace| {
        let name = match one.kind {
            NamespaceKind::Mount => "mnt".to_string(),
            NamespaceKind::Network => "net".to_string(),
            kind => kind.to_string(),
        };
        file(&one.path).is_some_and(|there| file(&format!("/proc/self/ns/{name}")) == Some(there))
    };
    let joined = spec.linux.namespaces.iter().filter(|one| !one.path.is_empty());
    joined.filter(is_own).map(|one| one.kind).collect()
}

fn asks_for_label(spec: &Spec) -> bool {
    let process = spec.process.as_ref().map_or("", |process| process.selinux_label.as_str());
    !process.is_empty() || !spec.linux.mount_label.is_empty()
}

/// The kernel has its file system only when it is enabled.
pub(crate) fn has_selinux() -> bool {
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    known.split_whitespace().any(|word| word == "selinuxfs")
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Where the container's cgroup goes. Costs the same however many containers and mounts there are: the
/// hierarchies are where every distribution has them, and no list of mounts is read.
fn cgroups(path: &str, id: &ContainerId) -> Result<Cgroups> {
    let own = fs::read_to_string("/proc/self/cgroup").doing(|| "read `/proc/self/cgroup`")?;
    let top = Path::new(CGROUPS);
    let Ok(stat) = rustix::fs::statfs(top) else {
        return Ok(Cgroups::None(format!("there is no `{CGROUPS}`")));
    };
    let places = if is_v2(&stat) { vec![v2(&own, top, path, id)?] } else { v1(&own, top, path, id)? };
    if let Some(closed) = places.iter().find_map(closed_to_us) {
        return Ok(Cgroups::None(format!("`{}` is not ours to write to", closed.display())));
    }
    match (is_v2(&stat), places) {
        (_, places) if places.is_empty() => Ok(Cgroups::None(format!("nothing is mounted in `{CGROUPS}`"))),
        (false, places) => Ok(Cgroups::V1(places)),
        (true, mut places) => Ok(places.pop().map_or_else(|| Cgroups::None(String::new()), Cgroups::V2)),
    }
}

#[expect(clippy::unnecessary_cast, reason = "the field has another type on other architectures")]
pub(crate) fn is_v2(stat: &StatFs) -> bool {
    stat.f_type as i64 == CGROUP2
}

/// A hierarchy for each line such as `4:memory:/user.slice`.
fn v1(own: &str, top: &Path, path: &str, id: &ContainerId) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for line in own.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(own)) = (fields.next(), fields.next()) else { continue };
        let mount = top.join(controllers.strip_prefix("name=").unwrap_or(controllers));
        // An empty list is the unified hierarchy of a hybrid machine, which has no controllers.
        if controllers.is_empty() || !mount.is_dir() {
            continue;
        }
        let controllers = controllers.split(',').map(String::from).collect();
        places.push(place(mount, controllers, Path::new(own), path, id)?);
    }
    Ok(places)
}

/// One hierarchy. A path that is not absolute counts from the cgroup above ours: one with processes in it,
/// such as our own, cannot pass controllers on.
fn v2(own: &str, top: &Path, path: &str, id: &ContainerId) -> Result<Place> {
    let own = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let above = Path::new(own).parent().unwrap_or(Path::new("/"));
    let controllers = fs::read_to_string(top.join("cgroup.controllers")).unwrap_or_default();
    let controllers = controllers.split_whitespace().map(String::from).collect();
    place(top.to_path_buf(), controllers, above, path, id)
}

fn place(
    mount: PathBuf,
    controllers: Vec<String>,
    own: &Path,
    path: &str,
    id: &ContainerId,
) -> Result<Place> {
    // In a container without a cgroup namespace our own path is the host's, and nothing here.
    let own_is_here = own == Path::new("/") || mount.join(own.strip_prefix("/").unwrap_or(own)).is_dir();
    let own = if own_is_here { own } else { Path::new("/") };
    let leaf = plan::cgroup_leaf(&mount, own, path, id.as_str())?;
    // Mostly the last one is missing, and nothing else: one look is enough then.
    let above = leaf.ancestors().skip(1).take_while(|path| !path.exists()).map(Path::to_path_buf);
    let mut missing: Vec<_> = std::iter::once(leaf.clone()).chain(above).collect();
    missing.reverse();
    Ok(Place { controllers, mount, occupied: is_occupied(&leaf), leaf, missing })
}

/// There are processes in this cgroup or below. To adopt it would be to end them with the container.
pub(crate) fn is_occupied(cgroup: &Path) -> bool {
    let Ok(list) = fs::read_to_string(cgroup.join("cgroup.procs")) else { return false };
    let Ok(entries) = fs::read_dir(cgroup) else { return !list.is_empty() };
    let mut below = entries.filter_map(std::io::Result::ok).filter(|entry| entry.path().is_dir());
    !list.is_empty() || below.any(|entry| is_occupied(&entry.path()))
}

/// The first folder in which we would have to make something, if we may not.
fn closed_to_us(place: &Place) -> Option<&Path> {
    let above = place.missing.first()?.parent()?;
    rustix::fs::access(above, Access::WRITE_OK).err().map(|_| above)
}
