//! The steps of `create` and `start`: what comes before the gate, and what comes after.
//!
//! This is the one place that knows the order in which a container comes to be.

use std::path::{Path, PathBuf};

use fault::{Fault, Result};
use oci::{ContainerId, NamespaceKind, Process, Spec};

use crate::files;
use crate::filter::{self, Filtering};
use crate::host::{Cgroups, Host};
use crate::mount::{Mount, Propagation};
use crate::namespaces::Namespaces;
use crate::network::Connections;
use crate::step::{ImageRoot, Overlay, Side, Stage, Step};
use crate::{check, label, net_devices, network, place, process, rdt, schedule, sysctl};

/// What is asked for.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The container's name.
    pub id: &'a ContainerId,
    /// Its `config.json`.
    pub spec: &'a Spec,
    /// An absolute path: what relative paths of the config count from.
    pub bundle: &'a Path,
    /// The root is laid from layers, instead of being a folder.
    pub layers: Option<Layers>,
    /// How it is connected to networks of this machine's.
    pub connections: Connections,
    /// Wait for `start` before the program runs.
    pub gate: bool,
    /// Change the root by `pivot_root`; the other way is weaker.
    pub pivot: bool,
    /// A session keyring of its own.
    pub keyring: bool,
    /// Descriptors behind the standard ones that the program inherits.
    pub preserve_fds: u32,
}

/// What a root is laid from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layers {
    /// The host's own files.
    Host(Overlay),
    /// An image.
    Image(ImageRoot),
}

/// What is to be done, and what was left out.
#[derive(Debug)]
pub struct Plan {
    /// In order.
    pub steps: Vec<Step>,
    /// Absolute path of the root folder; `/` if it is laid from layers.
    pub root: PathBuf,
    /// Things that were asked for and cannot be had here, a sentence each.
    pub warnings: Vec<String>,
    /// Hooks that run after the program was started.
    pub poststart: Option<Step>,
    /// The filter of system calls, which also others have who enter the container later.
    pub filtering: Option<Filtering>,
}

/// Plans a container. Refuses everything that can be refused by looking at it: nothing was done yet.
pub fn create(ask: &Ask, host: &Host) -> Result<Plan> {
    let spec = ask.spec;
    let process = spec.process.as_ref().ok_or_else(|| Fault::invalid("process", "it is missing"))?;
    check::no_zero_bytes_in_process(process)?;
    process::check(process)?;
    let namespaces = Namespaces::of(&spec.linux, &host.own_namespaces)?;
    // Of no use to the first process, and still not to be nonsense.
    schedule::affinity(process.exec_cpu_affinity.as_ref())?;
    label::check("process.selinuxLabel", &process.selinux_label, host.selinux)?;
    label::check("linux.mountLabel", &spec.linux.mount_label, host.selinux)?;
    process::check_ids(process, spec, &namespaces)?;
    check_hooks(spec)?;
    let root = root(ask)?;

    let mut warnings = place::warnings(&host.cgroups, &spec.linux.resources);
    let filtering = filter::of(spec, &mut warnings)?;
    let (connect, filter) = filter::steps(filtering.as_ref());
    let mut steps = vec![Step::Record { poststop: spec.hooks.poststop.clone() }];
    steps.extend(connect);
    steps.extend(before_the_gate(ask, process, &namespaces, host, &root)?);
    let grantable = if namespaces.has_own(NamespaceKind::User) { u64::MAX } else { host.capabilities };
    let keeps_groups = process::keeps_groups(&spec.annotations)?;
    if keeps_groups && !process.user.additional_gids.is_empty() {
        warnings.push("the caller's groups are kept, and `process.user.additionalGids` left out".to_string());
    }
    let groups = namespaces.can_set_groups(&spec.linux, host) && !keeps_groups;
    // Before the gate, where it may wait for long: whoever shares its pid namespace can get hold of no more
    // than the program will have (CVE-2016-9962).
    steps.push(Step::CloseDescriptors { keep: ask.preserve_fds });
    let linux = &spec.linux;
    steps.extend(schedule::steps(process, linux.personality.as_ref(), linux.memory_policy.as_ref())?);
    steps.extend(process::become_user(process, groups, grantable, filter.clone(), &mut warnings)?);
    steps.push(Step::Save);
    if ask.gate {
        steps.push(Step::Gate);
    }
    // With the program's privileges: these are programs of the container.
    steps.extend(hooks(spec, Stage::StartContainer));
    steps.extend(filter::last(filter, process));
    steps.push(Step::Exec { args: process.args.clone(), env: process::environment(process) });
    Ok(Plan { steps, root, warnings, poststart: hooks(spec, Stage::Poststart), filtering })
}

