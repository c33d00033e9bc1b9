//! A connection to systemd: one at a time, for a few questions, and only for those who asked for it.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::{Duration, Instant};

use fault::{Doing, Fault, Kind, Result};
use systemd::{Address, Call, Job, Kind as Said, Manager, Message, Property, Refusal};

/// How long systemd may take for one thing. It does one after another, for the whole machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said before the first message: that the kernel tells who we are. Nothing is named, because in a user
/// namespace our number is another one.
///
/// Source: D-Bus Specification, "Authentication Protocol".
const GREETING: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

/// A connection to systemd.
pub(crate) struct Bus {
    stream: UnixStream,
    /// What was received and not read yet.
    received: Vec<u8>,
    /// Number of the last call.
    serial: u32,
    /// Jobs that have ended.
    ended: Vec<Job>,
    until: Instant,
}

/// Why a call has no answer.
enum Failed {
    /// systemd said no.
    Refused(Refusal),
    /// It could not be asked.
    Lost(Fault),
}

impl Bus {
    /// Connects, to be told of jobs on `unit`.
    ///
    /// # Errors
    /// `Unavailable`: nobody answers.
    pub(crate) fn connect(manager: &Manager, unit: &str) -> Result<Bus> {
        let mut last = None;
        for address in manager.addresses() {
            match Bus::open(address, unit) {
                Ok(bus) => return Ok(bus),
                Err(fault) => last = Some(fault.during(format!("reach systemd at `{}`", address.socket))),
            }
        }
        Err(last.unwrap_or_else(|| nowhere(manager)).or_hint(Some(hint(manager))))
    }

    fn open(address: Address, unit: &str) -> Result<Bus> {
        let doing = || "connect";
        let stream = match address.socket.strip_prefix('@') {
            None => UnixStream::connect(address.socket),
            Some(name) => SocketAddr::from_abstract_name(name).and_then(|to| UnixStream::connect_addr(&to)),
        }
        .doing(doing)?;
        stream.set_write_timeout(Some(PATIENCE)).doing(doing)?;
        let until = Instant::now() + PATIENCE;
        let mut bus = Bus { stream, received: Vec::new(), serial: 0, ended: Vec::new(), until };
        // All at once: nobody waits for an answer that can be foreseen.
        let mut bytes = GREETING.to_vec();
        if address.is_bus {
            for call in [Call::Hello, Call::HearOfJobs { unit }] {
                bus.serial += 1;
                bytes.extend(call.bytes(bus.serial));
            }
        }
        bus.stream.write_all(&bytes).doing(doing)?;
        bus.hear_welcome()?;
        Ok(bus)
    }

