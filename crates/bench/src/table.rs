//! Times, and the table of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;

/// Runs a command that must work; tells how long it took, and what it printed.
pub fn timed(mut command: Command) -> Result<(Duration, String)> {
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

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds; a figure without a word is one of these.
    Millis,
    /// Microseconds.
    Micros,
    /// 10^9 bits in each second.
    GigabitsPerSecond,
    /// Thousands in each second.
    ThousandsPerSecond,
}

impl Unit {
    fn word(self) -> &'static str {
        match self {
            Unit::Millis => "",
            Unit::Micros => " us",
            Unit::GigabitsPerSecond => " Gbit/s",
            Unit::ThousandsPerSecond => " k/s",
        }
    }

    /// How many times as good as theirs ours is.
    fn ratio(self, ours: f64, theirs: f64) -> f64 {
        match self {
            Unit::Millis | Unit::Micros => theirs / ours,
            Unit::GigabitsPerSecond | Unit::ThousandsPerSecond => ours / theirs,
        }
    }
}

/// Figures by what was done, in the order in which that was done first, and by who did it.
#[derive(Debug, Default)]
pub struct Table {
    order: Vec<(String, Unit)>,
    figures: BTreeMap<(String, &'static str), Vec<f64>>,
    notes: BTreeMap<(String, &'static str), String>,
    engines: Vec<&'static str>,
}

impl Table {
    /// A time.
    pub fn add(&mut self, what: &str, engine: &'static str, took: Duration) {
        self.figure(what, engine, took.as_secs_f64() * 1e3, Unit::Millis);
    }

    /// Any figure.
    pub fn figure(&mut self, what: &str, engine: &'static str, figure: f64, unit: Unit) {
        self.know(what, engine, unit);
        self.figures.entry((what.to_string(), engine)).or_default().push(figure);
    }

    /// Why there is no figure.
    pub fn note(&mut self, what: &str, engine: &'static str, text: &str) {
        self.know(what, engine, Unit::Millis);
        self.notes.insert((what.to_string(), engine), text.to_string());
    }

    fn know(&mut self, what: &str, engine: &'static str, unit: Unit) {
        if !self.order.iter().any(|(known, _)| known == what) {
            self.order.push((what.to_string(), unit));
        }
        if !self.engines.contains(&engine) {
            self.engines.push(engine);
        }
    }

    /// Medians, and how much better ours is than each.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("{:<38}", "medians, ms (times ours is better)");
        for engine in &self.engines {
            let _ = write!(text, "{engine:>20}");
        }
        for (what, unit) in &self.order {
            let _ = write!(text, "\n{what:<38}");
            let ours = self.engines.first().and_then(|ours| self.median(what, ours));
            for engine in &self.engines {
                let word = unit.word();
                let shown = match (self.median(what, engine), ours) {
                    (Some(figure), Some(ours)) => {
                        format!("{figure:.1}{word} ({:.1})", unit.ratio(ours, figure))
                    }
                    (Some(figure), None) => format!("{figure:.1}{word}"),
                    (None, _) => self.notes.get(&(what.clone(), *engine)).cloned().unwrap_or("-".to_string()),
                };
                let _ = write!(text, "{shown:>20}");
            }
        }
        text + "\n"
    }

    /// The medians, for programs.
    pub(crate) fn figures(&self, bench: &str) -> Vec<Value> {
        let of = |(what, unit): &(String, Unit), engine: &&'static str| {
            let value = self.median(what, engine)?;
            let unit = if *unit == Unit::Millis { "ms" } else { unit.word().trim_start() };
            Some(json!({ "bench": bench, "figure": what, "peer": engine, "value": value, "unit": unit }))
        };
        self.order
            .iter()
            .flat_map(|row| self.engines.iter().filter_map(move |engine| of(row, engine)))
            .collect()
    }

    fn median(&self, what: &str, engine: &'static str) -> Option<f64> {
        let mut all = self.figures.get(&(what.to_string(), engine))?.clone();
        all.sort_unstable_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    }
}