fn before_the_gate(
    ask: &Ask,
    process: &Process,
    namespaces: &Namespaces,
    host: &Host,
    root: &Path,
) -> Result<Vec<Step>> {
    let spec = ask.spec;
    let own_user = namespaces.has_own(NamespaceKind::User);
    let mut cgroup = Cgroup::plan(ask, host, own_user)?;
    let mut mounts = files::mounts(spec, ask.bundle, namespaces, host)?;
    let label = label::option(spec)?;
    let label_later = label::mounts(&mut mounts, label.as_deref());
    let by_host =
        own_user && host.can_mount() && ask.layers.is_none() && !namespaces.joins(NamespaceKind::Mount);

    let mut steps = cgroup.before_the_clone();
    if by_host || mounts.iter().any(Mount::is_opened_by_host) {
        steps.push(files::open_sources(by_host.then_some(root), &mounts, own_user));
    }
    if let Some(image) = shown(ask) {
        steps.extend(mounts.iter_mut().filter_map(|mount| mount.copy_up_by_host(image)));
        steps.push(Step::OpenImage(image.clone()));
    }
    steps.push(namespaces.clone_step(cgroup.born_in.clone()));
    steps.append(&mut cgroup.make);
    steps.extend(namespaces.map_ids(&spec.linux, host));
    steps.extend(net_devices::steps(&spec.linux, namespaces)?);
    steps.extend(network::plug_in(ask, namespaces)?);
    steps.extend(process::oom_score(process, namespaces, Side::Host));
    steps.extend(rdt::steps(spec, ask.id, host)?);

    let mut join = cgroup.join;
    join.extend(namespaces.own_cgroup_step(cgroup.born_in.is_some()));
    let late = cgroup.meanwhile.then(|| files::take_cgroups(&mut mounts, spec)).flatten();
    if !cgroup.meanwhile || files::need_own_cgroup(&mounts) {
        steps.append(&mut join);
    }
    join.extend(late.map(Step::Mount));
    steps.extend(enter(ask, namespaces, host));
    steps.extend(root_steps(ask, namespaces, root, by_host)?);
    steps.extend(files::fill(spec, mounts, own_user || host.in_user_namespace)?);
    steps.extend((process.cwd != "/").then(|| Step::MakeFolder { path: PathBuf::from(&process.cwd) }));
    steps.extend(own_names(spec, namespaces)?);
    steps.extend(process::oom_score(process, namespaces, Side::Child));
    let labelled = |path| Step::LabelMount { path, label: spec.linux.mount_label.clone() };
    steps.extend(label_later.into_iter().map(labelled));
    let mut cover = own_settings(spec, namespaces)?;
    cover.extend(files::cover(spec, label.as_deref()));
    let stages = [Stage::Prestart, Stage::CreateRuntime, Stage::CreateContainer];
    let hooks: Vec<_> = stages.into_iter().filter_map(|stage| hooks(spec, stage)).collect();
    // Some settings are those of a network interface that hooks may bring; without hooks nobody has to wait for the
    // host here. What covers the settings comes after them.
    // Before settings of the interfaces that somebody has asked for, and before what covers them.
    steps.extend(network::set_up(ask));
    if hooks.is_empty() {
        steps.append(&mut cover);
    }
    steps.extend(join);
    // Hooks of the host's side need the namespaces and the mounts, and the container's files from outside.
    steps.extend(hooks);
    steps.append(&mut cover);
    steps.extend(close_root(ask, namespaces)?);
    steps.push(Step::ChangeDirectory { path: process.cwd.clone() });
    // Before the gate: whoever waits for `create` to close its streams would wait for ever, if the container
    // still had them while it has a terminal of its own.
    steps.push(Step::NewSession { terminal: process.terminal });
    steps.push(Step::FindProgram { name: process.args[0].clone(), path: process::search_path(process) });
    Ok(steps)
}

