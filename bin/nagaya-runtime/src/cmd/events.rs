//! `events`: what a container uses, and what happens to it, as lines of JSON.

use std::process::ExitCode;
use std::time::Duration;

use fault::{Doing, Fault, Kind, Result};
use launch::{Container, Event};
use oci::{ContainerId, Status};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Args, Global, Word, takes, unknown};

const USAGE: &str = "events [--interval 5s] [--stats] ID";

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode> {
    let asked = parse(args)?;
    let container = global.containers().open(&asked.id)?;
    if container.status() == Status::Stopped {
        return Err(Fault::new(Kind::WrongState, format!("watch container `{}`", asked.id))
            .because("container not running"));
    }
    if asked.once {
        print(&container, Event::Stats(Box::new(launch::stats(&container)?)))?;
    } else {
        launch::events(&container, asked.interval, |event| print(&container, event))?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Asked {
    id: ContainerId,
    interval: Duration,
    once: bool,
}

fn parse(mut args: Args) -> Result<Asked> {
    let (mut id, mut interval, mut once) = (None, Duration::from_secs(5), false);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) if id.is_none() => id = Some(value),
            Word::Value(_) => return Err(takes(USAGE)),
            Word::Option(name) => match name.as_str() {
                "interval" => interval = every(&args.text("interval")?)?,
                "stats" => once = true,
                other => return Err(unknown(other)),
            },
        }
    }
    Ok(Asked { id: id.ok_or_else(|| takes(USAGE))?.parse()?, interval, once })
}

fn every(text: &str) -> Result<Duration> {
    duration(text).filter(|time| !time.is_zero()).ok_or_else(|| {
        Fault::new(Kind::Invalid, "use `--interval`")
            .because(format!("expected a time greater than 0, such as `5s` or `500ms`, got `{text}`"))
    })
}

/// A time as Go writes it: numbers with a unit each, such as `1.5s` and `1m30s`.
fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (mut left, mut seconds) = (text, 0.0);
    while !left.is_empty() {
        let digits = left.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = left[..digits].parse().ok()?;
        left = &left[digits..];
        let unit = left.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(left.len());
        seconds += number * UNITS.iter().find(|(name, _)| *name == &left[..unit])?.1;
        left = &left[unit..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// Source: opencontainers/runc, `types/events.go`.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

fn print(container: &Container, event: Event) -> Result<()> {
    let json = || -> serde_json::Result<String> {
        let (kind, data) = match event {
            Event::Stats(stats) => ("stats", Some(serde_json::to_value(stats)?)),
            Event::OutOfMemory => ("oom", None),
        };
        serde_json::to_string(&Line { r#type: kind, id: container.id().as_str(), data })
    };
    let line = json().map_err(std::io::Error::from).doing(|| "write an event")?;
    super::print(&(line + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_go_writes_them() {
        let good = [
            ("5s", 5000),
            ("1.5s", 1500),
            ("500ms", 500),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            (".5s", 500),
        ];
        for (text, milliseconds) in good {
            assert_eq!(every(text).unwrap(), Duration::from_millis(milliseconds), "{text}");
        }
        for text in ["", "5", "0s", "-1s", "s", "5 s", "1.2.3s", "5sec", "99999999999999999999h"] {
            let refused = every(text).unwrap_err().sentence();
            assert!(refused.contains("--interval") && refused.contains(text), "{text}: {refused}");
        }
    }
}
