//! Times, and the table of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;

/// Runs a command that must work; tells how long it took, and what it printed.
pub(crate) fn timed(mut command: Command) -> Result<(Duration, String)> {
    let start = Instant::now();
    let output =
        command.stdin(Stdio::null()).output().map_err(|err| format!("cannot run {command:?}: {err}"))?;
    let took = start.elapsed();
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    // What is printed by a million lines is not kept.
    let said = output.stdout.get(..1 << 16).unwrap_or(&output.stdout);
    Ok((took, String::from_utf8_lossy(said).into_owned()))
}

/// Figures by what was done, in the order in which that was done first, and by who did it.
#[derive(Debug, Default)]
pub(crate) struct Table {
    order: Vec<String>,
    times: BTreeMap<(String, &'static str), Vec<Duration>>,
    notes: BTreeMap<(String, &'static str), String>,
    engines: Vec<&'static str>,
}

impl Table {
    pub(crate) fn add(&mut self, what: &str, engine: &'static str, took: Duration) {
        self.know(what, engine);
        self.times.entry((what.to_string(), engine)).or_default().push(took);
    }

    /// Something that is no time.
    pub(crate) fn note(&mut self, what: &str, engine: &'static str, text: &str) {
        self.know(what, engine);
        self.notes.insert((what.to_string(), engine), text.to_string());
    }

    fn know(&mut self, what: &str, engine: &'static str) {
        if !self.order.iter().any(|known| known == what) {
            self.order.push(what.to_string());
        }
        if !self.engines.contains(&engine) {
            self.engines.push(engine);
        }
    }

    /// Medians in milliseconds, and how often ours goes into each.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("{:<38}", "medians, ms (times as long as ours)");
        for engine in &self.engines {
            let _ = write!(text, "{engine:>20}");
        }
        for what in &self.order {
            let _ = write!(text, "\n{what:<38}");
            let ours = self.engines.first().and_then(|ours| self.median(what, ours));
            for engine in &self.engines {
                let shown = match (self.median(what, engine), ours) {
                    (Some(took), Some(ours)) => format!("{took:.1} ({:.1})", took / ours),
                    (Some(took), None) => format!("{took:.1}"),
                    (None, _) => self.notes.get(&(what.clone(), *engine)).cloned().unwrap_or("-".to_string()),
                };
                let _ = write!(text, "{shown:>20}");
            }
        }
        text + "\n"
    }

    fn median(&self, what: &str, engine: &'static str) -> Option<f64> {
        let mut all = self.times.get(&(what.to_string(), engine))?.clone();
        all.sort_unstable();
        all.get(all.len() / 2).map(|took| took.as_secs_f64() * 1e3)
    }
}

/// A figure.
pub(crate) fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Anything else.
pub(crate) fn talk(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
