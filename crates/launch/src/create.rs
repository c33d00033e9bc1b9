//! `create` and `run`: from a config to a container.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fault::{Doing, Fault, Kind, Result};
use oci::{ContainerId, NamespaceKind, Spec, Status};
use plan::{Ask, Connections, Layers, Plan, Side, Stage, Step};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use sys::clone::Process;

use crate::hands::{Cloned, Hands, NameSockets};
use crate::message::Peer;
use crate::notify::{self, Notify};
use crate::pidfd::{PidfdSocket, Tell};
use crate::state::{Containers, Entry, Making};
use crate::walk::{Walked, walk};
use crate::{CgroupManager, Console, console, freezer, gate, hooks, host, resctrl, undo};

/// How a container is to be made, besides what its config says.
#[derive(Debug)]
pub struct Options {
    /// Where the outer end of its terminal goes. Without it, [`run`] takes it itself.
    pub console: Option<Console>,
    /// Writes the first process's number there.
    pub pid_file: Option<PathBuf>,
    /// Sends a descriptor of the first process there.
    pub pidfd_socket: Option<PidfdSocket>,
    /// Where the service manager listens that the program is to tell when it is ready (`NOTIFY_SOCKET`); the
    /// config must bind [`crate::Folder::notify`].
    pub notify: Option<String>,
    /// Descriptors behind the standard ones that the program inherits.
    pub preserve_fds: u32,
    /// Change the root by `pivot_root`.
    pub pivot: bool,
    /// A session keyring of its own.
    pub keyring: bool,
    /// The root is laid from layers.
    pub layers: Option<Layers>,
    /// How it is connected to networks of this machine's.
    pub connections: Connections,
    /// Who makes its cgroups.
    pub cgroups: CgroupManager,
    /// Signals that were blocked when we were called, as the program is to find them.
    pub mask: Option<sys::signals::Mask>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            console: None,
            pid_file: None,
            pidfd_socket: None,
            notify: None,
            preserve_fds: 0,
            pivot: true,
            keyring: true,
            layers: None,
            connections: Connections::default(),
            cgroups: CgroupManager::default(),
            mask: None,
        }
    }
}

/// A container that was made.
#[derive(Debug)]
pub struct Started {
    /// Its first process.
    pub process: Process,
    /// The outer end of its terminal, if we were to take it.
    pub terminal: Option<OwnedFd>,
    /// Hears the program say that it is ready, where it runs already and is to say so.
    pub notify: Option<Notify>,
    /// Where questions for names come to, if somebody is to answer them.
    pub names: Option<NameSockets>,
    /// What could not be had, a sentence each.
    pub warnings: Vec<String>,
    /// The file that tells whether its processes are held still: see [`crate::is_held`].
    pub freezer: Option<PathBuf>,
    /// What was done, and in which time.
    pub trace: Trace,
}

/// Steps with the time that each took.
#[derive(Debug)]
pub struct Trace {
    /// The steps that were done.
    pub steps: Vec<(Step, Duration)>,
    /// From the first look at the host to the program.
    pub whole: Duration,
}

/// Makes a container that waits for `start`.
///
/// # Errors
/// The step that failed, and why. Nothing is left of it then.
pub fn create(
    all: &Containers,
    id: &ContainerId,
    spec: &Spec,
    bundle: &Path,
    options: Options,
) -> Result<Started> {
    make(all, id, spec, bundle, options, true)
}

/// Makes a container whose program runs when this returns.
///
/// # Errors
/// As [`create`], and if the program could not be executed.
pub fn run(
    all: &Containers,
    id: &ContainerId,
    spec: &Spec,
    bundle: &Path,
    options: Options,
) -> Result<Started> {
    make(all, id, spec, bundle, options, false)
}

