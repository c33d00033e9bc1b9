//! `logs`.

use std::io::Write;
use std::time::{Duration, SystemTime};

use container::{LogConfig, Record};
use engine::{Engine, Line, Logs};
use fault::{Doing, Fault, Result};

use crate::args::views::Logs as Typed;
use crate::time;

/// Bytes that are written at once.
const PART: usize = 64 << 10;

pub(super) fn run(typed: &Typed, engine: &Engine) -> Result<u8> {
    let shown = Shown {
        since: typed.since.as_deref().map(|text| moment("since", text)).transpose()?.map(time::nanos),
        until: typed.until.as_deref().map(|text| moment("until", text)).transpose()?,
        ..Shown::default()
    };
    let view = engine.find(&typed.name)?;
    let mut logs = engine.logs(&view, typed.tail.parse().ok())?;
    let mut shown = Shown {
        timestamps: typed.timestamps,
        details: typed.details.then(|| details(&view.record)),
        last: shown.until.map(time::nanos),
        ..shown
    };
    // As docker has it: what is not started yet is not waited for.
    let mut follows = typed.follow && (view.status.is_up() || view.status == engine::Status::Restarting);
    loop {
        if !shown.all(&mut logs)? || !follows {
            return Ok(0);
        }
        let left = shown.until.map(|until| until.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO));
        // What it printed last is read once more.
        follows = logs.wait(left)? && left.is_none_or(|left| !left.is_zero());
    }
}

fn moment(name: &str, text: &str) -> Result<SystemTime> {
    time::moment(text).ok_or_else(|| {
        let cause =
            format!("invalid value for \"{name}\": failed to parse value as time or duration: {text:?}");
        Fault::invalid(format!("--{name}"), cause)
            .hint("2026-11-25T12:00:00Z, 2026-11-25, or 10m for ten minutes ago")
    })
}

/// How lines are shown, and what was not written yet.
#[derive(Default)]
struct Shown {
    timestamps: bool,
    details: Option<String>,
    since: Option<String>,
    last: Option<String>,
    until: Option<SystemTime>,
    to_stderr: bool,
    bytes: Vec<u8>,
}

impl Shown {
    /// Shows all that there is. False once there is nothing more to show.
    fn all(&mut self, logs: &mut Logs<'_>) -> Result<bool> {
        while let Some(line) = logs.next_line()? {
            if line.log.is_empty() || self.since.as_ref().is_some_and(|since| *line.time < **since) {
                continue;
            }
            if self.last.as_ref().is_some_and(|last| *line.time > **last) {
                self.flush()?;
                return Ok(false);
            }
            self.line(&line)?;
        }
        self.flush().map(|()| true)
    }

    fn line(&mut self, line: &Line<'_>) -> Result<()> {
        let to_stderr = line.stream == "stderr";
        if to_stderr != self.to_stderr || self.bytes.len() > PART {
            self.flush()?;
        }
        self.to_stderr = to_stderr;
        if self.timestamps {
            self.bytes.extend_from_slice(line.time.as_bytes());
            self.bytes.push(b' ');
        }
        if let Some(details) = &self.details {
            self.bytes.extend_from_slice(details.as_bytes());
            self.bytes.push(b' ');
        }
        self.bytes.extend_from_slice(&line.log);
        Ok(())
    }

    /// Where it was printed to, it is shown.
    fn flush(&mut self) -> Result<()> {
        let written = if self.to_stderr {
            std::io::stderr().write_all(&self.bytes)
        } else {
            let mut out = std::io::stdout().lock();
            out.write_all(&self.bytes).and_then(|()| out.flush())
        };
        self.bytes.clear();
        written.doing(|| if self.to_stderr { "write what the container printed" } else { "write to stdout" })
    }
}

/// What `--log-opt labels=` and `env=` name. Source: moby, `daemon/logger/loginfo.go`.
fn details(record: &Record) -> String {
    let LogConfig { options, .. } = &record.request.log;
    let names = |option: &str| {
        let names = options.get(option).map(String::as_str).unwrap_or_default();
        names.split(',').filter(|name| !name.is_empty()).map(str::to_string).collect::<Vec<_>>()
    };
    let labels = record.labels();
    let mut found: Vec<_> = names("labels")
        .into_iter()
        .filter_map(|name| labels.get(&name).map(|value| format!("{name}={value}")))
        .collect();
    let env = record.environment();
    let wanted = names("env");
    let is_wanted =
        |text: &&String| text.split_once('=').is_some_and(|(name, _)| wanted.iter().any(|one| one == name));
    found.extend(env.iter().filter(is_wanted).cloned());
    found.sort();
    found.join(",")
}
