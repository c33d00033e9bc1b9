//! Everything that can be done to make a container, as data.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use oci::{Hook, IdMapping, NamespaceKind, TimeOffset};
use seccomp::Filter;
use serde::{Deserialize, Serialize};
use systemd::{Manager, Property};

use crate::{MemoryNodes, Mount, MountIds, Numbers, Propagation, Resource, Scheduling, Sets};

/// Which process runs a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The runtime, in the namespaces of the caller.
    Host,
    /// The process that becomes the container.
    Child,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if *self == Side::Host { "host" } else { "child" })
    }
}

/// One thing to do. Plain values only: a step can be printed, compared and timed. The variants stand in
/// the order in which a container comes to be; their docs say why they stand where they stand.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "a field is what the sentence of its variant speaks of")]
pub enum Step {
    /// Writes down what will be made, before anything is: whoever finds a half-made container after a
    /// crash can take it back.
    Record { poststop: Vec<Hook> },
    /// Makes a cgroup. `shared` ones are parents that others may use too. cgroup v1 wants the processors of
    /// a new cgroup copied from above before anybody can be in it.
    MakeCgroup { path: PathBuf, inherit_cpuset: bool, shared: bool },
    /// Passes controllers on to the cgroups below; of those that the kernel has, `needed` must be there.
    EnableControllers { path: PathBuf, needed: Vec<String> },
    /// Has systemd make a scope around the child, whose cgroup that is from then on. After the clone: a scope must have
    /// a process.
    StartScope { unit: String, manager: Manager, path: PathBuf, properties: Vec<Property> },
    /// Has systemd put the child into the cgroup of a unit, or into one `below`: where the way between two cgroups
    /// leads through one that is not ours.
    AttachToUnit { unit: String, manager: Manager, below: String },
    /// Sets a limit, before there is anybody to limit.
    WriteCgroup { path: PathBuf, file: String, value: String, field: String, absent: cgroup::Absent },
    /// Says which devices may be used (cgroup v2).
    AttachDeviceRules { path: PathBuf, rules: Vec<cgroup::Rule> },
    /// Opens what the child may not be able to open once it is in its user namespace.
    OpenSources { root: Option<PathBuf>, sources: Vec<HostSource> },
    /// Lays a folder for changes over the layers of an image before the clone, all of them shown under the ids of the user
    /// namespace: with its own ids the child could mount neither. Nothing is chowned.
    OpenImage(ImageRoot),
    /// The one clone: a new process in new namespaces. `through` are joined first, by a helper that clones
    /// on and ends; only where the kernel allows no other order.
    Clone { new: Vec<NamespaceKind>, through: Vec<Join>, into_cgroup: Option<PathBuf> },
    /// Says which ids of the new user namespace are which outside; without it the child is nobody.
    MapIds(IdMaps),
    /// Moves a network interface of ours into the container's network namespace: that of its first process, or
    /// the one that it is to join.
    MoveDevice { name: String, new_name: String, into: Option<PathBuf> },
    /// Makes an interface of the container's network namespace, which leads to a network of this machine's.
    PlugIn(Interface),
    /// Adds to the packet filters of this machine what leads from its ports to the container's.
    Publish { table: String, openings: Vec<Opening> },
    /// Opens sockets in the container's network namespace that questions for names come to, and has what is sent to the port
    /// of name servers at this address go there. Before its program runs: its first question waits for the answer.
    ListenForNames { at: Ipv4Addr },
    /// Makes a group of resctrl, or finds that somebody else has. Only `own` ones go with the container.
    MakeResctrlGroup { path: PathBuf, how: Group },
    /// Says which share a group of resctrl has; each line is of one resource.
    WriteSchemata { path: PathBuf, lines: Vec<String>, field: &'static str },
    /// Puts the container's first process, or one who enters it, into groups of resctrl.
    JoinResctrl { groups: Vec<PathBuf> },
    /// How gladly the kernel kills it. Lowering it needs a privilege of the host's, so with a user
    /// namespace the host does it.
    SetOomScore { value: i32, side: Side },
    /// Runs programs of the caller's.
    RunHooks { stage: Stage, hooks: Vec<Hook> },
    /// Puts itself into its cgroups (v1). A process that moves itself takes no lock of the whole system.
    /// Before the cgroup namespace, whose root is where one is.
    JoinCgroups { paths: Vec<PathBuf> },
    /// Enters a namespace that exists.
    JoinNamespace(Join),
    /// Enters namespaces of a container that runs, all at once, by a descriptor of its first process. A
    /// number could be somebody else's by then.
    Enter { kinds: Vec<NamespaceKind>, side: Side },
    /// Leaves the caller's: for those that must not come with the clone. The cgroup namespace is rooted
    /// where its maker is, so that must be in its cgroup first; the clocks of a time namespace can be set
    /// only while nobody is in it.
    Unshare { kind: NamespaceKind },
    /// Sets the clocks of the new time namespace, and enters it.
    SetClocks { clocks: Vec<Clock> },
    /// Becomes user 0 of the user namespace, once it has one.
    BecomeRoot { groups: bool },
    /// Brings up the loopback interface of a new network namespace, which every program takes for granted.
    RaiseLoopback,
    /// Gives an interface that the host has made its addresses, and has it work. Not before what else is the child's alone:
    /// it waits for the host.
    SetUpInterface(Interface),
    /// A session keyring of its own: keys of the caller's cannot be reached.
    NewKeyring { name: String },
    /// Cuts the copies of the host's mounts off, so that nothing mounted from here on is seen outside.
    CutMounts { propagation: Propagation },
    /// Lays an overlay over a part of the host, with what is written kept in memory (`nagaya run host`).
    LayOverlay(Overlay),
    /// Lays a folder for changes over the layers of an image.
    LayImage(ImageRoot),
    /// Takes the image that the host has laid as the root to be.
    TakeImage,
    /// Makes the root folder a mount, which `pivot_root` wants.
    BindRoot { path: PathBuf, by_host: bool },
    /// Makes the root folder a mount in its own place: in a mount namespace that others live in, nothing may
    /// cover their root.
    OpenRoot { path: PathBuf },
    /// Lets a folder of the host, if it is empty, begin with what the root has in the place that it is to be mounted on.
    /// Before anything is mounted: what counts is the image, and no file system of the kernel's. By a folder beside it
    /// that is there until all is copied, so that whoever comes after a crash goes on. With `from`, by the host: the child
    /// could not write to it.
    CopyUp { at: PathBuf, to: PathBuf, by: PathBuf, from: Option<ImageRoot> },
    /// Mounts.
    Mount(Mount),
    /// Sets the SELinux label of a mount that takes no option for it.
    LabelMount { path: PathBuf, label: String },
    /// Makes a folder that the caller expects to be there.
    MakeFolder { path: PathBuf },
    /// Makes device nodes, or binds the host's where a user namespace may not make any.
    MakeDevices { nodes: Vec<Node>, bind: bool },
    /// Links that every program expects: `/dev/stdin`, `/dev/fd`, `/dev/ptmx` and so on.
    MakeLinks,
    /// Opens a terminal of the container's own devpts, hands its other end out, and binds it on
    /// `/dev/console`.
    MakeConsole { rows: u16, columns: u16, console: bool },
    /// A setting of the container's own namespaces. Through a proc of our own that nobody else can reach,
    /// before `/proc/sys` is read-only.
    SetSysctl { key: String, value: String },
    /// Names the host.
    SetHostname { name: String },
    /// Names the NIS domain.
    SetDomainname { name: String },
    /// Paths that can only be read.
    ReadonlyPaths { paths: Vec<String> },
    /// Paths that read as empty; the options are for the empty folder.
    MaskPaths { paths: Vec<String>, options: Vec<String> },
    /// Nothing of the root folder itself can be changed. After all that is made in it.
    ReadonlyRoot,
    /// Makes the new root the root of everything, and lets go of the old one.
    Pivot,
    /// The weaker way, for where `pivot_root` cannot be: a ramdisk (`--no-pivot`), or a mount namespace
    /// that others live in, from under whom the root would be pulled.
    Chroot,
    /// How mounts in the container are shared.
    ShareRoot { propagation: Propagation },
    /// Goes to the working directory; never through a descriptor of the host's (CVE-2024-21626).
    ChangeDirectory { path: String },
    /// Finds the program, before the gate: one that is missing is an error of `create`.
    FindProgram { name: String, path: String },
    /// Writes down that it is created, and which process it is.
    Save,
    /// Waits for `start`.
    Gate,
    /// A session of its own, and the terminal as its controlling one.
    NewSession { terminal: bool },
    /// Gives the standard streams to the user, so that it can open `/dev/stdout` again.
    OwnStreams { uid: u32 },
    /// Limits of setrlimit(2).
    SetLimits { limits: Vec<Limit> },
    /// How it gets processor time. While still root: more than others takes a privilege.
    SetScheduler(Scheduling),
    /// Which of its requests a disk serves first.
    SetIoPriority { name: &'static str, class: u16, level: u16 },
    /// Which memory nodes its memory comes from; not before it is in its cgroup, which may allow some only.
    SetMemoryPolicy(MemoryNodes),
    /// What it takes the kernel for: a 64-bit or a 32-bit one.
    SetPersonality { domain: u32 },
    /// Which processors one who is put into a container may use: on the host's side before it is in its
    /// cgroup, which the child inherits, and on the child's after.
    SetAffinity { processors: Numbers, field: String, side: Side },
    /// Mode bits that new files do not get.
    SetUmask { mask: u32 },
    /// An AppArmor profile for the program, from `Exec` on. While still root: to others, our files of proc
    /// belong to somebody else.
    SetProfile { name: String },
    /// The SELinux label of the program, or of the keyring that is made next. While still root, as above.
    SetLabel { label: String, keyring: bool },
    /// Gives up for ever what no program is ever to have. While still root: it takes a capability.
    DropBounding { keep: u64 },
    /// Becomes the user. Capabilities are kept across it, to be cut to size next.
    SetUser { uid: u32, gid: u32, groups: Option<Vec<u32>> },
    /// Cuts the capabilities to size.
    SetCapabilities { sets: Sets },
    /// Programs with the setuid bit gain nothing from now on.
    NoNewPrivileges,
    /// Descriptors behind the standard ones and `keep` more will close with `Exec`. Before the system calls
    /// are filtered: the filter may not allow it.
    CloseDescriptors { keep: u32 },
    /// Connects to whoever is to decide about system calls, while its path can still be reached.
    ConnectListener { path: PathBuf },
    /// Filters system calls from here on, also our own: as late as there is the privilege to do so.
    FilterCalls { filter: Filter, listener: Option<Listener> },
    /// Becomes the program.
    Exec { args: Vec<String>, env: Vec<String> },
}

/// An interface of a container's, and the network that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name in the container: `eth0`.
    pub name: String,
    /// What people call the network.
    pub network: String,
    /// What it is.
    pub kind: InterfaceKind,
    /// Its hardware address; nothing means that the driver chooses it.
    pub mac: Option<[u8; 6]>,
    /// Bytes of the largest packet; nothing means what its parent has.
    pub mtu: Option<u32>,
    /// It reaches no other isolated one of its network.
    pub isolated: bool,
    /// Its addresses, and the bits that they have in common with those of their subnets. Known when it is made: a plan that
    /// is only looked at has none.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Where what is for elsewhere is sent, one of each family at most.
    pub gateways: Vec<IpAddr>,
}

/// What an interface of a container's is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterfaceKind {
    /// One of a pair; the other is a port of a bridge.
    Veth {
        /// The other's name.
        outside: String,
        /// The bridge.
        bridge: String,
    },
    /// With a hardware address of its own on an interface of this machine's.
    Macvlan {
        /// That interface.
        parent: String,
        /// How those on it reach each other: linux/if_link.h, `macvlan_mode`.
        mode: u32,
    },
    /// With the hardware address of an interface of this machine's.
    Ipvlan {
        /// That interface.
        parent: String,
        /// How packets find their way: linux/if_link.h, `ipvlan_mode`.
        mode: u16,
    },
}

