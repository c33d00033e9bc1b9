//! A container that exists, and what can be done with it.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use oci::{ContainerId, State, Status};
use plan::{Stage, Undo};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sys::clone::Process;

use crate::state::{Folder, Record, Saved};
use crate::{Notify, RootFd, boot, events, freezer, gate, hooks, notify, undo};

/// A container that exists, as its folder has it.
#[derive(Debug)]
pub struct Container {
    id: ContainerId,
    folder: Folder,
    record: Record,
    saved: Option<Saved>,
}

impl Container {
    /// One of whose folder nothing can be read any more.
    pub(crate) fn broken(id: ContainerId, folder: Folder) -> Container {
        Container { id, folder, record: Record::default(), saved: None }
    }

    pub(crate) fn read(id: ContainerId, folder: Folder) -> Result<Container> {
        let (record, saved) = (folder.record()?.unwrap_or_default(), folder.saved()?);
        Ok(Container { id, folder, record, saved })
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        match &self.saved {
            None if self.folder.is_locked() => Status::Creating,
            // As long as nobody knows, it lives.
            Some(saved) if is_alive(saved).unwrap_or(true) => {
                if gate::is_closed(&self.folder) {
                    Status::Created
                } else if freezer::is_frozen(undo::cgroups(self.undo())) {
                    Status::Paused
                } else {
                    Status::Running
                }
            }
            _ => Status::Stopped,
        }
    }

    /// What every caller may ask.
    pub fn state(&self) -> State {
        let status = self.status();
        let alive = self.saved.as_ref().filter(|_| status != Status::Stopped);
        let text = |path: &Path| path.display().to_string();
        let saved = self.saved.as_ref();
        State {
            oci_version: oci::VERSION.to_string(),
            id: self.id.to_string(),
            status,
            pid: alive.map_or(0, |saved| saved.pid),
            bundle: saved.map(|saved| text(&saved.bundle)).unwrap_or_default(),
            rootfs: saved.map(|saved| text(&saved.rootfs)).unwrap_or_default(),
            created: saved.map(|saved| saved.created.clone()).unwrap_or_default(),
            annotations: saved.map(|saved| saved.annotations.clone()).unwrap_or_default(),
            owner: saved.map(|saved| user_name(saved.owner)).unwrap_or_default(),
        }
    }

    /// Opens the gate: the program runs, or the fault says why not.
    pub fn start(&self) -> Result<()> {
        let _lock = self.folder.lock()?;
        // A `create` that was at work had the lock, and is done now.
        let container = Container::read(self.id.clone(), self.folder.clone())?;
        let cause = match container.status() {
            Status::Created => None,
            Status::Running | Status::Paused => Some("cannot start an already running container"),
            Status::Stopped => Some("cannot start a container that has stopped"),
            Status::Creating => Some("it is not created yet"),
        };
        if let Some(cause) = cause {
            return Err(Fault::new(Kind::WrongState, format!("start container `{}`", self.id)).because(cause));
        }
        gate::open(&self.folder).map_err(|fault| fault.during(format!("start container `{}`", self.id)))?;
        container.run_poststart()
    }

    /// Listens to what its program says, for the service manager at `manager`; nothing, if it was created
    /// without. To be called before [`Container::start`].
    pub fn listen(&self, manager: &str) -> Result<Option<Notify>> {
        notify::listen(self.folder.path(), manager)
    }

    /// Waits until the program says that it is ready, or has ended, and passes that on.
    pub fn relay(&self, notify: &Notify) -> Result<()> {
        match self.pidfd()? {
            Some(pidfd) => notify.relay(self.state().pid, pidfd.as_fd()),
            None => Ok(()),
        }
    }

    /// Hooks that run when the program does; one that fails ends the container (specification 1.3).
    pub(crate) fn run_poststart(&self) -> Result<()> {
        let hooks = self.saved.as_ref().map(|saved| saved.poststart.as_slice()).unwrap_or_default();
        if hooks.is_empty() {
            return Ok(());
        }
        let state = self.state();
        let outputs = hooks::Outputs::open(&state.annotations)?;
        hooks::run(Stage::Poststart, hooks, &state, &outputs).inspect_err(|_| {
            let _ = self.signal(Signal::KILL);
        })
    }

