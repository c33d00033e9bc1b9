//! `ps`.

mod filter;
mod image_names;
mod row;

pub(super) use filter::check_port;

use std::path::Path;

use engine::{Engine, Listed, View};
use fault::Result;

use crate::args::views::List;
use crate::say;
use crate::table::Table;
use filter::Filters;
use image_names::ImageNames;

const TABLE: Table = Table {
    columns: &[
        ("ID", "CONTAINER ID"),
        ("Image", "IMAGE"),
        ("Command", "COMMAND"),
        ("CreatedAt", "CREATED AT"),
        ("RunningFor", "CREATED"),
        ("Status", "STATUS"),
        ("State", "STATE"),
        ("Ports", "PORTS"),
        ("Names", "NAMES"),
        ("Size", "SIZE"),
        ("Labels", "LABELS"),
        ("Mounts", "MOUNTS"),
        ("LocalVolumes", "LOCAL VOLUMES"),
        ("Networks", "NETWORKS"),
        ("Platform", "PLATFORM"),
    ],
    usual: &["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"],
};

const WITH_SIZE: &[&str] = &["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", "Size"];

pub(super) fn run(typed: &List, engine: &Engine, root: &Path) -> Result<u8> {
    let filters = Filters::parse(&typed.filter, engine, root)?;
    let limit = if typed.latest { 1 } else { usize::try_from(typed.last).unwrap_or(0) };
    let stopped_too = typed.all || limit > 0 || filters.wants_stopped();
    let Listed { views: mut shown, faults } = engine.list(stopped_too)?;
    faults.iter().for_each(say::not_shown);
    shown.retain(|view| filters.fit(view, root));
    if limit > 0 {
        shown.truncate(limit);
    }
    if typed.quiet && typed.format.is_none() {
        return say::print(&say::lines(shown.iter().map(|view| id(view, typed)))).map(|()| 0);
    }
    // Whoever asks for a size in a template means it.
    let size = typed.size || typed.format.as_deref().is_some_and(|format| format.contains(".Size"));
    let sizes = size.then(|| row::Sizes::new(root)).transpose()?;
    let usual = if typed.size { WITH_SIZE } else { TABLE.usual };
    let mut fields = row::Shown { typed, usual, root, sizes, images: ImageNames::at(root) };
    let rows: Vec<_> = shown.iter().map(|view| fields.row(view)).collect();
    let (table, format) = (Table { usual, ..TABLE }, typed.format.as_deref());
    let text =
        if typed.no_trunc { table.render_whole(format, &rows)? } else { table.render(format, &rows)? };
    say::print(&text)?;
    // Of a thousand, to let go of each takes longer than to end.
    std::mem::forget((shown, rows));
    Ok(0)
}

fn id<'a>(view: &'a View, typed: &List) -> &'a str {
    if typed.no_trunc { &view.record.id } else { view.record.short() }
}