    /// Reads lines up to the one that lets us in.
    fn hear_welcome(&mut self) -> Result<()> {
        loop {
            while let Some(end) = self.received.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.received.drain(..end + 2).collect();
                if line.starts_with(b"OK") {
                    return Ok(());
                }
                if !line.starts_with(b"DATA") {
                    return Err(Fault::new(Kind::Denied, "connect").because("it does not let us in"));
                }
            }
            self.receive()?;
        }
    }

    /// Makes a scope, and waits until it is there.
    ///
    /// # Errors
    /// systemd's own words.
    pub(crate) fn start_scope(&mut self, unit: &str, properties: &[Property]) -> Result<()> {
        let call = Call::StartScope { unit, properties };
        let answer = match self.call(call) {
            // One of this name has failed, or ends just now, and nobody is in it: that was looked at before.
            Err(Failed::Refused(refusal)) if refusal.name == "UnitExists" => {
                self.call(Call::ResetFailed { unit }).map(drop).or_else(Failed::unless_refused)?;
                self.call(call)
            }
            answer => answer,
        }
        .map_err(|failed| failed.or_fault(|| format!("start unit `{unit}`")))?;
        match self.end_of(Job::made(&answer))?.as_str() {
            "done" => Ok(()),
            result => Err(Fault::new(Kind::Failed, format!("start unit `{unit}`"))
                .because(format!("systemd says `{result}`"))
                .hint(format!("`journalctl -u {unit}` may tell more"))),
        }
    }

    /// Stops a unit, waits until it has stopped, and has it forgotten. One that is not there has stopped.
    pub(crate) fn stop(&mut self, unit: &str) -> Result<()> {
        match self.call(Call::Stop { unit }) {
            // However the job ends: what counts is whether the cgroup is still there, and the caller looks.
            Ok(answer) => drop(self.end_of(Job::made(&answer))?),
            Err(Failed::Refused(refusal)) if refusal.name == "NoSuchUnit" => return Ok(()),
            Err(failed) => return Err(failed.or_fault(|| format!("stop unit `{unit}`"))),
        }
        self.call(Call::ResetFailed { unit }).map(drop).or_else(Failed::unless_refused)
    }

    /// Changes properties of a unit.
    pub(crate) fn set(&mut self, unit: &str, properties: &[Property]) -> Result<()> {
        let set = self.call(Call::Set { unit, properties });
        set.map(drop).map_err(|failed| failed.or_fault(|| format!("change unit `{unit}`")))
    }

    /// Puts a process into the cgroup of a unit, or into one below.
    pub(crate) fn attach(&mut self, unit: &str, below: &str, pid: i32) -> Result<()> {
        let pid = pid.cast_unsigned();
        let attached = self.call(Call::Attach { unit, below, pid });
        attached.map(drop).map_err(|failed| failed.or_fault(|| format!("put a process into unit `{unit}`")))
    }

    /// The cgroup of systemd itself, as a path of the hierarchy.
    pub(crate) fn control_group(&mut self) -> Result<String> {
        let doing = || "ask systemd for its cgroup".to_string();
        let answer = self.call(Call::ControlGroup).map_err(|failed| failed.or_fault(doing))?;
        systemd::control_group(&answer).ok_or_else(|| Fault::new(Kind::Failed, doing()))
    }

    /// Its version.
    pub(crate) fn version(&mut self) -> Result<u32> {
        let doing = || "ask systemd for its version".to_string();
        let answer = self.call(Call::Version).map_err(|failed| failed.or_fault(doing))?;
        systemd::version(&answer).ok_or_else(|| Fault::new(Kind::Failed, doing()))
    }

    /// Asks, and waits for the answer.
    fn call(&mut self, call: Call) -> std::result::Result<Message, Failed> {
        self.until = Instant::now() + PATIENCE;
        self.serial += 1;
        let own = self.serial;
        self.stream.write_all(&call.bytes(own)).doing(|| "speak to systemd").map_err(Failed::Lost)?;
        loop {
            let message = self.next().map_err(Failed::Lost)?;
            match message.kind {
                Said::Reply(serial) if serial == own => return Ok(message),
                // Or to what was asked of the bus before, without which no answer would come.
                Said::Error(_) => return Err(Failed::Refused(message.refusal())),
                _ => self.ended.extend(Job::ended(&message)),
            }
        }
    }

    /// Waits for the end of a job; says how it ended.
    fn end_of(&mut self, job: Option<String>) -> Result<String> {
        let job = job.ok_or_else(|| Fault::new(Kind::Failed, "understand systemd"))?;
        self.until = Instant::now() + PATIENCE;
        loop {
            if let Some(ended) = self.ended.iter().find(|ended| ended.path == job) {
                return Ok(ended.result.clone());
            }
            let message = self.next()?;
            self.ended.extend(Job::ended(&message));
        }
    }

    fn next(&mut self) -> Result<Message> {
        loop {
            match Message::length(&self.received)? {
                Some(length) if length <= self.received.len() => {
                    let bytes: Vec<u8> = self.received.drain(..length).collect();
                    return Message::parse(&bytes);
                }
                _ => self.receive()?,
            }
        }
    }

    fn receive(&mut self) -> Result<()> {
        let doing = || "hear from systemd";
        let late = || Fault::new(Kind::Unavailable, doing()).because("it has not answered for 30 seconds");
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late());
        }
        self.stream.set_read_timeout(Some(left)).doing(doing)?;
        let mut bytes = [0; 4096];
        let count = match self.stream.read(&mut bytes) {
            Err(err) if err.kind() == std::io::ErrorKind::WouldBlock => return Err(late()),
            Err(err) if err.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            count => count.doing(doing)?,
        };
        if count == 0 {
            return Err(Fault::new(Kind::Unavailable, doing()).because("it has closed the connection"));
        }
        self.received.extend_from_slice(&bytes[..count]);
        Ok(())
    }
}

impl Failed {
    fn or_fault(self, doing: impl FnOnce() -> String) -> Fault {
        match self {
            Failed::Lost(fault) => fault.during(doing()),
            Failed::Refused(refusal) => {
                let kind = match refusal.name.as_str() {
                    "UnitExists" => Kind::Exists,
                    "NoSuchUnit" => Kind::NotFound,
                    "AccessDenied" | "InteractiveAuthorizationRequired" => Kind::Denied,
                    _ => Kind::Failed,
                };
                Fault::new(kind, doing()).because(format!("systemd says: {}", refusal.words))
            }
        }
    }

    /// For what may be refused because there is nothing to do.
    fn unless_refused(self) -> Result<()> {
        match self {
            Failed::Refused(_) => Ok(()),
            Failed::Lost(fault) => Err(fault),
        }
    }
}

fn nowhere(manager: &Manager) -> Fault {
    let why = if manager.of_user {
        "neither `XDG_RUNTIME_DIR` nor `DBUS_SESSION_BUS_ADDRESS` says where it is"
    } else {
        "nobody listens"
    };
    Fault::new(Kind::Unavailable, "reach systemd").because(why)
}

fn hint(manager: &Manager) -> String {
    let hint = if manager.of_user {
        "a session of systemd's has one (`machinectl shell USER@`, ssh); or leave `--systemd-cgroup` out"
    } else {
        "leave `--systemd-cgroup` out where systemd does not run the machine"
    };
    hint.to_string()
}