    /// Sends a signal to the first process, or to `all` of them.
    ///
    /// # Errors
    /// `WrongState`, in words that callers search for: "container not running".
    pub fn kill(&self, signal: Signal, all: bool) -> Result<()> {
        let doing = || format!("kill container `{}`", self.id);
        let status = self.status();
        let alive = matches!(status, Status::Created | Status::Running | Status::Paused);
        let cgroup = undo::cgroup(self.undo());
        let frozen = signal == Signal::KILL && freezer::is_frozen(undo::cgroups(self.undo()));
        let ends_with_first = self.saved.as_ref().is_some_and(|saved| saved.ends_with_first);
        match cgroup {
            // Without a pid namespace of its own, its other processes live on when the first one is killed.
            Some(cgroup) if signal == Signal::KILL && (all || alive && !ends_with_first) => {
                undo::kill_all(cgroup).doing(doing)?;
                self.let_die(frozen)?;
                return undo::kill_until_empty(cgroup).doing(doing);
            }
            Some(cgroup) if all => return undo::signal_all(cgroup, signal).doing(doing),
            _ => {}
        }
        if !alive {
            return Err(Fault::new(Kind::WrongState, doing()).because("container not running"));
        }
        self.signal(signal).map_err(|fault| fault.during(doing()))?;
        if signal == Signal::KILL { self.let_die(frozen) } else { Ok(()) }
    }

    /// On v1 who is frozen cannot even die.
    fn let_die(&self, frozen: bool) -> Result<()> {
        if frozen {
            freezer::thaw(undo::cgroups(self.undo()))?;
        }
        freezer::thaw_below(undo::cgroups(self.undo()))
    }

    /// Holds all its processes still.
    ///
    /// # Errors
    /// `WrongState`, in words that callers search for: "container not running".
    pub fn pause(&self) -> Result<()> {
        let doing = || format!("pause container `{}`", self.id);
        let _lock = self.folder.lock()?;
        match self.status() {
            Status::Running | Status::Created => {
                let _shut = self.folder.hold_shut()?;
                freezer::freeze(undo::cgroups(self.undo())).map_err(|fault| fault.during(doing()))
            }
            status => Err(Fault::new(Kind::WrongState, doing())
                .because(format!("container not running: it is {status}"))),
        }
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// `WrongState`, in words that callers search for: "container not paused".
    pub fn resume(&self) -> Result<()> {
        let doing = || format!("resume container `{}`", self.id);
        let _lock = self.folder.lock()?;
        match self.status() {
            // One that waits for `start` can be frozen as well.
            Status::Paused => {}
            Status::Created if freezer::is_frozen(undo::cgroups(self.undo())) => {}
            status => {
                return Err(Fault::new(Kind::WrongState, doing())
                    .because(format!("container not paused: it is {status}")));
            }
        }
        freezer::thaw(undo::cgroups(self.undo())).map_err(|fault| fault.during(doing()))
    }

    /// All its processes, as we number them.
    pub fn pids(&self) -> Result<Vec<i32>> {
        let doing = || format!("list the processes of container `{}`", self.id);
        let cgroup = undo::cgroup(self.undo()).ok_or_else(|| {
            Fault::new(Kind::Unavailable, doing()).because("it has no cgroup that knows them")
        })?;
        let mut pids = undo::pids(cgroup).doing(doing)?;
        pids.sort_unstable();
        Ok(pids)
    }

    /// What takes it back. After a reboot a cgroup's name is somebody else's.
    pub(crate) fn undo(&self) -> &[Undo] {
        if boot::id().is_ok_and(|id| self.record.boot_id == id) { &self.record.undo } else { &[] }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let Some(pidfd) = self.pidfd()? else {
            return Err(Fault::new(Kind::WrongState, "send it a signal").because("container not running"));
        };
        match pidfd_send_signal(&pidfd, signal) {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            other => other.doing(|| "send it a signal"),
        }
    }

    /// What one who enters it has to know: how it was made, and its first process.
    pub(crate) fn inside(&self) -> Result<(&Saved, &[Undo], OwnedFd)> {
        let gone = |cause: &str| Err(Fault::new(Kind::WrongState, "enter the container").because(cause));
        match (&self.saved, self.pidfd()?) {
            (Some(saved), Some(first)) => Ok((saved, self.undo(), first)),
            (None, _) if self.status() == Status::Creating => gone("it is not created yet"),
            _ => gone("cannot exec in a stopped container: container not running"),
        }
    }

    /// The groups of resctrl that its processes are in.
    pub(crate) fn resctrl(&self) -> &[std::path::PathBuf] {
        self.saved.as_ref().map_or(&[], |saved| &saved.entry.resctrl)
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its name.
    pub fn id(&self) -> &ContainerId {
        &self.id
    }

    /// Its program, as its config has it: what another process in it is like, unless it says otherwise.
    pub fn process(&self) -> Option<&oci::Process> {
        self.saved.as_ref().map(|saved| &saved.entry.process)
    }

    /// The first process, if it lives. The descriptor is opened before the last look at the start time, so
    /// it cannot be on somebody else who got the number since.
    pub(crate) fn pidfd(&self) -> Result<Option<OwnedFd>> {
        let Some(saved) = &self.saved else { return Ok(None) };
        let Some(pid) = Pid::from_raw(saved.pid) else { return Ok(None) };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Err(rustix::io::Errno::SRCH | rustix::io::Errno::INVAL) => Ok(None),
            fd => {
                let fd = fd.doing(|| "open the first process")?;
                Ok(is_alive(saved)?.then_some(fd))
            }
        }
    }

    /// The first process, if it lives.
    pub fn first(&self) -> Result<Option<Process>> {
        let pid = self.saved.as_ref().map_or(0, |saved| saved.pid);
        Ok(self.pidfd()?.map(|pidfd| Process { pid, pidfd }))
    }

    /// It is in a user namespace that is not ours.
    pub(crate) fn has_own_user(&self) -> bool {
        self.saved.as_ref().is_some_and(|saved| saved.entry.namespaces.contains(&oci::NamespaceKind::User))
    }

    /// Its files, as its first process sees them; nothing if that has ended. What is looked up there ends there: see
    /// [`RootFd`].
    pub fn root(&self) -> Result<Option<RootFd>> {
        let Some(first) = self.first()? else { return Ok(None) };
        let doing = || "open the container's root";
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let path = format!("/proc/{}/root", first.pid);
        let root = match rustix::fs::open(path, flags, Mode::empty()) {
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::SRCH) => return Ok(None),
            root => root.doing(doing)?,
        };
        // It was still that process: nobody else can have got its number before we had looked.
        Ok(self.first()?.map(|_| RootFd::new(root)))
    }

