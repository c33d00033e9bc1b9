//! Doing a step: one file for each kind. What one step leaves for a later one is in [`Hands`].

mod cgroup;
mod clone;
mod copy_up;
mod devices;
mod exec;
mod filter;
mod ids;
mod image;
pub(crate) mod interface;
mod label;
mod mount;
mod names;
pub(crate) mod namespaces;
mod net_devices;
mod overlay;
mod part;
mod process;
mod root;
mod schedule;
mod settings;
mod source;
mod terminal;
mod unit;
mod volume;

pub(crate) use ids::{become_root, map as map_ids};

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use fault::{Doing, Fault, Result};
use oci::Status;
use plan::{Layers, Stage, Step};

pub(crate) use cgroup::write as write_cgroup;
pub(crate) use clone::Cloned;
pub(crate) use image::{image_tree, lower_tree};
pub(crate) use mount::{clone_fd, clone_tree, cut, set};
pub use names::NameSockets;
pub(crate) use names::listen_for_names;

use crate::proc::Proc;
use crate::rootfs::RootFd;
use crate::state::Making;
use crate::{Console, Notify, hooks, resctrl, roots};

/// What the steps of one container share. The child has a copy of its own from the clone on.
pub(crate) struct Hands<'a> {
    /// The container's folder.
    pub(crate) making: Making<'a>,
    /// Where the other end of the container's terminal goes.
    pub(crate) console: Option<Console>,
    /// Waits at the gate, for `start`.
    pub(crate) gate: Option<OwnedFd>,
    /// What takes back the steps that were done.
    pub(crate) done: Vec<plan::Undo>,
    /// Signals that were blocked when we were called, as the program is to find them.
    pub(crate) mask: Option<sys::signals::Mask>,
    /// The container's first process, as the host numbers it.
    pub(crate) pid: i32,
    /// The first process of a container that runs already, and that another one is to enter.
    pub(crate) first: Option<OwnedFd>,
    /// Hears the program say that it is ready.
    pub(crate) notify: Option<Notify>,
    /// Where what hooks say goes.
    pub(crate) hook_outputs: hooks::Outputs,
    /// Where questions for names come to.
    pub(crate) names: Option<NameSockets>,
    /// Decides about system calls.
    listener: Option<OwnedFd>,
    /// Cgroups of v1, open where a process is put into them.
    tasks: BTreeMap<PathBuf, OwnedFd>,
    /// Namespaces to join, open.
    namespaces: Vec<(u64, OwnedFd)>,
    /// Sources of binds that the host opened, by field.
    sources: BTreeMap<String, OwnedFd>,
    /// The root that the host opened.
    opened_root: Option<OwnedFd>,
    root: Option<RootFd>,
    /// Layers of an overlay that lie below the root.
    layers: Vec<OwnedFd>,
    proc: Option<Proc>,
    terminal: Option<OwnedFd>,
    program: Option<PathBuf>,
    uid: u32,
}

