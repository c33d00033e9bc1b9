//! Tables for people, JSON lines for programs.

use std::time::Duration;

use bench::{Report, Result, note};
use serde_json::{Value, json};

use crate::figures::Figures;
use crate::left::Left;
use crate::measure::Row;

/// One table of times, in microseconds.
pub(crate) fn table(report: &Report, name: &str, what: &str, rows: &[Row]) {
    let median = |peer: &str| rows.iter().find(|row| row.peer == peer).map(|row| row.at(50));
    let (ours, floor) = (median("nagaya"), median("floor"));
    let rounds = rows.iter().map(|row| row.times.len()).max().unwrap_or(0);
    report.print(&format!("\n{name}: {what}; {rounds} rounds, us"));
    report.print(&format!(
        "{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "", "median", "p95", "min", "/ ours", "/ floor"
    ));
    for row in rows {
        let (half, most, least) = (row.at(50), row.at(95), row.at(0));
        report.print(&format!(
            "{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}",
            row.peer,
            half.as_micros(),
            most.as_micros(),
            least.as_micros(),
            ratio(half, ours),
            ratio(half, floor),
        ));
        for (figure, time) in [("median", half), ("p95", most), ("min", least)] {
            of_peer(report, name, row.peer, figure, &json!(time.as_secs_f64() * 1e6), "us");
        }
    }
}

/// Memory and counts of one `run`.
pub(crate) fn figures(report: &Report, all: &[Figures]) {
    report.print(
        "\none run, as docker has it where there is a bundle: largest process, and counts with the program",
    );
    report.print(&format!("{:<8}{:>10}{:>10}{:>10}{:>10}", "", "KiB", "calls", "processes", "threads"));
    for one in all {
        let columns = [
            ("memory", "KiB", one.memory),
            ("system calls", "", one.calls.map(|calls| calls.all)),
            ("processes", "", one.calls.map(|calls| calls.processes)),
            ("threads", "", one.calls.map(|calls| calls.threads)),
        ];
        let [memory, calls, processes, threads] =
            columns.map(|(_, _, value)| value.map_or("-".into(), |value| value.to_string()));
        report.print(&format!("{:<8}{memory:>10}{calls:>10}{processes:>10}{threads:>10}", one.peer));
        for (figure, unit, value) in columns {
            of_peer(report, "run", one.peer, figure, &json!(value), unit);
        }
    }
}

/// What stays in memory for each container.
pub(crate) fn left(report: &Report, all: &[Left]) {
    report
        .print("\none container: its process before `start`, and what there is besides the program after it");
    report.print(&format!("{:<8}{:>12}{:>12}{:>12}", "", "before, KiB", "state, KiB", "processes"));
    for one in all {
        let columns = [
            ("before start", "KiB", one.gate),
            ("state folder", "KiB", one.state),
            ("processes", "", one.processes),
        ];
        let [gate, state, processes] =
            columns.map(|(_, _, value)| value.map_or("-".into(), |value| value.to_string()));
        report.print(&format!("{:<8}{gate:>12}{state:>12}{processes:>12}", one.peer));
        for (figure, unit, value) in columns {
            of_peer(report, "left", one.peer, figure, &json!(value), unit);
        }
    }
}

/// What ours says about its own steps.
pub(crate) fn steps(report: &Report, steps: &Result<String>) {
    match steps {
        Ok(steps) => report.print(&format!("\nsteps of one run of ours\n{steps}")),
        Err(why) => note(&format!("without the steps of ours: {why}")),
    }
}

fn of_peer(report: &Report, bench: &str, peer: &str, figure: &str, value: &Value, unit: &str) {
    report.figure(&json!({ "bench": bench, "peer": peer, "figure": figure, "value": value, "unit": unit }));
}

/// `-` where there is nothing to compare with.
fn ratio(time: Duration, base: Option<Duration>) -> String {
    base.map_or("-".into(), |base| format!("{:.2}", time.div_duration_f64(base)))
}