/// One key of a map of nftables, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// What it is, for people: `0.0.0.0:8080`.
    pub host: String,
    /// And what that leads to: `80/tcp`.
    pub port: String,
    /// The map.
    pub map: String,
    /// Its key.
    pub key: Vec<u8>,
    /// What that leads to.
    pub value: Vec<u8>,
    /// A set, and a key in it: what tells that it is the container itself that asks for the port.
    pub own: Option<(String, Vec<u8>)>,
}

/// What the host opens for a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSource {
    /// Which field asked for the mount: `mounts[3]`.
    pub field: String,
    /// An absolute path.
    pub path: PathBuf,
    /// With all that is mounted below.
    pub recursive: bool,
    /// What is mounted below it on one side appears on the other. Never with a user namespace, whose mounts are
    /// not the machine's.
    pub shared: bool,
    /// Its files are shown under other owners.
    pub ids: Option<MountIds>,
    /// A symbolic link is what it leads to, not the link itself.
    pub follow: bool,
    /// Only this part of it.
    pub part: Option<PathBuf>,
}

/// Who decides about system calls of `SCMP_ACT_NOTIFY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Its socket.
    pub path: PathBuf,
    /// What the config has it be told.
    pub metadata: String,
}

/// What takes a step back; written down before the step is done. Idempotent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Undo {
    /// Removes a cgroup, after ending whoever is in it.
    RemoveCgroup {
        /// Its directory.
        path: PathBuf,
        /// Others may use it too: it goes only if it is empty.
        shared: bool,
    },
    /// Removes a group of resctrl; who is in it goes to the one above.
    RemoveResctrlGroup {
        /// Its directory.
        path: PathBuf,
    },
    /// Has systemd stop a unit, after ending whoever is in it, and forget it.
    StopUnit {
        /// Its name.
        unit: String,
        /// Which systemd.
        manager: Manager,
        /// The directory of its cgroup.
        path: PathBuf,
    },
    /// Runs programs of the caller's.
    RunHooks {
        /// Which.
        hooks: Vec<Hook>,
    },
}

