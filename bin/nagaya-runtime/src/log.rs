//! Errors and warnings: on stderr for people, in `--log` for callers. Docker and Kubernetes show their users
//! the last error of that file, and nothing else.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::SystemTime;

use fault::Fault;
use serde::Serialize;

use crate::args::Global;

/// Where `--log` goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `PATH` or `file:PATH`.
    File(PathBuf),
    /// `journald:NAME`: systemd's journal.
    Journal(String),
    /// `syslog:NAME`.
    Syslog(String),
}

/// How bad it is, in the words of both peers and the numbers of syslog(3).
#[derive(Debug, Clone, Copy)]
struct Level(&'static str, u8);

const ERROR: Level = Level("error", 3);
const WARNING: Level = Level("warning", 4);

#[derive(Serialize)]
struct Line<'a> {
    level: &'a str,
    msg: &'a str,
    time: String,
}

impl Target {
    /// Reads what was typed. Source: crun(1), `--log`.
    pub(crate) fn parse(typed: &OsStr) -> Target {
        let named =
            |prefix: &str| typed.to_str().and_then(|text| text.strip_prefix(prefix)).map(String::from);
        if let Some(name) = named("journald:") {
            return Target::Journal(name);
        }
        if let Some(name) = named("syslog:") {
            return Target::Syslog(name);
        }
        let path = typed.as_bytes().strip_prefix(b"file:").unwrap_or(typed.as_bytes());
        Target::File(OsStr::from_bytes(path).into())
    }

    fn name(&self) -> OsString {
        match self {
            Target::File(path) => path.clone().into(),
            Target::Journal(_) => JOURNAL.into(),
            Target::Syslog(_) => SYSLOG.into(),
        }
    }

    fn write(&self, level: Level, msg: &str, json: bool) -> io::Result<()> {
        match self {
            Target::File(path) => {
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                writeln!(file, "{}", line(level, msg, json))
            }
            Target::Journal(name) => send(JOURNAL, &journal(name, level, msg)),
            // The facility of programs of users; the daemon adds the time.
            Target::Syslog(name) => {
                send(SYSLOG, &format!("<{}>{name}[{}]: {msg}", 8 + level.1, std::process::id()))
            }
        }
    }
}

/// Source: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>
const JOURNAL: &str = "/run/systemd/journal/socket";
/// Source: syslog(3).
const SYSLOG: &str = "/dev/log";

fn send(to: &str, text: &str) -> io::Result<()> {
    UnixDatagram::unbound()?.send_to(text.as_bytes(), to).map(drop)
}

/// A line for each field; none of ours has more than one line.
fn journal(name: &str, level: Level, msg: &str) -> String {
    format!("MESSAGE={msg}\nPRIORITY={}\nSYSLOG_IDENTIFIER={name}\n", level.1)
}

fn line(level: Level, msg: &str, json: bool) -> String {
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    if json {
        serde_json::to_string(&Line { level: level.0, msg, time }).unwrap_or_default()
    } else {
        format!("time=\"{time}\" level={} msg={msg:?}", level.0)
    }
}

/// Tells why a command failed. Once, here, and nowhere else.
pub(crate) fn error(global: &Global, fault: &Fault) {
    let hint = fault.to_try().map(|hint| format!(" (hint: {})", fault::visible(hint))).unwrap_or_default();
    record(global, ERROR, &format!("{}{hint}", fault.sentence()));
    say(&format!("error: {fault}\n"));
}

/// Tells what was left out.
pub(crate) fn warn(global: &Global, sentence: &str) {
    if global.only_errors {
        return;
    }
    let sentence = fault::visible(sentence);
    record(global, WARNING, &sentence);
    if global.log.is_none() {
        say(&format!("warning: {sentence}\n"));
    }
}

fn record(global: &Global, level: Level, msg: &str) {
    let Some(target) = &global.log else { return };
    if let Err(err) = target.write(level, &msg.replace('\n', " "), global.json) {
        say(&format!("warning: cannot write `{}`: {err}\n", target.name().to_string_lossy()));
    }
}

fn say(text: &str) {
    // There is nobody left to tell that stderr is closed.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_colon_is_a_file_unless_it_is_known() {
        let parse = |text: &str| Target::parse(OsStr::new(text));
        assert_eq!(parse("file:/a:b"), Target::File("/a:b".into()));
        assert_eq!(parse("/journald:x"), Target::File("/journald:x".into()));
        assert_eq!(parse("journald:web"), Target::Journal("web".into()));
        assert_eq!(parse("syslog:web"), Target::Syslog("web".into()));
    }
}
