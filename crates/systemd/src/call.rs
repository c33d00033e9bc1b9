//! The few things that we ask of systemd, and how its answers read.

use crate::message::{Message, Target, body, call};
use crate::property::{Property, Value};
use crate::wire::Writer;

const MANAGER: Target = Target {
    destination: "org.freedesktop.systemd1",
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
};
const PROPERTIES: Target = Target { interface: "org.freedesktop.DBus.Properties", ..MANAGER };
const BUS: Target = Target {
    destination: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
};

/// A question to systemd, or to the bus that it is on.
#[derive(Debug, Clone, Copy)]
pub enum Call<'a> {
    /// Introduces us to a bus; the first thing that it wants to hear.
    Hello,
    /// Asks the bus for the end of each job on this unit.
    HearOfJobs {
        /// The unit.
        unit: &'a str,
    },
    /// Makes a scope, with processes in it.
    StartScope {
        /// Its name.
        unit: &'a str,
        /// What it is like.
        properties: &'a [Property],
    },
    /// Stops a unit.
    Stop {
        /// Its name.
        unit: &'a str,
    },
    /// Has it forget that a unit has failed.
    ResetFailed {
        /// Its name.
        unit: &'a str,
    },
    /// Changes a unit that runs, until the machine's next boot.
    Set {
        /// Its name.
        unit: &'a str,
        /// What is to be otherwise.
        properties: &'a [Property],
    },
    /// Puts a process into a unit's cgroup.
    Attach {
        /// Its name.
        unit: &'a str,
        /// Below the unit's cgroup, as an absolute path; empty for the cgroup itself.
        below: &'a str,
        /// The process.
        pid: u32,
    },
    /// The cgroup of systemd itself.
    ControlGroup,
    /// Its version.
    Version,
}

impl Call<'_> {
    /// The call as bytes; `serial` is its number.
    pub fn bytes(&self, serial: u32) -> Vec<u8> {
        let text = |text: &str| Value::Text(text.to_string());
        // Another job on the unit that is not done yet gives way.
        let replace = || text("replace");
        let (to, member, signature, body) = match self {
            Call::Hello => (BUS, "Hello", "", Vec::new()),
            Call::HearOfJobs { unit } => (BUS, "AddMatch", "s", body(&[text(&rule(unit))])),
            Call::StartScope { unit, properties } => {
                (MANAGER, "StartTransientUnit", "ssa(sv)a(sa(sv))", start(unit, properties))
            }
            Call::Stop { unit } => (MANAGER, "StopUnit", "ss", body(&[text(unit), replace()])),
            Call::ResetFailed { unit } => (MANAGER, "ResetFailedUnit", "s", body(&[text(unit)])),
            Call::Set { unit, properties } => {
                (MANAGER, "SetUnitProperties", "sba(sv)", set(unit, properties))
            }
            Call::Attach { unit, below, pid } => {
                let values = [text(unit), text(below), Value::Numbers(vec![*pid])];
                (MANAGER, "AttachProcessesToUnit", "ssau", body(&values))
            }
            Call::ControlGroup => {
                (PROPERTIES, "Get", "ss", body(&[text(MANAGER.interface), text("ControlGroup")]))
            }
            Call::Version => (PROPERTIES, "Get", "ss", body(&[text(MANAGER.interface), text("Version")])),
        };
        call(serial, to, member, signature, &body)
    }
}

/// A bus passes on only what one asks for. The unit's name is the third thing that the signal says.
fn rule(unit: &str) -> String {
    let unit = unit.replace('\'', "");
    format!("type='signal',interface='{}',member='{JOB_REMOVED}',arg2='{unit}'", MANAGER.interface)
}

fn start(unit: &str, properties: &[Property]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(unit);
    writer.text("replace");
    writer.properties(properties);
    // No other units beside it.
    writer.array(8, |_| {});
    writer.into_bytes()
}