/// Whose a group of resctrl is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The container's.
    Own,
    /// Made if it is not there, and left when the container goes.
    Shared,
    /// Somebody else's, who has made it.
    Existing,
}

/// An existing namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Which kind.
    pub kind: NamespaceKind,
    /// A file such as `/proc/1/ns/net`.
    pub path: PathBuf,
}

/// Which ids of a user namespace are which outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMaps {
    /// Users.
    pub uids: Vec<IdMapping>,
    /// Groups.
    pub gids: Vec<IdMapping>,
    /// By the setuid programs newuidmap(1) and newgidmap(1), which check /etc/subuid and /etc/subgid.
    pub helpers: bool,
    /// Supplementary groups can be changed inside. The kernel lets no ordinary user have this alone: leaving
    /// a group can gain access (CVE-2014-8989).
    pub groups: bool,
}

/// One clock of a time namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// `monotonic` or `boottime`.
    pub name: String,
    /// What is added to it.
    pub offset: TimeOffset,
}

/// An overlay whose upper layer is thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// What lies below, read-only: folder of the host, and where it is in the container.
    pub layers: Vec<(PathBuf, PathBuf)>,
    /// Files and folders of the host that cannot be seen, with what stands in for them.
    pub hidden: Vec<(PathBuf, Hidden)>,
    /// A folder of the host for what is written, made if it is not there, and left: see [`upper_of`]. Without it, that is in
    /// memory, and gone with the container.
    pub changes: Option<PathBuf>,
    /// Bytes that may be written to memory; nothing means half of the machine's.
    pub size: Option<u64>,
    /// In a user namespace the overlay's own marks are kept in another name space of attributes.
    pub userxattr: bool,
    /// If there are any, the root is an empty folder in memory with these in it, and no layer: in a user
    /// namespace nothing can be laid over a folder in which somebody else has mounted something.
    pub stubs: Vec<(PathBuf, Stub)>,
}

