//! Tables for people, JSON lines for programs.

use std::time::Duration;

use bench::Report;
use serde_json::json;

use crate::engines::{OURS, VERBS, Verb};
use crate::made::Image;
use crate::measure::Figures;
use crate::rounds::Row;

/// A table for each verb.
pub(crate) fn tables(report: &Report, image: &Image, rows: &[Row]) {
    report.print(&format!("\n{}: {}", image.name, image.what));
    for (verb, name, what) in VERBS.iter().filter(|(_, name, _)| !name.is_empty()) {
        let of = |row: &Row| -> Vec<Figures> {
            let mut all = row.verbs.iter().filter(|(own, _)| own == verb);
            all.next().map_or(Vec::new(), |(_, figures)| figures.clone())
        };
        let rounds: Vec<_> = rows.iter().map(|row| (row.engine, of(row))).collect();
        table(report, image, *verb, name, what, &rounds);
    }
}

fn table(
    report: &Report,
    image: &Image,
    verb: Verb,
    name: &str,
    what: &str,
    rows: &[(&'static str, Vec<Figures>)],
) {
    let ours = rows.iter().find(|(engine, _)| *engine == OURS).map_or(&[][..], |(_, ours)| ours);
    let rounds = rows.iter().map(|(_, figures)| figures.len()).max().unwrap_or(0);
    report.print(&format!("\n{} {name}: {what}; medians of {rounds} rounds", image.name));
    report.print(&format!(
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
        report.print(&format!(
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
            report.figure(&json!({
                    "bench": name, "image": image.name, "peer": engine, "figure": figure, "value": value, "unit": unit,
                }));
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
