//! The steps of `exec`: one more process in a container that runs. A second planner over the same steps.

use std::path::PathBuf;

use fault::Result;
use oci::{MemoryPolicy, NamespaceKind, Personality, Process};
use systemd::Manager;

use crate::filter::{self, Filtering};
use crate::step::{Side, Step};
use crate::{check, label, process, schedule};

/// A container that runs, as far as one who enters it has to know.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The namespaces that it does not share with the caller.
    pub namespaces: Vec<NamespaceKind>,
    /// Directories to join, one in each hierarchy of v1.
    pub cgroups: Vec<PathBuf>,
    /// Groups of resctrl to join.
    pub resctrl: Vec<PathBuf>,
    /// The directory to be born in, on v2.
    pub cgroup: Option<PathBuf>,
    /// Or the unit whose cgroup only systemd can put it into, and the path of one below that.
    pub unit: Option<(String, Manager, String)>,
    /// Name of its session keyring, if it has one of its own.
    pub keyring: Option<String>,
    /// We have the privilege to enter its namespaces from where we are. Without it, the runtime must become
    /// a member of the user namespace before it can do anything else.
    pub privileged: bool,
    /// Groups can be changed in its user namespace.
    pub can_set_groups: bool,
    /// Capabilities that can be passed on: a bit for each number.
    pub capabilities: u64,
    /// What its programs take the kernel for.
    pub personality: Option<Personality>,
    /// Which memory nodes their memory comes from.
    pub memory_policy: Option<MemoryPolicy>,
    /// SELinux is enabled; only looked at for those who ask for a label.
    pub selinux: bool,
    /// Its filter of system calls.
    pub filtering: Option<Filtering>,
}

/// What is asked for.
#[derive(Debug)]
pub struct Enter<'a> {
    /// The process: what a container's config does not say about it was filled in.
    pub process: &'a Process,
    /// The container.
    pub standing: &'a Standing,
    /// Descriptors behind the standard ones that the program inherits.
    pub preserve_fds: u32,
}

/// Plans one more process in a container. The other half of the answer are warnings, a sentence each.
///
/// # Errors
/// The field of the process that cannot be used; nothing was done yet.
pub fn exec(ask: &Enter) -> Result<(Vec<Step>, Vec<String>)> {
    let (process, standing) = (ask.process, ask.standing);
    check::no_zero_bytes_in_process(process)?;
    process::check(process)?;
    label::check("process.selinuxLabel", &process.selinux_label, standing.selinux)?;
    let (before, after) = standing.sides();
    let own_user = standing.namespaces.contains(&NamespaceKind::User);

    let mut warnings = Vec::new();
    let (connect, filter) = filter::steps(standing.filtering.as_ref());
    let mut steps = Vec::from_iter(connect);
    // Before the clone, which passes it on: an ordinary user may not write it once we are hidden.
    steps.extend(process.oom_score_adj.map(|value| Step::SetOomScore { value, side: Side::Host }));
    let (initial, last) = schedule::affinity(process.exec_cpu_affinity.as_ref())?;
    steps.extend(initial);
    steps.push(Step::Enter { kinds: before, side: Side::Host });
    steps.push(Step::Clone { new: Vec::new(), through: Vec::new(), into_cgroup: standing.cgroup.clone() });
    if let Some((unit, manager, below)) = standing.unit.clone() {
        steps.push(Step::AttachToUnit { unit, manager, below });
    }
    if !standing.resctrl.is_empty() {
        steps.push(Step::JoinResctrl { groups: standing.resctrl.clone() });
    }
    if !standing.cgroups.is_empty() {
        steps.push(Step::JoinCgroups { paths: standing.cgroups.clone() });
    }
    steps.extend(last);
    steps.push(Step::Enter { kinds: after, side: Side::Child });
    if own_user {
        steps.push(Step::BecomeRoot { groups: standing.can_set_groups });
    }
    if let Some(name) = standing.keyring.clone() {
        steps.extend(label::of_keyring(&process.selinux_label));
        steps.push(Step::NewKeyring { name });
    }
    if process.terminal {
        let size = process.console_size.unwrap_or_default();
        steps.push(Step::MakeConsole { rows: size.height, columns: size.width, console: false });
    }
    steps.push(Step::ChangeDirectory { path: process.cwd.clone() });
    steps.push(Step::NewSession { terminal: process.terminal });
    steps.push(Step::FindProgram { name: process.args[0].clone(), path: process::search_path(process) });
    let grantable = if own_user { u64::MAX } else { standing.capabilities };
    steps.push(Step::CloseDescriptors { keep: ask.preserve_fds });
    let groups = standing.can_set_groups;
    steps.extend(schedule::steps(process, standing.personality.as_ref(), standing.memory_policy.as_ref())?);
    steps.extend(process::become_user(process, groups, grantable, filter.clone(), &mut warnings)?);
    steps.extend(filter::last(filter, process));
    steps.push(Step::Exec { args: process.args.clone(), env: process::environment(process) });
    Ok((steps, warnings))
}

impl Standing {
    /// Who enters which namespace. That of processes is entered by children only, so the runtime says so for
    /// its child; all others are the child's own matter, so that nothing of the container is near the
    /// runtime. Only an ordinary user has no privilege in them before it is in their user namespace.
    fn sides(&self) -> (Vec<NamespaceKind>, Vec<NamespaceKind>) {
        let by_host = |kind: &NamespaceKind| match kind {
            NamespaceKind::Pid => true,
            NamespaceKind::User => !self.privileged,
            _ => false,
        };
        self.namespaces.iter().copied().partition(by_host)
    }
}
