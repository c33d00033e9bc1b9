//! `exec`: one more process in a container that runs.

use std::fs;
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use fault::{Doing, Fault, Kind, Result};
use oci::{NamespaceKind, Process, Status};
use plan::{Enter, Standing, Step, Undo};
use rustix::fs::{Mode, OFlags};

use crate::create::{Started, Trace, end, launch, take_terminal};
use crate::hands::{Hands, namespaces::flag};
use crate::pidfd::{PidfdSocket, Tell};
use crate::state::{Making, Saved};
use crate::{Console, Container, console, host, scope, undo};

/// `CAP_SYS_ADMIN`.
const SYS_ADMIN: u64 = 1 << 21;

/// How a process is to be put into a container, besides what it says of itself.
#[derive(Debug, Default)]
pub struct Entering {
    /// Where the outer end of its terminal goes. Without it, [`exec`] takes it itself.
    pub console: Option<Console>,
    /// Writes the process's number there.
    pub pid_file: Option<PathBuf>,
    /// Sends a descriptor of the process there.
    pub pidfd_socket: Option<PidfdSocket>,
    /// Descriptors behind the standard ones that the program inherits.
    pub preserve_fds: u32,
    /// Also into a container whose processes are held still; it waits with them.
    pub ignore_paused: bool,
    /// Cgroups below the container's own to put it into.
    pub subgroups: Vec<Subgroup>,
    /// Signals that were blocked when we were called, as the program is to find them.
    pub mask: Option<sys::signals::Mask>,
}

/// A cgroup below the container's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subgroup {
    /// In the hierarchies of these controllers; empty for all.
    pub controllers: Vec<String>,
    /// Below the container's cgroup, without a step outwards.
    path: PathBuf,
}

impl Subgroup {
    /// `PATH` or `CONTROLLER[,CONTROLLER]:PATH`.
    ///
    /// # Errors
    /// `Invalid`: a path that leads out of the container's cgroup.
    pub fn parse(text: &str) -> Result<Subgroup> {
        let (controllers, path) = text.split_once(':').unwrap_or(("", text));
        let path = Path::new(path);
        let inside =
            |part: &Component| matches!(part, Component::Normal(_) | Component::RootDir | Component::CurDir);
        if !path.components().all(|part| inside(&part)) {
            return Err(Fault::invalid("--cgroup", format!("`{text}` leads out of the container's cgroup")));
        }
        let path = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        let controllers = controllers.split(',').filter(|name| !name.is_empty()).map(String::from).collect();
        Ok(Subgroup { controllers, path })
    }
}

/// Puts a process into a container. It runs when this returns.
///
/// # Errors
/// The step that failed, and why. Nothing is left of it then.
pub fn exec(container: &Container, process: &Process, mut entering: Entering) -> Result<Started> {
    let start = Instant::now();
    let doing = || format!("exec in container `{}`", container.id());
    let (saved, undo, first) = container.inside().map_err(|fault| fault.during(doing()))?;
    let open = container.folder().hold_open().map_err(|fault| fault.during(doing()))?;
    if !entering.ignore_paused && container.status() == Status::Paused {
        return Err(Fault::new(Kind::WrongState, doing())
            .because("cannot exec in a paused container (use --ignore-paused to override)")
            .hint(format!("`resume {}` lets it go on", container.id())));
    }
    let (steps, warnings) = planned(container, (saved, undo), process, &entering)?;
    let making = Making::new(
        container.folder().clone(),
        container.id(),
        &saved.bundle,
        &saved.rootfs,
        &saved.annotations,
    );
    let mut hands = Hands::new(making);
    let ours = take_terminal(process.terminal, &mut entering.console)?;
    (hands.console, hands.mask, hands.first) = (entering.console.take(), entering.mask, Some(first));
    let (process, walked) = launch(&steps, &mut hands, None)?;
    // From here on it is one of the container's processes, to be held still as the others.
    drop(open);
    let tell = Tell {
        pid_file: entering.pid_file,
        pidfd_sockets: entering.pidfd_socket.into_iter().collect(),
        kind: "setns",
    };
    let told = tell.tell(&process).and_then(|()| ours.map(|from| console::take(&from)).transpose());
    let terminal = told.inspect_err(|_| end(&process))?;
    let steps: Vec<(Step, _)> = steps.into_iter().zip(walked.took).collect();
    Ok(Started {
        process,
        terminal,
        notify: None,
        names: None,
        warnings,
        freezer: None,
        trace: Trace { steps, whole: start.elapsed() },
    })
}

