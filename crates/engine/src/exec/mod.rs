//! `exec`: one more process in a container that runs, as a child of ours. Nobody stands between it and us but the
//! kernel: its streams are ours, unless those are a terminal.

mod front;
mod streams;

use std::os::fd::OwnedFd;

use container::Exec;
use fault::{Doing, Fault, Kind, Result};
use launch::{Container, Entering, Started, Trace};
use oci::Process;
use plan::Step;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};
use sys::clone::{Clone, Side};
use sys::signals::Signals;

use self::front::{Front, Outcome};
use self::streams::Streams;
use crate::{DetachKeys, Engine, Status, View};

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecOutcome {
    /// The program has ended, with this exit code.
    Ended(u8),
    /// It runs in the background.
    Detached,
    /// The keys to leave were typed. It runs on.
    Left,
}

/// How one stands in front of it.
#[derive(Debug, Clone)]
pub struct InFront {
    /// What is typed is passed on.
    pub input: bool,
    /// Keys that leave.
    pub keys: DetachKeys,
}

impl Engine {
    /// Puts a process into a container. With nobody `in_front`, it runs in the background. `told` gets, as soon as it runs,
    /// what could not be had, and its steps with their times; one that is left with its terminal tells no times.
    ///
    /// # Errors
    /// `WrongState`, in Docker's words; else the step that failed, and why. Nothing is left of it then.
    pub fn exec(
        &self,
        view: &View,
        exec: &Exec,
        in_front: Option<InFront>,
        told: impl Fn(&[String], Option<&Trace>),
    ) -> Result<ExecOutcome> {
        let doing = || format!("exec in container `{}`", view.record.name);
        if view.status == Status::Paused {
            return Err(Fault::new(Kind::WrongState, doing())
                .because(format!(
                    "Container {} is paused, unpause the container before exec",
                    view.record.name
                ))
                .hint(format!("`nagaya unpause {}` lets it go on", view.record.name)));
        }
        self.running(view).map_err(|fault| fault.during(doing()))?;
        match in_front {
            Some(in_front) => self.in_front(view, exec, in_front, &told),
            None if exec.terminal => self.apart(view, exec, &told),
            None => {
                let streams = Streams::none()?;
                let started = self.start_exec(view, exec, None);
                streams.put_back()?;
                let Started { warnings, trace, .. } = started?;
                told(&warnings, Some(&trace));
                Ok(ExecOutcome::Detached)
            }
        }
    }

    /// The steps that [`Engine::exec`] would take, and what could not be had.
    ///
    /// # Errors
    /// Those of `exec` that can be known before.
    pub fn exec_steps(&self, view: &View, exec: &Exec) -> Result<(Vec<Step>, Vec<String>)> {
        let (container, process) = self.entering(view, exec)?;
        launch::exec_steps(&container, &process)
    }

    fn start_exec(&self, view: &View, exec: &Exec, mask: Option<sys::signals::Mask>) -> Result<Started> {
        let (container, process) = self.entering(view, exec)?;
        launch::exec(&container, &process, Entering { mask, ..Entering::default() })
    }

    fn entering(&self, view: &View, exec: &Exec) -> Result<(Container, Process)> {
        let container = self.running(view)?;
        let ended = || {
            Fault::new(Kind::WrongState, format!("exec in container `{}`", view.record.name))
                .because(format!("Container {} is not running", view.record.id))
        };
        let own = container.process().ok_or_else(ended)?;
        let root = container.root()?.ok_or_else(ended)?;
        let process = exec.process(&view.record.request, own, &root)?;
        Ok((container, process))
    }

    fn in_front(&self, view: &View, exec: &Exec, how: InFront, told: &Told) -> Result<ExecOutcome> {
        sys::signals::default_sigchld();
        let signals = Signals::block().doing(|| "hold signals back")?;
        let streams = if exec.terminal { Streams::default() } else { Streams::pass_on(how.input)? };
        let started = self.start_exec(view, exec, Some(signals.before()));
        let ends = streams.put_back()?;
        let Started { process, terminal, warnings, trace, .. } = started?;
        told(&warnings, Some(&trace));
        let mut front = Front::new(process, signals, ends, terminal, how)?;
        match front.stand()? {
            Outcome::Ended(ended) => Ok(ExecOutcome::Ended(ended.exit_code())),
            Outcome::Left => front.leave().map(|()| ExecOutcome::Left),
        }
    }

    /// A terminal is there as long as somebody holds its other end: a process of ours stays for that.
    fn apart(&self, view: &View, exec: &Exec, told: &Told) -> Result<ExecOutcome> {
        let doing = || "leave a process for its terminal";
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .doing(doing)?;
        match (Clone::default()).spawn().doing(doing)? {
            Side::Child => {
                drop(ours);
                let _ = self.hold(view, exec, theirs);
                sys::exec::end(0)
            }
            Side::Parent(_) => {
                drop(theirs);
                let mut bytes = vec![0; LONGEST];
                let receive = || rustix::net::recv(&ours, bytes.as_mut_slice(), RecvFlags::empty());
                let (length, _) = rustix::io::retry_on_intr(receive).doing(doing)?;
                let gone = |_| Fault::new(Kind::Failed, doing()).because("it has ended early");
                let said: Said = serde_json::from_slice(&bytes[..length]).map_err(gone)?;
                told(&said?, None);
                Ok(ExecOutcome::Detached)
            }
        }
    }

    fn hold(&self, view: &View, exec: &Exec, teller: OwnedFd) -> Result<()> {
        let _ = rustix::process::setsid();
        let signals = Signals::block().doing(|| "hold signals back")?;
        let streams = Streams::none()?;
        let started = self.start_exec(view, exec, Some(signals.before()));
        let said: Said = started.as_ref().map(|one| one.warnings.clone()).map_err(Fault::clone);
        let bytes = serde_json::to_vec(&said).unwrap_or_default();
        let _ = rustix::net::send(&teller, &bytes, SendFlags::NOSIGNAL);
        drop((teller, streams));
        let Started { process, terminal, .. } = started?;
        front::drain(&process, terminal)
    }
}

/// Who is told that it runs.
type Told<'a> = dyn Fn(&[String], Option<&Trace>) + 'a;

/// What whoever stays tells: warnings, or why it could not be started.
type Said = std::result::Result<Vec<String>, Fault>;
/// Bytes of the longest of that.
const LONGEST: usize = 64 << 10;