impl<'a> Hands<'a> {
    pub(crate) fn new(making: Making<'a>) -> Hands<'a> {
        Hands {
            making,
            console: None,
            gate: None,
            mask: None,
            pid: 0,
            done: Vec::new(),
            first: None,
            notify: None,
            hook_outputs: hooks::Outputs::default(),
            names: None,
            listener: None,
            tasks: BTreeMap::new(),
            namespaces: Vec::new(),
            sources: BTreeMap::new(),
            opened_root: None,
            root: None,
            layers: Vec::new(),
            proc: None,
            terminal: None,
            program: None,
            uid: 0,
        }
    }

    /// Does one step. All but the clone, which returns twice: see [`Hands::clone_child`].
    pub(crate) fn execute(&mut self, step: &Step) -> Result<()> {
        use Step::*;
        match step {
            Record { .. } => self.making.record(),
            MakeCgroup { path, inherit_cpuset, shared } => self.make_cgroup(path, *inherit_cpuset, *shared),
            EnableControllers { path, needed } => cgroup::enable_controllers(path, needed),
            WriteCgroup { path, file, value, field, absent } => {
                cgroup::write(path, file, value, field, absent)
            }
            StartScope { unit, manager, path, properties } => {
                self.start_scope(unit, manager, path, properties)
            }
            AttachToUnit { unit, manager, below } => self.attach_to_unit(unit, manager, below),
            AttachDeviceRules { path, rules } => cgroup::attach_device_rules(path, rules),
            OpenSources { root, sources } => self.open_sources(root.as_deref(), sources),
            Clone { .. } => Err(Fault::new(fault::Kind::Failed, "clone twice")),
            MapIds(maps) => ids::map(self.pid, maps),
            MakeResctrlGroup { path, how } => resctrl::make(path, *how),
            WriteSchemata { path, lines, field } => resctrl::write(path, lines, field),
            JoinResctrl { groups } => resctrl::join(groups, self.pid),
            MoveDevice { name, new_name, into } => {
                net_devices::move_into(name, new_name, into.as_deref(), self.pid)
            }
            PlugIn(interface) => interface::plug_in(interface, self.pid),
            Publish { table, openings } => interface::publish(table, openings),
            ListenForNames { at } => {
                let namespace = crate::network::namespace_of(self.pid)?;
                self.names = Some(listen_for_names(namespace, *at)?);
                Ok(())
            }
            SetUpInterface(interface) => self.set_up_interface(interface),
            SetOomScore { value, side } => self.set_oom_score(*value, *side),
            RunHooks { stage, hooks } => {
                let status = if *stage == Stage::StartContainer { Status::Created } else { Status::Creating };
                let state = self.making.state(self.pid, status);
                hooks::run(*stage, hooks, &state, &self.hook_outputs)
            }
            JoinCgroups { paths } => self.join_cgroups(paths),
            JoinNamespace(join) => namespaces::join(join),
            Enter { kinds, side } => self.enter(kinds, *side),
            Unshare { kind } => namespaces::unshare(*kind),
            SetClocks { clocks } => namespaces::set_clocks(clocks),
            BecomeRoot { groups } => become_root(*groups),
            RaiseLoopback => sys::loopback::raise().doing(|| "bring up `lo`"),
            NewKeyring { name } => settings::new_keyring(name),
            CutMounts { propagation } => cut(*propagation),
            LayOverlay(overlay) => self.lay_overlay(overlay),
            LayImage(image) => self.lay_image(image),
            OpenImage(image) => self.open_image(image),
            TakeImage => self.take_image(),
            BindRoot { path, by_host } => self.bind_root(path, *by_host),
            OpenRoot { path } => self.open_root(path),
            CopyUp { at, to, by, from: None } => volume::fill_from(self.root()?, at, to, by),
            CopyUp { at, to, by, from: Some(image) } => {
                volume::fill_from(&roots::lay(&Layers::Image(image.clone()))?, at, to, by)
            }
            Mount(mount) => self.mount(mount),
            LabelMount { path, label } => self.label_mount(path, label),
            MakeFolder { path } => self.make_folder(path),
            MakeDevices { nodes, bind } => self.make_devices(nodes, *bind),
            MakeLinks => self.make_links(),
            MakeConsole { rows, columns, console } => self.make_console(*rows, *columns, *console),
            SetSysctl { key, value } => self.set_sysctl(key, value),
            SetHostname { name } => settings::set_hostname(name),
            SetDomainname { name } => settings::set_domainname(name),
            ReadonlyPaths { paths } => self.make_readonly(paths),
            MaskPaths { paths, options } => self.mask(paths, options),
            ReadonlyRoot => self.readonly_root(),
            Pivot => self.pivot(),
            Chroot => self.chroot(),
            ShareRoot { propagation } => self.share_root(*propagation),
            ChangeDirectory { path } => self.change_directory(path),
            FindProgram { name, path } => self.find_program(name, path),
            Save => self.making.save(self.pid),
            Gate => Ok(()),
            NewSession { terminal } => self.new_session(*terminal),
            OwnStreams { uid } => process::own_streams(*uid),
            SetLimits { limits } => process::set_limits(limits),
            SetScheduler(how) => schedule::set_scheduler(how),
            SetIoPriority { class, level, .. } => schedule::set_io_priority(*class, *level),
            SetMemoryPolicy(nodes) => schedule::set_memory_policy(nodes),
            SetPersonality { domain } => sys::personality::set(*domain).doing(|| "use `linux.personality`"),
            SetAffinity { processors, field, .. } => schedule::set_affinity(processors, field),
            SetUmask { mask } => {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(*mask));
                Ok(())
            }
            SetProfile { name } => self.set_profile(name),
            SetLabel { label, keyring } => self.set_label(label, *keyring),
            DropBounding { keep } => process::drop_bounding(*keep),
            SetUser { uid, gid, groups } => {
                self.uid = *uid;
                process::set_user(*uid, *gid, groups.as_deref())
            }
            SetCapabilities { sets } => process::set_capabilities(*sets),
            NoNewPrivileges => process::no_new_privileges(),
            CloseDescriptors { keep } => exec::close_descriptors(*keep),
            ConnectListener { path } => self.connect_listener(path),
            FilterCalls { filter, listener } => self.filter_calls(filter, listener.as_ref()),
            Exec { args, env } => Err(self.exec(args, env)),
        }
    }

    /// The root; the planner has put the step that opens it before all that need it.
    pub(crate) fn root(&self) -> Result<&RootFd> {
        self.root.as_ref().ok_or_else(|| Fault::new(fault::Kind::Failed, "use the root before it is open"))
    }

    fn proc(&mut self) -> Result<&Proc> {
        if self.proc.is_none() {
            self.proc = Some(Proc::open()?);
        }
        self.proc.as_ref().ok_or_else(|| Fault::new(fault::Kind::Failed, "open a proc of our own"))
    }
}
