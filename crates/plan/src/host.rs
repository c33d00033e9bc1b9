//! What we know about this machine and this caller. Read once by `launch`, and passed as data.

use std::path::PathBuf;

use oci::NamespaceKind;
use systemd::{Manager, Scope};

/// This machine and this caller.
#[derive(Debug, Clone)]
pub struct Host {
    /// Where the container's cgroup is to be made, and by whom.
    pub cgroups: Cgroups,
    /// Our user id, as our own user namespace has it.
    pub uid: u32,
    /// Our group id.
    pub gid: u32,
    /// The capabilities that we could pass on: a bit for each number.
    pub capabilities: u64,
    /// We are in a user namespace of our own already, where nobody may make device nodes.
    pub in_user_namespace: bool,
    /// Our own user namespace, if we are in one, lets groups be changed.
    pub can_set_groups: bool,
    /// The programs that give an ordinary user more ids than its own are there: newuidmap(1).
    pub id_helpers: bool,
    /// Namespaces that the config has a path of, and that are our own: to enter them changes nothing.
    pub own_namespaces: Vec<NamespaceKind>,
    /// Where resctrl is mounted; only looked at for those who ask for `linux.intelRdt`.
    pub resctrl: Option<PathBuf>,
    /// SELinux is enabled; only looked at for those who ask for a label.
    pub selinux: bool,
}

impl Host {
    /// What the user and group ids of a file must be mapped by: our own privilege, or that of helpers.
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// We can open parts of the host as mounts. An ordinary user can do so only in its new user namespace.
    pub(crate) fn can_mount(&self) -> bool {
        /// `CAP_SYS_ADMIN`.
        const SYS_ADMIN: u64 = 1 << 21;
        self.capabilities & SYS_ADMIN != 0
    }
}

/// The cgroup situation. It decides which steps there are; nothing knows about it after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cgroups {
    /// A directory in each hierarchy.
    V1(Vec<Place>),
    /// A directory of the unified hierarchy.
    V2(Place),
    /// The unified hierarchy, in which systemd makes it.
    Systemd(Box<Unit>),
    /// Nobody gave us one, for this reason: the container stays in the caller's cgroup.
    None(String),
}

/// A unit of systemd's whose cgroup is to be the container's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name, and where it is.
    pub scope: Scope,
    /// Which systemd makes it.
    pub manager: Manager,
    /// That one's version; 0 if nothing that is asked for depends on it.
    pub version: u32,
    /// Its cgroup.
    pub place: Place,
}

/// A directory that is to be the container's cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The controllers of this hierarchy; for v2 those that the hierarchy's root has.
    pub controllers: Vec<String>,
    /// Where the hierarchy is mounted.
    pub mount: PathBuf,
    /// The container's own directory.
    pub leaf: PathBuf,
    /// Somebody is in it already.
    pub occupied: bool,
    /// The last components of `leaf`, itself included, that do not exist yet; outermost first.
    pub missing: Vec<PathBuf>,
}

impl Cgroups {
    /// The directories, whatever the version.
    pub fn places(&self) -> &[Place] {
        match self {
            Cgroups::V1(places) => places,
            Cgroups::V2(place) => std::slice::from_ref(place),
            Cgroups::Systemd(unit) => std::slice::from_ref(&unit.place),
            Cgroups::None(_) => &[],
        }
    }
}

impl Place {
    /// The hierarchy's name in `/sys/fs/cgroup`: `memory`, `cpu,cpuacct`, `systemd`.
    pub fn name(&self) -> String {
        self.mount.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// This hierarchy has the controller.
    pub fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|name| name == controller)
    }
}