/// Where in the folder for changes a layer of [`Overlay`] writes to, by where it lies: `upper/%2Fusr`. There may be others
/// the next time.
pub fn upper_of(at: &Path) -> PathBuf {
    Path::new("upper").join(escaped(at))
}

/// Where it works, beside that.
pub fn work_of(at: &Path) -> PathBuf {
    Path::new("work").join(escaped(at))
}

/// As one name.
fn escaped(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes().iter();
    let escape = |byte: &u8| match byte {
        b'/' => b"%2F".to_vec(),
        b'%' => b"%25".to_vec(),
        byte => vec![*byte],
    };
    PathBuf::from(OsString::from_vec(bytes.flat_map(escape).collect()))
}

/// An image as a root: its layers are only read, and what is changed goes into a folder above them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRoot {
    /// What people call the image, or its id.
    pub name: String,
    /// Its layers.
    pub lower: Lower,
    /// A folder of the host, made if it is not there, and left: in it are the folders of overlayfs for changes and for
    /// its own work.
    pub changes: PathBuf,
    /// The ids of the user namespace that it is in, if it is in one.
    pub owners: Option<IdMaps>,
    /// The ids that it is shown under, where the machine's root makes a container in a user namespace.
    pub shown: Option<MountIds>,
    /// The changes go with the container, so nothing of them needs to reach the disk.
    pub volatile: bool,
}