/// How the container gets into its cgroup.
struct Cgroup {
    /// The host's steps: make it, set its limits.
    make: Vec<Step>,
    /// The child's: go in (v1).
    join: Vec<Step>,
    /// The child is born in it (v2).
    born_in: Option<PathBuf>,
    /// It is made after the clone: by systemd, or because there is no need to wait.
    after: bool,
    /// The host makes it while the child makes its mounts. Not with a user namespace: the child could not
    /// open it then, and inherits what the host has opened before the clone.
    meanwhile: bool,
}

impl Cgroup {
    fn plan(ask: &Ask, host: &Host, own_user: bool) -> Result<Cgroup> {
        let make = place::prepare(host, ask.spec, ask.id)?;
        let (join, born_in) = match &host.cgroups {
            Cgroups::V1(places) => {
                let paths = places.iter().map(|place| place.leaf.clone()).collect();
                (vec![Step::JoinCgroups { paths }], None)
            }
            Cgroups::V2(place) => (Vec::new(), Some(place.leaf.clone())),
            Cgroups::Systemd(_) | Cgroups::None(_) => (Vec::new(), None),
        };
        let by_systemd = matches!(host.cgroups, Cgroups::Systemd(_));
        let meanwhile = (by_systemd || !join.is_empty()) && !own_user;
        Ok(Cgroup { make, join, born_in, after: by_systemd || meanwhile, meanwhile })
    }

    fn before_the_clone(&mut self) -> Vec<Step> {
        if self.after { Vec::new() } else { std::mem::take(&mut self.make) }
    }
}

/// The name of a container's session keyring, as runc has it.
pub fn keyring_name(id: &ContainerId) -> String {
    format!("_ses.{id}")
}

/// The child enters its namespaces.
fn enter(ask: &Ask, namespaces: &Namespaces, host: &Host) -> Vec<Step> {
    let label = ask.spec.process.as_ref().map_or("", |process| process.selinux_label.as_str());
    let linux = &ask.spec.linux;
    let mut steps = namespaces.own_clocks_steps(linux);
    if namespaces.has_own(NamespaceKind::User) {
        // Not before the clocks are set: a process that changes its user may not write its own proc files.
        let keeps = process::keeps_groups(&ask.spec.annotations).unwrap_or_default();
        steps.push(Step::BecomeRoot { groups: namespaces.can_set_groups(linux, host) && !keeps });
    }
    steps.extend(namespaces.join_steps());
    if namespaces.is_new(NamespaceKind::Network) {
        steps.push(Step::RaiseLoopback);
    }
    if ask.keyring {
        steps.extend(label::of_keyring(label));
        steps.push(Step::NewKeyring { name: keyring_name(ask.id) });
    }
    steps
}

/// The child gets a root to fill.
fn root_steps(ask: &Ask, namespaces: &Namespaces, root: &Path, by_host: bool) -> Result<Vec<Step>> {
    let path = root.to_path_buf();
    let mut steps = Vec::new();
    if namespaces.is_new(NamespaceKind::Mount) {
        let propagation = Propagation::named("rslave").map_or_else(|| propagation(ask.spec), Ok)?;
        steps.push(Step::CutMounts { propagation });
    }
    steps.push(match &ask.layers {
        Some(Layers::Host(overlay)) => Step::LayOverlay(overlay.clone()),
        Some(Layers::Image(_)) if shown(ask).is_some() => Step::TakeImage,
        Some(Layers::Image(image)) => Step::LayImage(image.clone()),
        None if namespaces.joins(NamespaceKind::Mount) => Step::OpenRoot { path },
        None => Step::BindRoot { path, by_host },
    });
    Ok(steps)
}

/// An image that the host has to lay: the container's ids are not those that its files have on disk.
fn shown<'a>(ask: &'a Ask<'_>) -> Option<&'a ImageRoot> {
    match &ask.layers {
        Some(Layers::Image(image)) => Some(image).filter(|image| image.shown.is_some()),
        _ => None,
    }
}