fn make(
    all: &Containers,
    id: &ContainerId,
    spec: &Spec,
    bundle: &Path,
    mut options: Options,
    gate: bool,
) -> Result<Started> {
    let start = Instant::now();
    // Taking the name is a step; but who asks for one in use is to hear that, and not what follows from it.
    all.folder(id).check_free()?;
    let host = host::read(spec, id, options.cgroups)?;
    let ask = Ask {
        id,
        spec,
        bundle,
        layers: options.layers.take(),
        connections: std::mem::take(&mut options.connections),
        gate,
        pivot: options.pivot,
        keyring: options.keyring,
        preserve_fds: options.preserve_fds,
    };
    let Plan { steps, root, warnings, poststart, filtering } = plan::create(&ask, &host)?;
    let mut making = Making::new(all.folder(id), id, bundle, &root, &spec.annotations);
    making.undo = steps.iter().filter_map(Step::undo).collect();
    making.ends_with_first =
        spec.linux.namespaces.iter().any(|one| one.kind == NamespaceKind::Pid && one.path.is_empty());
    making.entry = Entry {
        namespaces: spec.linux.namespaces.iter().map(|one| one.kind).collect(),
        keyring: options.keyring,
        filtered: filtering.is_some(),
        personality: spec.linux.personality.clone(),
        resctrl: resctrl::groups_of(&steps),
        memory_policy: spec.linux.memory_policy.clone(),
        process: spec.process.clone().unwrap_or_default(),
    };
    making.filtering = filtering;
    making.notify = options.notify.take();
    if let Some(Step::RunHooks { hooks, .. }) = poststart {
        making.poststart = hooks;
    }
    let tell = Tell {
        pid_file: options.pid_file.take(),
        pidfd_sockets: pidfd_sockets(options.pidfd_socket.take(), spec)?,
        kind: "standard",
    };
    let mut hands = Hands::new(making);
    hands.hook_outputs = hooks::Outputs::open(&spec.annotations)?;
    let terminal = spec.process.as_ref().is_some_and(|process| process.terminal);
    let ours = take_terminal(terminal, &mut options.console)?;
    (hands.console, hands.mask) = (options.console.take(), options.mask);

    match launch(&steps, &mut hands, Some(&tell)) {
        Err(fault) => {
            take_back(&hands);
            Err(fault)
        }
        Ok((process, walked)) => {
            let terminal = ours.map(|from| console::take(&from)).transpose()?;
            let steps = steps.into_iter().zip(walked.took).collect();
            let (notify, names) = (hands.notify.take(), hands.names.take());
            Ok(Started {
                process,
                terminal,
                notify,
                names,
                warnings,
                freezer: freezer::file(undo::cgroups(&hands.making.undo)),
                trace: Trace { steps, whole: start.elapsed() },
            })
        }
    }
}

/// crun's name for a socket that a descriptor of the first process goes to.
const RECEIVER: &str = "run.oci.pidfd_receiver";

/// The one that was typed, and the one that the config names.
fn pidfd_sockets(typed: Option<PidfdSocket>, spec: &Spec) -> Result<Vec<PidfdSocket>> {
    let named =
        spec.annotations.get(RECEIVER).map(|path| PidfdSocket::connect(Path::new(path))).transpose()?;
    Ok(typed.into_iter().chain(named).collect())
}

/// Without a console socket, the terminal comes to ourselves.
pub(crate) fn take_terminal(terminal: bool, console: &mut Option<Console>) -> Result<Option<OwnedFd>> {
    if !terminal || console.is_some() {
        return Ok(None);
    }
    let (theirs, ours) = Console::pair()?;
    *console = Some(theirs);
    Ok(Some(ours))
}

/// Does the host's steps before the clone, clones, and walks the rest together with the child.
pub(crate) fn launch(steps: &[Step], hands: &mut Hands, tell: Option<&Tell>) -> Result<(Process, Walked)> {
    let at = steps.iter().position(|step| matches!(step, Step::Clone { .. }));
    let at = at.ok_or_else(|| Fault::new(Kind::Failed, "make a container without a clone"))?;
    let mut took = Vec::with_capacity(steps.len());
    for step in &steps[..at] {
        took.push(timed(|| hands.execute(step)).map_err(|fault| fault.during(step.to_string()))?.1);
        hands.done.extend(step.undo());
    }
    if steps.iter().any(|step| matches!(step, Step::Gate)) {
        hands.gate = Some(gate::make(&hands.making.folder)?);
    } else if let Some(manager) = &hands.making.notify {
        hands.notify = notify::listen(hands.making.folder.path(), manager)?;
    }
    let (ours, theirs) = Peer::pair().doing(|| "make a connection to the child")?;
    let clone = &steps[at];
    let (cloned, time) =
        timed(|| hands.clone_child(clone)).map_err(|fault| fault.during(clone.to_string()))?;
    took.push(time);
    let rest = &steps[at + 1..];
    match cloned {
        Cloned::Child => {
            drop(ours);
            be_child(rest, hands, theirs)
        }
        Cloned::Host(process) => {
            drop(theirs);
            // What the child holds is the child's: a connection must end when the child does.
            (hands.console, hands.gate) = (None, None);
            let gate_ahead = rest.iter().any(|step| matches!(step, Step::Gate));
            let tell = || tell.map_or(Ok(()), |tell| tell.tell(&process));
            let walked = walk_as_host(rest, hands, &ours, took, tell).and_then(|walked| {
                // With a gate they are for `start`.
                if gate_ahead { Ok(()) } else { run_poststart(hands) }.map(|()| walked)
            });
            if walked.is_err() {
                end(&process);
            }
            Ok((process, walked?))
        }
    }
}