/// The layers of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lower {
    /// An EROFS index, and the tars that it tells the places of, in its order.
    Index {
        /// The index.
        index: PathBuf,
        /// The tars.
        tars: Vec<PathBuf>,
    },
    /// Folders, the topmost first.
    Folders(Vec<PathBuf>),
}

/// Something to stand in an empty root, each after the folder that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stub {
    /// An empty folder with these mode bits.
    Folder(u32),
    /// A symbolic link.
    Link(PathBuf),
}

/// What stands in for a part of the host that a container has no business with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Not there.
    Gone,
    /// An empty folder with these mode bits.
    Empty(u32),
}

/// A device node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where, in the container.
    pub path: PathBuf,
    /// What it is.
    pub kind: NodeKind,
    /// Mode bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A character device with these numbers.
    Char(u32, u32),
    /// A block device with these numbers.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
}

/// A limit of setrlimit(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub resource: Resource,
    /// In force.
    pub soft: u64,
    /// May be raised to.
    pub hard: u64,
}

/// When hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Deprecated name of the next.
    Prestart,
    /// In the runtime's namespaces, once the container's exist.
    CreateRuntime,
    /// In the container's namespaces, before its root.
    CreateContainer,
    /// In the container, just before its program.
    StartContainer,
    /// In the runtime's namespaces, after the program was started.
    Poststart,
    /// In the runtime's namespaces, after the container was deleted.
    Poststop,
}

impl Stage {
    /// The name in `config.json`.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Prestart => "prestart",
            Stage::CreateRuntime => "createRuntime",
            Stage::CreateContainer => "createContainer",
            Stage::StartContainer => "startContainer",
            Stage::Poststart => "poststart",
            Stage::Poststop => "poststop",
        }
    }

    /// They run in the container's namespaces.
    pub fn is_childs(self) -> bool {
        self.side() == Side::Child
    }

    fn side(self) -> Side {
        match self {
            Stage::CreateContainer | Stage::StartContainer => Side::Child,
            _ => Side::Host,
        }
    }
}