    /// How many of its processes were ended because its memory was used up.
    pub fn oom_kills(&self) -> u64 {
        undo::cgroups(self.undo()).map(events::oom_kills).max().unwrap_or(0)
    }

    /// Removes it, and all that was made for it. With `force` whatever it is doing; without, it must have
    /// stopped, or not have been started.
    ///
    /// The sentences are warnings: of hooks that failed.
    pub fn delete(self, force: bool) -> Result<Vec<String>> {
        let _lock = self.folder.lock()?;
        // Whoever had the lock before may have gone on with it.
        let container = match Container::read(self.id.clone(), self.folder.clone()) {
            // Nothing of ours writes such files; whoever did, it must be possible to get rid of them.
            Err(_) if force => self,
            container => container?,
        };
        match container.status() {
            status @ (Status::Running | Status::Paused) if !force => {
                return Err(Fault::new(Kind::WrongState, format!("delete container `{}`", container.id))
                    .because(format!("container `{}` is not stopped: {status}", container.id))
                    .hint(format!("`kill {0} KILL` first, or `delete --force {0}`", container.id)));
            }
            Status::Stopped => {}
            _ => container.end()?,
        }
        container.remove()
    }

    /// Removes it if its first process was this one.
    pub(crate) fn delete_of(self, pid: i32) -> Result<Vec<String>> {
        let _lock = self.folder.lock()?;
        let container = Container::read(self.id, self.folder)?;
        if container.saved.as_ref().is_none_or(|saved| saved.pid != pid) {
            return Ok(Vec::new());
        }
        container.remove()
    }

    /// Kills it, and waits until it is gone.
    fn end(&self) -> Result<()> {
        let Some(pidfd) = self.pidfd()? else { return Ok(()) };
        self.kill(Signal::KILL, false).or_else(|fault| match fault.kind() {
            Kind::WrongState => Ok(()),
            _ => Err(fault),
        })?;
        wait_for_end(&pidfd)
    }

    fn remove(&self) -> Result<Vec<String>> {
        // Without it nobody knows what there is to undo.
        boot::id()?;
        let undo = self.undo();
        let mut warnings = Vec::new();
        let undone = undo::all(undo, &self.state(), &mut warnings);
        if undone.is_ok() || !has_cgroups_left(undo) {
            self.folder.remove()?;
        }
        undone.map_err(|fault| fault.during(format!("delete container `{}`", self.id)))?;
        Ok(warnings)
    }
}

/// As long as a cgroup could not be removed, the record of it must stay.
fn has_cgroups_left(undo: &[Undo]) -> bool {
    undo::cgroups(undo).any(Path::exists)
}

fn is_alive(saved: &Saved) -> Result<bool> {
    let start = || boot::process_start(saved.pid).doing(|| "look at the first process");
    Ok(saved.boot_id == boot::id()? && start()? == Some(saved.pid_start))
}

/// Waits until a process is gone.
pub(crate) fn wait_for_end(pidfd: &impl AsFd) -> Result<()> {
    const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };
    let gone = rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&PATIENCE)));
    if gone.doing(|| "wait for the first process")? > 0 {
        return Ok(());
    }
    Err(Fault::new(Kind::Unavailable, "end the first process")
        .because("it was killed 10 seconds ago, and is still there")
        .hint("it may wait for a disk: `cat /proc/PID/stack`"))
}

/// The name of a user of this machine, or nothing.
fn user_name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_string())
    };
    users.lines().find_map(name).unwrap_or_default()
}
