//! `container prune`.

use engine::{Engine, Pruned};
use fault::Result;

use crate::args::views::Prune;
use crate::cmd::filter;
use crate::cmd::images::prune::confirmed;
use crate::{human, say};

pub(super) fn run(typed: &Prune, engine: &Engine) -> Result<u8> {
    let filters = filter::Meant::parse(&typed.filter)?;
    if !typed.force && !confirmed("WARNING! This will remove all stopped containers.")? {
        return Ok(0);
    }
    let bytes = prune(&filters, engine)?;
    say::print(&format!("Total reclaimed space: {}\n", human::size_in_full(bytes))).map(|()| 0)
}

/// Removes without asking, says what, and tells the bytes that this freed.
pub(crate) fn prune(filters: &filter::Meant, engine: &Engine) -> Result<u64> {
    let Pruned { ids, bytes } =
        engine.prune(|view| filters.fit(&view.record.created, &view.record.labels()))?;
    if !ids.is_empty() {
        say::print(&format!("Deleted Containers:\n{}\n", say::lines(ids)))?;
    }
    Ok(bytes)
}
