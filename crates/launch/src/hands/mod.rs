//! Doing a step: one file for each kind. What one step leaves for a later one is in [`Hands`].

mod cgroup;
mod clone;
mod copy_up;
mod devices;
mod exec;
mod filter;
mod ids;
mod mount;
mod namespaces;
mod overlay;
mod process;
mod root;
mod settings;
mod terminal;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use fault::{Doing, Fault, Result};
use oci::Status;
use plan::{Stage, Step};

pub(crate) use cgroup::write as write_cgroup;
pub(crate) use clone::Cloned;

use crate::proc::Proc;
use crate::rootfs::RootFd;
use crate::state::Making;
use crate::{Console, hooks};

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
            WriteCgroup { path, file, value, field } => cgroup::write(path, file, value, field),
            AttachDeviceRules { path, rules } => cgroup::attach_device_rules(path, rules),
            OpenSources { root, sources } => self.open_sources(root.as_deref(), sources),
            Clone { .. } => Err(Fault::new(fault::Kind::Failed, "clone twice")),
            MapIds(maps) => ids::map(self.pid, maps),
            SetOomScore { value, side } => self.set_oom_score(*value, *side),
            RunHooks { stage, hooks } => {
                let status = if *stage == Stage::StartContainer { Status::Created } else { Status::Creating };
                hooks::run(*stage, hooks, &self.making.state(self.pid, status))
            }
            JoinCgroups { paths } => self.join_cgroups(paths),
            JoinNamespace(join) => namespaces::join(join),
            Enter { kinds, side } => self.enter(kinds, *side),
            Unshare { kind } => namespaces::unshare(*kind),
            SetClocks { clocks } => namespaces::set_clocks(clocks),
            BecomeRoot { groups } => ids::become_root(*groups),
            RaiseLoopback => sys::loopback::raise().doing(|| "bring up `lo`"),
            NewKeyring { name } => settings::new_keyring(name),
            CutMounts { propagation } => mount::cut(*propagation),
            LayOverlay(overlay) => self.lay_overlay(overlay),
            BindRoot { path, by_host } => self.bind_root(path, *by_host),
            OpenRoot { path } => self.open_root(path),
            Mount(mount) => self.mount(mount),
            MakeFolder { path } => self.make_folder(path),
            MakeDevices { nodes, bind } => self.make_devices(nodes, *bind),
            MakeLinks => self.make_links(),
            MakeConsole { rows, columns, console } => self.make_console(*rows, *columns, *console),
            SetSysctl { key, value } => self.set_sysctl(key, value),
            SetHostname { name } => settings::set_hostname(name),
            SetDomainname { name } => settings::set_domainname(name),
            ReadonlyPaths { paths } => self.make_readonly(paths),
            MaskPaths { paths } => self.mask(paths),
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
            SetUmask { mask } => {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(*mask));
                Ok(())
            }
            SetProfile { name } => self.set_profile(name),
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
    fn root(&self) -> Result<&RootFd> {
        self.root.as_ref().ok_or_else(|| Fault::new(fault::Kind::Failed, "use the root before it is open"))
    }

    fn proc(&mut self) -> Result<&Proc> {
        if self.proc.is_none() {
            self.proc = Some(Proc::open()?);
        }
        self.proc.as_ref().ok_or_else(|| Fault::new(fault::Kind::Failed, "open a proc of our own"))
    }
}
