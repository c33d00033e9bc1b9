//! Seeing whether a container works: its test is run in it again and again.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use container::{HealthCheck, HealthState, OnFailure, health_args, health_check, now};
use fault::{Doing, Result};
use launch::{Container, Entering};
use oci::image::Healthcheck;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, pidfd_send_signal};
use rustix::stdio::{dup2_stderr, dup2_stdout};
use sys::clone::Process;

use super::Monitor;
use super::streams::{Streams, read};

/// Answers that are kept, and bytes of each. Source: moby, `daemon/health.go`.
const KEPT: usize = 5;
const LONGEST: usize = 4096;

/// Tests of one life of a container.
#[derive(Debug)]
pub(crate) struct Prober {
    check: Healthcheck,
    began: Instant,
    next: Instant,
    probe: Option<Probe>,
}

/// A test that runs.
#[derive(Debug)]
struct Probe {
    process: Process,
    output: Option<OwnedFd>,
    said: Vec<u8>,
    start: String,
    deadline: Instant,
    late: bool,
}

/// What is to be done about an answer.
pub(crate) type Action = Option<OnFailure>;

impl Prober {
    /// Nothing, if it is not to be tested.
    pub(crate) fn begin(monitor: &mut Monitor) -> Option<Prober> {
        let Some(check) = health_check(&monitor.record.request) else {
            monitor.state.health = None;
            return None;
        };
        monitor.state.health = Some(HealthState { status: "starting".to_string(), ..HealthState::default() });
        let began = Instant::now();
        let mut prober = Prober { check, began, next: began, probe: None };
        prober.schedule(true);
        Some(prober)
    }

    fn schedule(&mut self, starting: bool) {
        let starts = starting && self.began.elapsed() < Duration::from_nanos(self.check.start_period);
        let pause =
            if starts { self.check.start_interval.min(self.check.interval) } else { self.check.interval };
        self.next = Instant::now() + Duration::from_nanos(pause);
    }

    /// How long nothing has to be done.
    pub(crate) fn limit(&self) -> Duration {
        let next = self.probe.as_ref().map_or(self.next, |probe| probe.deadline);
        next.saturating_duration_since(Instant::now())
    }

    /// The process and the output of the test that runs.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let output = self.probe.iter().filter_map(|probe| probe.output.as_ref()).map(AsFd::as_fd);
        self.probe.iter().map(|probe| probe.process.pidfd.as_fd()).chain(output)
    }

    /// Does what is due. `ended`: the process of the test has.
    pub(crate) fn turn(&mut self, monitor: &mut Monitor, ended: bool) -> Action {
        let Some(probe) = &mut self.probe else {
            if Instant::now() >= self.next {
                match Probe::start(monitor, &self.check) {
                    Ok(probe) => self.probe = Some(probe),
                    // One that is held still, or about to end, is not asked.
                    Err(fault) if monitor.is_paused() => drop(fault),
                    Err(fault) => return self.answer(monitor, 126, fault.sentence(), now()),
                }
                if self.probe.is_none() {
                    self.schedule(false);
                }
            }
            return None;
        };
        probe.listen();
        if !ended {
            if Instant::now() >= probe.deadline {
                probe.late = true;
                let _ = pidfd_send_signal(&probe.process.pidfd, Signal::KILL);
                probe.deadline += Duration::from_secs(1);
            }
            return None;
        }
        let probe = self.probe.take()?;
        let (code, said, start) = probe.end(&self.check);
        self.answer(monitor, code, said, start)
    }

    fn answer(&mut self, monitor: &mut Monitor, code: i32, output: String, start: String) -> Action {
        let grace = self.began.elapsed() < Duration::from_nanos(self.check.start_period);
        let mut health = monitor.state.health.take().unwrap_or_default();
        let before = health.status.clone();
        match code {
            0 => (health.failing, health.status) = (0, "healthy".to_string()),
            _ if grace && before == "starting" => {}
            _ => {
                health.failing += 1;
                if u64::from(health.failing) >= self.check.retries {
                    health.status = "unhealthy".to_string();
                }
            }
        }
        health.log.push(HealthCheck { start, end: now(), exit_code: code, output });
        let old = health.log.len().saturating_sub(KEPT);
        health.log.drain(..old);
        self.schedule(health.status == "starting");
        let turned = health.status != before;
        let fails = turned && health.status == "unhealthy";
        monitor.state.health = Some(health);
        let _ = monitor.folder.write_state(&monitor.state);
        fails.then_some(monitor.record.request.health.on_failure)
    }
}

impl Probe {
    fn start(monitor: &Monitor, check: &Healthcheck) -> Result<Probe> {
        let container = monitor.containers.open(&monitor.record.id.parse()?)?;
        let (output, theirs) = pipe_with(PipeFlags::CLOEXEC).doing(|| "make a pipe for a test")?;
        rustix::io::ioctl_fionbio(&output, true).doing(|| "make a pipe for a test")?;
        let process = run(&container, check, &theirs)?;
        Ok(Probe {
            process,
            output: Some(output),
            said: Vec::new(),
            start: now(),
            deadline: Instant::now() + Duration::from_nanos(check.timeout),
            late: false,
        })
    }

    /// Hears what it says, as far as that is kept; the rest too, so that it does not wait for us.
    fn listen(&mut self) {
        let mut bytes = Vec::with_capacity(4096);
        while let Some(output) = &self.output {
            match read(output.as_fd(), &mut bytes) {
                None => self.output = None,
                Some([]) => return,
                Some(bytes) => {
                    let room = LONGEST.saturating_sub(self.said.len());
                    self.said.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
            }
        }
    }

    fn end(mut self, check: &Healthcheck) -> (i32, String, String) {
        self.listen();
        let code = launch::ended(&self.process).map_or(-1, |ended| i32::from(ended.exit_code()));
        if self.late {
            let limit = humantime_of(Duration::from_nanos(check.timeout));
            return (-1, format!("Health check exceeded timeout ({limit})"), self.start);
        }
        (code, String::from_utf8_lossy(&self.said).into_owned(), self.start)
    }
}

/// As Go prints it: `1.5s`, `30s`.
fn humantime_of(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}

/// A process like the container's own, that says what it has to say to us.
fn run(container: &Container, check: &Healthcheck, output: &OwnedFd) -> Result<Process> {
    let doing = || "run the container's test";
    let mut process = container.process().cloned().unwrap_or_default();
    process.args = health_args(&check.test);
    (process.terminal, process.console_size) = (false, None);
    dup2_stdout(output).and_then(|()| dup2_stderr(output)).doing(doing)?;
    let started = launch::exec(container, &process, Entering::default());
    launch::leave_pid_namespace();
    Streams::let_go()?;
    Ok(started?.process)
}

impl Monitor {
    fn is_paused(&self) -> bool {
        let open = |id| self.containers.open(&id).ok();
        let container = self.record.id.parse().ok().and_then(open);
        container.is_none_or(|container| container.status() != oci::Status::Running)
    }
}
