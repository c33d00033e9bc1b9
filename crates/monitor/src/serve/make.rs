//! The container is made, or taken over.

use std::path::PathBuf;
use std::time::Instant;

use container::{Attached, Left, Phase, Prepared, State, Volumes, now};
use fault::{Fault, Result};
use launch::{Options, Started, Trace};
use network::Networks;
use oci::ContainerId;
use sys::clone::Process;

use super::doors::Doors;
use super::health::Prober;
use super::life::Life;
use super::log::Log;
use super::ports::Ports;
use super::streams::Streams;
use crate::frame::{Frame, Up};

impl Life {
    /// The first start, of which whoever started us hears.
    pub(super) fn make_first(&mut self) -> Result<()> {
        let made = self.make();
        let frame = match &made {
            Ok(up) => Frame::Up(Box::new(up.clone())),
            Err(fault) => Frame::Failed(Box::new(fault.clone())),
        };
        if made.is_err() {
            self.monitor.give_up();
            self.monitor.over();
        }
        let path = self.monitor.folder.path();
        self.monitor.clients.first_mut().into_iter().for_each(|client| client.say(&frame, path));
        made.map(drop)
    }

    /// Makes the container; its program runs when this returns.
    pub(super) fn make(&mut self) -> Result<Up> {
        let made = self.connect().and_then(|(attached, ports)| {
            let up = self.launch(&attached)?;
            self.doors.published = ports.published();
            ports.open(&attached, &mut self.doors.relay);
            Ok(up)
        });
        match &made {
            Ok(_) => self.monitor.connected(),
            Err(fault) => {
                self.disconnect();
                self.monitor.failed(fault);
            }
        }
        made
    }

    /// Takes its ports, and connects it to its networks, as far as that can be done before there is anything.
    fn connect(&self) -> Result<(Attached, Ports)> {
        let (record, root) = (&self.monitor.record, self.monitor.records.root());
        if record.request.networks.is_empty() {
            return Ok((Attached::default(), Ports::default()));
        }
        // Addresses that others were killed over may be needed.
        drop(container::take_back(root)?);
        let ports = Ports::reserve(record)?;
        Ok((container::attach(record, &ports.published(), &self.monitor.state.addresses, root)?, ports))
    }

    /// Takes that back.
    pub(super) fn disconnect(&mut self) {
        self.doors = Doors::default();
        // What cannot be taken back now is when somebody looks next.
        let _ = container::detach(&self.monitor.record, self.monitor.records.root());
    }

    /// The same once its program has ended: what the kernel removes by itself is told, and not waited for.
    pub(super) fn disconnect_ended(&mut self) -> Left {
        self.doors = Doors::default();
        let monitor = &self.monitor;
        if monitor.record.request.networks.is_empty() {
            return Left::default();
        }
        container::detach_ended(&monitor.record, monitor.records.root()).unwrap_or_default()
    }

    fn launch(&mut self, attached: &Attached) -> Result<Up> {
        let monitor = &mut self.monitor;
        monitor.state.addresses = attached.by_network();
        let (request, record) = (&monitor.record.request, &monitor.record);
        // Whoever created it may have been killed before they were made.
        Volumes::at(monitor.records.root()).make_for(request)?;
        let mut prepared = Prepared::new(request, &record.id, &record.name, &monitor.records)?;
        prepared.connections = attached.connections()?;
        if !monitor.state.started.is_empty() {
            prepared.again();
        }
        monitor.log = Log::of(record, monitor.folder.log())?;
        let asks = super::names::write(monitor, attached, &prepared.hostname)?;
        let mut streams = Streams::make(&monitor.folder, request.interactive, request.terminal)?;
        monitor.free()?;
        let options = Options {
            layers: prepared.layers,
            connections: prepared.connections,
            pid_file: request.pidfile.clone(),
            ..Options::default()
        };
        let started =
            launch::run(&monitor.containers, &prepared.id, &prepared.spec, &prepared.bundle, options);
        let let_go = Streams::let_go();
        let Started { process, terminal, names, warnings, freezer, trace, .. } =
            started.map_err(|fault| container::advise(fault, prepared.in_user_namespace))?;
        let asked = monitor.clients.first().is_some_and(|client| client.attach.trace);
        let shown = trace.steps.iter().filter(|_| asked);
        let lines = shown.map(|(step, took)| plan::trace_line(step, *took)).collect();
        let whole = u64::try_from(trace.whole.as_micros()).unwrap_or(u64::MAX);
        let interactive = request.interactive;
        let begun = let_go.and_then(|()| streams.set_terminal(terminal, interactive));
        let begun = begun.and_then(|()| self.begin(streams, &process, freezer, &trace));
        let answer = |sockets| self.answer_names(sockets, &asks, attached);
        let begun = begun.and_then(|()| names.map_or(Ok(()), answer));
        if let Err(fault) = begun {
            // Nobody would know that it runs.
            let _ = self.monitor.free();
            let _ = launch::ended(&process);
            (self.streams, self.prober) = (Streams::default(), None);
            return Err(fault);
        }
        self.process = Some(process);
        let warnings = prepared.warnings.into_iter().chain(warnings).collect();
        Ok(Up { warnings, trace: lines, whole })
    }

    /// Its program runs, and that is written down.
    fn begin(
        &mut self,
        streams: Streams,
        process: &Process,
        freezer: Option<PathBuf>,
        trace: &Trace,
    ) -> Result<()> {
        streams.keep(&self.monitor.vault);
        (self.streams, self.since) = (streams, Instant::now());
        let monitor = &mut self.monitor;
        monitor.state = State {
            phase: Phase::Running,
            boot_id: launch::boot_id()?.to_string(),
            pid: process.pid,
            started: now(),
            error: String::new(),
            fault: None,
            oom_killed: false,
            exit_code: 0,
            freezer,
            ..std::mem::take(&mut monitor.state)
        };
        self.prober = Prober::begin(monitor);
        monitor.folder.write_state(&monitor.state)?;
        let steps: Vec<_> =
            trace.steps.iter().map(|(step, took)| (step.to_string(), micros(*took))).collect();
        // It runs; a picture of its start is not worth its end.
        let _ = monitor.folder.write_timeline(&steps);
        monitor.records.note(&monitor.record, "start", &[]);
        Ok(())
    }
}

fn micros(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

impl super::Monitor {
    /// What is left of a start that was cut off is in the way of the next.
    fn free(&self) -> Result<()> {
        let id: ContainerId = self.record.id.parse()?;
        self.containers.remove_if_there(&id).map(drop)
    }

    /// It runs, and is connected: nobody has to take anything back.
    fn connected(&self) {
        if !self.record.request.networks.is_empty() {
            let _ = Networks::at(self.records.root()).finish(&self.record.id, None);
        }
    }

    /// Writes down why it does not run.
    fn failed(&mut self, fault: &Fault) {
        let phase = if self.state.started.is_empty() { Phase::Created } else { Phase::Exited };
        self.state = State {
            phase,
            pid: 0,
            exit_code: i32::from(container::exit_code(fault)),
            error: fault.sentence(),
            fault: Some(fault.clone()),
            ..std::mem::take(&mut self.state)
        };
        let _ = self.folder.write_state(&self.state);
    }

    /// It was never of any use, and is to leave nothing.
    fn give_up(&mut self) {
        if self.record.request.auto_remove {
            let _ = self.records.remove(&self.record, true);
        }
    }
}