fn walk_as_host(
    rest: &[Step],
    hands: &mut Hands,
    peer: &Peer,
    mut took: Vec<Duration>,
    tell: impl Fn() -> Result<()>,
) -> Result<Walked> {
    let gate = rest.iter().position(|step| matches!(step, Step::Gate));
    let walked = walk(&rest[..gate.unwrap_or(rest.len())], Side::Host, peer, |step| {
        hands.execute(step)?;
        hands.done.extend(step.undo());
        if matches!(step, Step::Save) { tell() } else { Ok(()) }
    })?;
    took.extend(walked.took);
    if gate.is_none() {
        took.push(until_program_runs(peer)?);
    }
    Ok(Walked { took })
}

/// The child has told its times; then either the connection ends, because the program runs, or it says why
/// not.
fn until_program_runs(peer: &Peer) -> Result<Duration> {
    let start = Instant::now();
    match peer.receive().doing(|| "hear from the child")? {
        Some(turn) => match turn.failed {
            Some(fault) => Err(fault),
            None => Ok(start.elapsed()),
        },
        None => Ok(start.elapsed()),
    }
}

/// The container's first process, from the clone until it is the program.
fn be_child(rest: &[Step], hands: &mut Hands, peer: Peer) -> ! {
    // The folder's lock is the runtime's alone; with our copy of it, it would never end.
    hands.making.lock = None;
    hands.notify = None;
    // What the caller's environment says is nobody's business in there.
    let _ = sys::environment::forget();
    // Modes are what the steps say, until one says what the program's are.
    rustix::process::umask(rustix::fs::Mode::empty());
    if rest.iter().any(|step| step.is_childs() && tells_our_number(step)) {
        // They are told our number as the host has it, and the host's proc is still where it was.
        let own = std::fs::read_link("/proc/self").ok();
        hands.pid = own.and_then(|own| own.to_str()?.parse().ok()).unwrap_or_default();
    }
    let done = walk_as_child(rest, hands, peer);
    sys::exec::end(i32::from(done.is_err()))
}

/// Hooks, and whoever decides about system calls.
fn tells_our_number(step: &Step) -> bool {
    matches!(step, Step::RunHooks { .. } | Step::FilterCalls { listener: Some(_), .. })
}

fn walk_as_child(rest: &[Step], hands: &mut Hands, peer: Peer) -> Result<()> {
    let gate = rest.iter().position(|step| matches!(step, Step::Gate)).unwrap_or(rest.len());
    let (before, after) = rest.split_at(gate);
    walk(before, Side::Child, &peer, |step| hands.execute(step))?;
    if after.is_empty() {
        return Ok(());
    }
    drop(peer);
    let gate = hands.gate.take().ok_or_else(|| Fault::new(Kind::Failed, "find the gate"))?;
    let starter = gate::wait(&gate)?;
    drop(gate);
    walk(after, Side::Child, &starter, |step| hands.execute(step)).map(drop)
}

/// Hooks that run when the program does; one that fails ends the container (specification 1.3).
fn run_poststart(hands: &Hands) -> Result<()> {
    let making = &hands.making;
    match making.poststart.as_slice() {
        [] => Ok(()),
        hooks => {
            let state = making.state(hands.pid, Status::Running);
            hooks::run(Stage::Poststart, hooks, &state, &hands.hook_outputs)
        }
    }
}

fn timed<T>(action: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    action().map(|done| (done, start.elapsed()))
}

/// Ends a child whose container did not come to be, and waits for it: its cgroups are busy until then.
pub(crate) fn end(process: &Process) {
    let _ = pidfd_send_signal(&process.pidfd, Signal::KILL);
    let _ = waitid(WaitId::PidFd(process.pidfd.as_fd()), WaitIdOptions::EXITED);
}

/// Takes back what a `create` that failed has made. The fault that made it fail is the one to be told.
fn take_back(hands: &Hands) {
    let making = &hands.making;
    if making.lock.is_none() {
        return;
    }
    let state = making.state(0, Status::Stopped);
    if undo::all(&hands.done, &state, &mut Vec::new()).is_ok() {
        let _ = making.folder.remove();
    }
}