/// The steps that [`exec`] would take, and what could not be had.
///
/// # Errors
/// Those of [`exec`] that can be known before.
pub fn exec_steps(container: &Container, process: &Process) -> Result<(Vec<Step>, Vec<String>)> {
    let (saved, undo, _) = container
        .inside()
        .map_err(|fault| fault.during(format!("exec in container `{}`", container.id())))?;
    planned(container, (saved, undo), process, &Entering::default())
}

fn planned(
    container: &Container,
    (saved, undo): (&Saved, &[Undo]),
    process: &Process,
    entering: &Entering,
) -> Result<(Vec<Step>, Vec<String>)> {
    let mut standing = standing(container, saved, undo, &entering.subgroups)?;
    standing.selinux = !process.selinux_label.is_empty() && host::has_selinux();
    plan::exec(&Enter { process, standing: &standing, preserve_fds: entering.preserve_fds })
}

/// Children are born in our own pid namespace again: for whoever puts processes into a container and lives on. An ordinary
/// user has entered by a helper, and has nothing to leave.
pub fn leave_pid_namespace() {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    if let Ok(own) = rustix::fs::open("/proc/self/ns/pid", flags, Mode::empty()) {
        let _ = sys::namespaces::setns(own.as_fd(), flag(NamespaceKind::Pid));
    }
}

/// Reads what one who enters the container has to know.
fn standing(container: &Container, saved: &Saved, undo: &[Undo], below: &[Subgroup]) -> Result<Standing> {
    let capabilities = host::capabilities()?;
    let privileged = capabilities & SYS_ADMIN != 0;
    let own_user = saved.entry.namespaces.contains(&NamespaceKind::User);
    let user = if own_user { saved.pid.to_string() } else { "self".to_string() };
    let mut cgroups: Vec<PathBuf> = undo::cgroups(undo).map(Path::to_path_buf).collect();
    let is_v2 = |path: &PathBuf| path.join("cgroup.controllers").exists();
    let cgroup = match cgroups.as_slice() {
        [only] if is_v2(only) => Some(unified(only, saved.pid, below)?),
        _ => None,
    };
    let unit = cgroup.as_deref().and_then(|path| scope::only_by_systemd(undo, path));
    if cgroup.is_some() {
        cgroups.clear();
    }
    for path in &mut cgroups {
        *path = subgroup(path, below)?;
    }
    Ok(Standing {
        namespaces: saved.entry.namespaces.clone(),
        cgroups,
        cgroup: cgroup.filter(|_| unit.is_none()),
        unit,
        resctrl: saved.entry.resctrl.clone(),
        keyring: saved.entry.keyring.then(|| plan::keyring_name(container.id())),
        privileged,
        can_set_groups: host::can_set_groups(&user) && !plan::keeps_groups(&saved.annotations)?,
        capabilities,
        personality: saved.entry.personality.clone(),
        memory_policy: saved.entry.memory_policy.clone(),
        selinux: false,
        filtering: saved.entry.filtered.then(|| container.folder().filtering()).transpose()?,
    })
}

/// Where in a v2 hierarchy. A cgroup that passes controllers on can have nobody in it: then its first process
/// has moved itself further down (systemd does), and that is where others go.
fn unified(leaf: &Path, first: i32, below: &[Subgroup]) -> Result<PathBuf> {
    let passes_on = fs::read_to_string(leaf.join("cgroup.subtree_control"));
    if !below.is_empty() || passes_on.is_ok_and(|list| list.trim().is_empty()) {
        return subgroup(leaf, below);
    }
    let own = fs::read_to_string(format!("/proc/{first}/cgroup")).doing(|| "find the container's cgroup")?;
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let top = leaf.ancestors().take_while(|path| path.join("cgroup.procs").exists()).last().unwrap_or(leaf);
    Ok(top.join(own))
}

/// The cgroup below `leaf` that was asked for, if one was.
fn subgroup(leaf: &Path, below: &[Subgroup]) -> Result<PathBuf> {
    // A v1 hierarchy is called after its controllers, and is the folder in /sys/fs/cgroup.
    let hierarchy = leaf.strip_prefix("/sys/fs/cgroup").unwrap_or(leaf).components().next();
    let hierarchy = hierarchy.map(|name| name.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    let fits = |one: &&Subgroup| {
        one.controllers.is_empty()
            || one.controllers.iter().any(|name| hierarchy.split(',').any(|have| have == name))
    };
    let Some(asked) = below.iter().rev().find(fits) else { return Ok(leaf.to_path_buf()) };
    let path = leaf.join(&asked.path);
    if path.is_dir() {
        return Ok(path);
    }
    Err(Fault::new(Kind::NotFound, "use `--cgroup`")
        .because(format!("there is no cgroup `{}`", path.display()))
        .hint("a process in the container makes it, below its own /sys/fs/cgroup"))
}
