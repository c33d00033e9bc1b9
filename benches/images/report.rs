//! Tables for people, JSON lines for programs.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Result;
use crate::engines::{OURS, VERBS, Verb};
use crate::machine;
use crate::made::Image;
use crate::measure::Figures;
use crate::rounds::Row;

/// Where all results go.
#[derive(Debug)]
pub(crate) struct Report {
    /// One JSON object per figure on stdout; tables then go to stderr.
    json: bool,
    /// Things that could not be run.
    pub(crate) faults: usize,
}

impl Report {
    /// A report with no results yet.
    pub(crate) fn new(json: bool) -> Report {
        Report { json, faults: 0 }
    }

    /// Something that could not be run.
    pub(crate) fn fault(&mut self, why: impl AsRef<str>) {
        self.faults += 1;
        talk(&format!("error: {}", why.as_ref()));
    }

    /// Whether something worked; reports it if not.
    pub(crate) fn keep(&mut self, outcome: Result<()>) -> bool {
        outcome.map_err(|why| self.fault(why)).is_ok()
    }

    /// What was measured on.
    pub(crate) fn machine(&self) {
        let machine = machine::describe();
        self.print(&machine);
        self.figure(["machine", "", ""], "description", &json!(machine), "");
    }

    /// A table for each verb.
    pub(crate) fn tables(&self, image: &Image, rows: &[Row]) {
        self.print(&format!("\n{}: {}", image.name, image.what));
        for (verb, name, what) in VERBS.iter().filter(|(_, name, _)| !name.is_empty()) {
            let of = |row: &Row| -> Vec<Figures> {
                let mut all = row.verbs.iter().filter(|(own, _)| own == verb);
                all.next().map_or(Vec::new(), |(_, figures)| figures.clone())
            };
            let rounds: Vec<_> = rows.iter().map(|row| (row.engine, of(row))).collect();
            self.table(image, *verb, name, what, &rounds);
        }
    }

    fn table(
        &self,
        image: &Image,
        verb: Verb,
        name: &str,
        what: &str,
        rows: &[(&'static str, Vec<Figures>)],
    ) {
        let ours = rows.iter().find(|(engine, _)| *engine == OURS).map_or(&[][..], |(_, ours)| ours);
        let rounds = rows.iter().map(|(_, figures)| figures.len()).max().unwrap_or(0);
        self.print(&format!("\n{} {name}: {what}; medians of {rounds} rounds", image.name));
        self.print(&format!(
            "{:<14}{:>10}{:>10}{:>10}{:>12}{:>10}{:>10}{:>10}",
            "", "wall, ms", "min", "/ ours", "synced, ms", "CPU, ms", "MiB", "disk, MB"
        ));
        for (engine, figures) in rows.iter().filter(|(_, figures)| !figures.is_empty()) {
            let wall = median(figures, |one| millis(one.wall));
            let least = figures.iter().map(|one| millis(one.wall)).fold(f64::INFINITY, f64::min);
            let synced = median(figures, |one| millis(one.synced));
            let cpu = median(figures, |one| millis(one.cpu));
            let memory = median(figures, |one| megabytes(one.memory) * 1e6 / f64::from(1 << 20));
            let disk = median(figures, |one| megabytes(one.disk));
            let disk = matches!(verb, Verb::Pull | Verb::Load).then_some(disk);
            let ratio = ratio(figures, ours);
            let shown = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
            self.print(&format!(
                "{engine:<14}{wall:>10.1}{least:>10.1}{:>10}{synced:>12.1}{cpu:>10.0}{memory:>10.0}{:>10}",
                shown(ratio),
                disk.map_or("-".into(), |disk| format!("{disk:.0}")),
            ));
            for (figure, value, unit) in [
                ("wall", Some(wall), "ms"),
                ("least wall", Some(least), "ms"),
                ("ratio", ratio, ""),
                ("synced", Some(synced), "ms"),
                ("CPU", Some(cpu), "ms"),
                ("memory", Some(memory), "MiB"),
                ("disk", disk, "MB"),
            ] {
                self.figure([name, image.name, engine], figure, &json!(value), unit);
            }
        }
    }

    fn figure(&self, [bench, image, engine]: [&str; 3], figure: &str, value: &Value, unit: &str) {
        if self.json {
            let line = json!({
                "bench": bench, "image": image, "peer": engine, "figure": figure, "value": value, "unit": unit,
            });
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    fn print(&self, line: &str) {
        if self.json {
            talk(line);
        } else {
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }
}

/// The median of what it is in each round: a busy minute of the machine is in both figures.
fn ratio(figures: &[Figures], ours: &[Figures]) -> Option<f64> {
    let ratios: Vec<f64> =
        figures.iter().zip(ours).map(|(its, ours)| its.wall.div_duration_f64(ours.wall)).collect();
    (!ratios.is_empty()).then(|| middle(ratios))
}

fn median(figures: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    middle(figures.iter().map(of).collect())
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "it is shown without its last digits")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Something that is not there to be measured.
pub(crate) fn note(why: &str) {
    talk(&format!("note: {why}"));
}

/// A line on stderr.
pub(crate) fn talk(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
