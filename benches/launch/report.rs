//! Tables for people, JSON lines for programs.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Result;
use crate::figures::Figures;
use crate::left::Left;
use crate::machine;
use crate::measure::Row;

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
        self.figure("machine", "", "description", &json!(machine), "");
    }

    /// One table of times, in microseconds.
    pub(crate) fn table(&self, name: &str, what: &str, rows: &[Row]) {
        let median = |peer: &str| rows.iter().find(|row| row.peer == peer).map(|row| row.at(50));
        let (ours, floor) = (median("nagaya"), median("floor"));
        let rounds = rows.iter().map(|row| row.times.len()).max().unwrap_or(0);
        self.print(&format!("\n{name}: {what}; {rounds} rounds, us"));
        self.print(&format!(
            "{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "", "median", "p95", "min", "/ ours", "/ floor"
        ));
        for row in rows {
            let (half, most, least) = (row.at(50), row.at(95), row.at(0));
            self.print(&format!(
                "{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}",
                row.peer,
                half.as_micros(),
                most.as_micros(),
                least.as_micros(),
                ratio(half, ours),
                ratio(half, floor),
            ));
            for (figure, time) in [("median", half), ("p95", most), ("min", least)] {
                self.figure(name, row.peer, figure, &json!(time.as_secs_f64() * 1e6), "us");
            }
        }
    }

    /// Memory and counts of one `run`.
    pub(crate) fn figures(&self, all: &[Figures]) {
        self.print("\none run, as docker has it where there is a bundle: largest process, and counts with the program");
        self.print(&format!("{:<8}{:>10}{:>10}{:>10}{:>10}", "", "KiB", "calls", "processes", "threads"));
        for one in all {
            let columns = [
                ("memory", "KiB", one.memory),
                ("system calls", "", one.calls.map(|calls| calls.all)),
                ("processes", "", one.calls.map(|calls| calls.processes)),
                ("threads", "", one.calls.map(|calls| calls.threads)),
            ];
            let [memory, calls, processes, threads] =
                columns.map(|(_, _, value)| value.map_or("-".into(), |value| value.to_string()));
            self.print(&format!("{:<8}{memory:>10}{calls:>10}{processes:>10}{threads:>10}", one.peer));
            for (figure, unit, value) in columns {
                self.figure("run", one.peer, figure, &json!(value), unit);
            }
        }
    }

    /// What stays in memory for each container.
    pub(crate) fn left(&self, all: &[Left]) {
        self.print(
            "\none container: its process before `start`, and what there is besides the program after it",
        );
        self.print(&format!("{:<8}{:>12}{:>12}{:>12}", "", "before, KiB", "state, KiB", "processes"));
        for one in all {
            let columns = [
                ("before start", "KiB", one.gate),
                ("state folder", "KiB", one.state),
                ("processes", "", one.processes),
            ];
            let [gate, state, processes] =
                columns.map(|(_, _, value)| value.map_or("-".into(), |value| value.to_string()));
            self.print(&format!("{:<8}{gate:>12}{state:>12}{processes:>12}", one.peer));
            for (figure, unit, value) in columns {
                self.figure("left", one.peer, figure, &json!(value), unit);
            }
        }
    }

    /// What ours says about its own steps.
    pub(crate) fn steps(&self, steps: &Result<String>) {
        match steps {
            Ok(steps) => self.print(&format!("\nsteps of one run of ours\n{steps}")),
            Err(why) => note(&format!("without the steps of ours: {why}")),
        }
    }

    fn figure(&self, bench: &str, peer: &str, figure: &str, value: &Value, unit: &str) {
        if self.json {
            let line =
                json!({ "bench": bench, "peer": peer, "figure": figure, "value": value, "unit": unit });
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

/// `-` where there is nothing to compare with.
fn ratio(time: Duration, base: Option<Duration>) -> String {
    base.map_or("-".into(), |base| format!("{:.2}", time.div_duration_f64(base)))
}

/// Something that is not there to be measured.
pub(crate) fn note(why: &str) {
    talk(&format!("note: {why}"));
}

/// A line on stderr.
pub(crate) fn talk(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
