//! Tables for people, JSON lines for programs.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::{Result, Table, machine};

/// Where all results go.
#[derive(Debug)]
pub struct Report {
    /// One JSON object per figure on stdout; tables then go to stderr.
    json: bool,
    /// Things that could not be run.
    faults: usize,
}

impl Report {
    pub(crate) fn new(json: bool) -> Report {
        Report { json, faults: 0 }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.faults == 0
    }

    /// Something that could not be run.
    pub fn fault(&mut self, why: impl AsRef<str>) {
        self.faults += 1;
        talk(&format!("error: {}", why.as_ref()));
    }

    /// Whether something worked; reports it if not.
    pub fn keep(&mut self, outcome: Result<()>) -> bool {
        outcome.map_err(|why| self.fault(why)).is_ok()
    }

    /// What is measured on.
    pub(crate) fn machine(&self) {
        let machine = machine::describe();
        self.print(&machine);
        self.figure(&json!({ "bench": "machine", "figure": "description", "value": machine }));
    }

    /// A whole table.
    pub fn table(&self, bench: &str, table: &Table) {
        self.print(&table.shown());
        for figure in table.figures(bench) {
            self.figure(&figure);
        }
    }

    /// A figure for programs: an object with `bench`, `figure`, `value`, and what else there is to say.
    pub fn figure(&self, figure: &Value) {
        if self.json {
            let _ = writeln!(std::io::stdout(), "{figure}");
        }
    }

    /// A line for people.
    pub fn print(&self, line: &str) {
        if self.json {
            talk(line);
        } else {
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }
}

/// Something that is not there to be measured.
pub fn note(why: &str) {
    talk(&format!("note: {why}"));
}

/// A line on stderr.
pub fn talk(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