/// Names of its own.
fn own_names(spec: &Spec, namespaces: &Namespaces) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let names = [("hostname", &spec.hostname), ("domainname", &spec.domainname)];
    for (field, name) in names.into_iter().filter(|(_, name)| !name.is_empty()) {
        if !namespaces.has_own(NamespaceKind::Uts) {
            return Err(Fault::invalid(field, "it would change the host's: there is no uts namespace"));
        }
        if name.len() > 64 {
            return Err(Fault::invalid(field, "it is longer than 64 bytes"));
        }
        let name = name.clone();
        steps.push(if field == "hostname" {
            Step::SetHostname { name }
        } else {
            Step::SetDomainname { name }
        });
    }
    Ok(steps)
}

/// Kernel settings of the container's own namespaces.
fn own_settings(spec: &Spec, namespaces: &Namespaces) -> Result<Vec<Step>> {
    let setting = |(key, value): (&String, &String)| {
        sysctl::check(key, namespaces)?;
        Ok(Step::SetSysctl { key: key.clone(), value: value.clone() })
    };
    spec.linux.sysctl.iter().map(setting).collect()
}

/// The last steps on the root, after which the host is out of reach.
fn close_root(ask: &Ask, namespaces: &Namespaces) -> Result<Vec<Step>> {
    let propagation = propagation(ask.spec)?;
    let mut steps = Vec::new();
    if ask.spec.root.as_ref().is_some_and(|root| root.readonly) {
        steps.push(Step::ReadonlyRoot);
    }
    steps.push(if ask.pivot && namespaces.is_new(NamespaceKind::Mount) { Step::Pivot } else { Step::Chroot });
    if !ask.spec.linux.rootfs_propagation.is_empty() {
        steps.push(Step::ShareRoot { propagation });
    }
    Ok(steps)
}

fn propagation(spec: &Spec) -> Result<Propagation> {
    let name = &spec.linux.rootfs_propagation;
    let name = if name.is_empty() { "rslave" } else { name };
    let wrong = |why: String| Fault::invalid("linux.rootfsPropagation", why);
    Propagation::named(name)
        .ok_or_else(|| wrong(format!("expected `private`, `slave`, `shared` or `unbindable`, got `{name}`")))
}

fn root(ask: &Ask) -> Result<PathBuf> {
    if ask.layers.is_some() {
        return Ok(PathBuf::from("/"));
    }
    match &ask.spec.root {
        Some(root) if !root.path.is_empty() => Ok(ask.bundle.join(&root.path)),
        _ => Err(Fault::invalid("root.path", "it is missing: there is no root folder")),
    }
}

fn hooks(spec: &Spec, stage: Stage) -> Option<Step> {
    let hooks = of_stage(spec, stage);
    (!hooks.is_empty()).then(|| Step::RunHooks { stage, hooks: hooks.to_vec() })
}

fn of_stage(spec: &Spec, stage: Stage) -> &[oci::Hook] {
    let hooks = &spec.hooks;
    match stage {
        Stage::Prestart => &hooks.prestart,
        Stage::CreateRuntime => &hooks.create_runtime,
        Stage::CreateContainer => &hooks.create_container,
        Stage::StartContainer => &hooks.start_container,
        Stage::Poststart => &hooks.poststart,
        Stage::Poststop => &hooks.poststop,
    }
}

fn check_hooks(spec: &Spec) -> Result<()> {
    use Stage::*;
    for stage in [Prestart, CreateRuntime, CreateContainer, StartContainer, Poststart, Poststop] {
        for (at, hook) in of_stage(spec, stage).iter().enumerate() {
            let field = |name: &str| format!("hooks.{}[{at}].{name}", stage.name());
            if !hook.path.starts_with('/') {
                return Err(Fault::invalid(
                    field("path"),
                    format!("expected an absolute path, got `{}`", hook.path),
                ));
            }
            if hook.timeout.is_some_and(|timeout| timeout <= 0) {
                return Err(Fault::invalid(field("timeout"), "expected more than 0 seconds"));
            }
        }
    }
    Ok(())
}