fn set(unit: &str, properties: &[Property]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(unit);
    writer.value(&Value::Flag(true));
    writer.properties(properties);
    writer.into_bytes()
}

const JOB_REMOVED: &str = "JobRemoved";

/// A job of systemd's that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its path, as the answer to the call had it that made it.
    pub path: String,
    /// `done`, or why not: `canceled`, `timeout`, `failed`, `dependency`, `skipped`.
    pub result: String,
}

impl Job {
    /// The job that this message tells the end of, if it does.
    pub fn ended(message: &Message) -> Option<Job> {
        if !message.is_signal(JOB_REMOVED) {
            return None;
        }
        let mut body = message.body("uoss")?;
        let (_, path, _, result) = (body.u32()?, body.text()?, body.text()?, body.text()?);
        Some(Job { path: path.to_string(), result: result.to_string() })
    }

    /// The path of the job that a call has made, from the answer.
    pub fn made(answer: &Message) -> Option<String> {
        answer.body("o")?.text().map(String::from)
    }
}

/// The answer to [`Call::ControlGroup`].
pub fn control_group(answer: &Message) -> Option<String> {
    answer.body("v")?.text_variant().map(String::from)
}

/// The number in the answer to [`Call::Version`]: `257.9-1` and `v257` are 257.
pub fn version(answer: &Message) -> Option<u32> {
    let text = answer.body("v")?.text_variant()?.trim_start_matches('v');
    let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| &text[..end]);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message that is received, made of one that is sent.
    fn received(kind: u8, signature: &str, body: &[u8]) -> Message {
        let mut bytes = call(1, MANAGER, JOB_REMOVED, signature, body);
        bytes[1] = kind;
        Message::parse(&bytes).unwrap()
    }

    #[test]
    fn the_end_of_a_job_is_told() {
        let mut writer = Writer::default();
        writer.u32(7);
        for text in ["/job/7", "x.scope", "done"] {
            writer.text(text);
        }
        let body = writer.into_bytes();
        let job = Job { path: "/job/7".into(), result: "done".into() };
        assert_eq!(Job::ended(&received(4, "uoss", &body)), Some(job));
        assert_eq!(Job::ended(&received(2, "uoss", &body)), None);
        assert_eq!(Job::ended(&received(4, "uos", &body)), None);
    }

    #[test]
    fn answers_are_read() {
        let text = |text: &str| {
            let mut writer = Writer::default();
            writer.variant(&Value::Text(text.to_string()));
            received(2, "v", &writer.into_bytes())
        };
        assert_eq!(control_group(&text("/user.slice")).as_deref(), Some("/user.slice"));
        let versions = ["257.9-1~deb13u1", "v252", "249"].map(|one| version(&text(one)));
        assert_eq!(versions, [Some(257), Some(252), Some(249)]);
        assert_eq!(version(&text("~")), None);
        let path = received(2, "o", &body(&[Value::Text("/job/7".into())]));
        assert_eq!(Job::made(&path).as_deref(), Some("/job/7"));
    }

    #[test]
    fn calls_are_whole_messages() {
        let properties =
            [Property::new("PIDs", Value::Numbers(vec![5])), Property::new("Delegate", Value::Flag(true))];
        let unit = "nagaya-web.scope";
        for call in [
            Call::Hello,
            Call::HearOfJobs { unit },
            Call::StartScope { unit, properties: &properties },
            Call::Stop { unit },
            Call::ResetFailed { unit },
            Call::Set { unit, properties: &properties },
            Call::Attach { unit, below: "", pid: 5 },
            Call::ControlGroup,
            Call::Version,
        ] {
            let bytes = call.bytes(3);
            assert_eq!(Message::length(&bytes).unwrap(), Some(bytes.len()), "{call:?}");
            assert_eq!(Message::parse(&bytes).unwrap().kind, crate::Kind::Other, "{call:?}");
        }
    }
}
