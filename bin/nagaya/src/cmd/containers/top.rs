//! `top`.

use engine::Engine;
use fault::Result;

use crate::args::inside::Top;
use crate::say;

/// Docker's columns are this wide at least, with this much between them.
const LEAST: usize = 20;
const GAP: usize = 3;

pub(super) fn run(typed: &Top, engine: &Engine) -> Result<u8> {
    let view = engine.find(&typed.name)?;
    let processes = engine.processes(&view, &typed.options)?;
    let rows: Vec<_> = std::iter::once(&processes.titles).chain(&processes.rows).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count() + GAP).max().unwrap_or(0).max(LEAST)
    };
    let widths: Vec<_> = (0..processes.titles.len()).map(width).collect();
    let line = |row: &&Vec<String>| -> String {
        let last = row.len().saturating_sub(1);
        let cell = |(at, cell): (usize, &String)| {
            let width = if at == last { 0 } else { widths.get(at).copied().unwrap_or(0) };
            format!("{:<width$}", fault::visible(cell))
        };
        row.iter().enumerate().map(cell).collect()
    };
    say::print(&say::lines(rows.iter().map(line))).map(|()| 0)
}