impl Step {
    /// Which process runs this step.
    pub fn side(&self) -> Side {
        use Step::*;
        match self {
            Record { .. } | MakeCgroup { .. } | EnableControllers { .. } | WriteCgroup { .. } => Side::Host,
            StartScope { .. } | AttachToUnit { .. } => Side::Host,
            AttachDeviceRules { .. } | OpenSources { .. } | OpenImage(_) => Side::Host,
            CopyUp { from: Some(_), .. } => Side::Host,
            Clone { .. } | MapIds(_) | Save => Side::Host,
            ConnectListener { .. } | MoveDevice { .. } | PlugIn(_) => Side::Host,
            Publish { .. } | ListenForNames { .. } => Side::Host,
            MakeResctrlGroup { .. } | WriteSchemata { .. } | JoinResctrl { .. } => Side::Host,
            SetOomScore { side, .. } | Enter { side, .. } | SetAffinity { side, .. } => *side,
            RunHooks { stage, .. } => stage.side(),
            _ => Side::Child,
        }
    }

    /// The child must not begin it before the host has done all that stands above. The others touch only what
    /// is the child's own: its mounts, its root, its names.
    pub fn needs_host(&self) -> bool {
        use Step::*;
        match self {
            Mount(mount) => mount.needs_host(),
            BindRoot { by_host, .. } => *by_host,
            RaiseLoopback
            | NewKeyring { .. }
            | CutMounts { .. }
            | LayOverlay(_)
            | LayImage(_)
            | TakeImage
            | CopyUp { .. }
            | MakeFolder { .. }
            | LabelMount { .. }
            | SetLabel { keyring: true, .. }
            | MakeDevices { .. } => false,
            SetClocks { .. } | JoinNamespace(_) | MakeConsole { .. } | SetOomScore { .. } => false,
            SetSysctl { key, .. } => is_of_an_interface(key),
            Unshare { kind } => *kind == NamespaceKind::Cgroup,
            MakeLinks
            | SetHostname { .. }
            | SetDomainname { .. }
            | ReadonlyPaths { .. }
            | MaskPaths { .. } => false,
            _ => true,
        }
    }

    /// What takes this step back. A failed `create` and every `delete` run these backwards.
    pub fn undo(&self) -> Option<Undo> {
        match self {
            Step::MakeCgroup { path, shared, .. } => {
                Some(Undo::RemoveCgroup { path: path.clone(), shared: *shared })
            }
            Step::MakeResctrlGroup { path, how: Group::Own } => {
                Some(Undo::RemoveResctrlGroup { path: path.clone() })
            }
            Step::StartScope { unit, manager, path, .. } => {
                Some(Undo::StopUnit { unit: unit.clone(), manager: manager.clone(), path: path.clone() })
            }
            Step::Record { poststop } if !poststop.is_empty() => {
                Some(Undo::RunHooks { hooks: poststop.clone() })
            }
            _ => None,
        }
    }
}

/// A setting such as `net.ipv4.conf.eth0.forwarding`: the host may be about to bring `eth0`.
fn is_of_an_interface(key: &str) -> bool {
    let mut parts = key.split(['.', '/']).skip(2);
    matches!(parts.next(), Some("conf" | "neigh"))
        && parts.next().is_some_and(|name| !["all", "default", "lo"].contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_an_interface_wait_for_it() {
        let waits = |key: &str| Step::SetSysctl { key: key.to_string(), value: String::new() }.needs_host();
        for key in ["net.ipv4.conf.eth0.forwarding", "net/ipv6/neigh/eth0.7/retrans_time_ms"] {
            assert!(waits(key), "{key}");
        }
        for key in ["net.ipv4.conf.all.forwarding", "net.ipv4.ping_group_range", "kernel.msgmax", ""] {
            assert!(!waits(key), "{key}");
        }
    }
}
