//! `volume prune`.

use container::Volumes;
use fault::Result;

use super::filter::{Filters, For};
use crate::args::volumes::Prune;
use crate::cmd::images::prune::confirmed;
use crate::{human, say};

pub(super) fn run(typed: &Prune, volumes: &Volumes) -> Result<()> {
    let filters = Filters::parse(&typed.filter, For::Prune)?;
    let which = if filters.wants_named(typed.all) { "all local volumes" } else { "anonymous local volumes" };
    let warning = format!("WARNING! This will remove {which} not used by at least one container.");
    if !typed.force && !confirmed(&warning)? {
        return Ok(());
    }
    let bytes = prune(typed, volumes)?;
    say::print(&format!("Total reclaimed space: {}\n", human::size(bytes)))
}

/// Removes without asking, says what, and tells the bytes that this freed.
pub(crate) fn prune(typed: &Prune, volumes: &Volumes) -> Result<u64> {
    let filters = Filters::parse(&typed.filter, For::Prune)?;
    let named = filters.wants_named(typed.all);
    let pruned = volumes.prune(|volume| (named || volume.anonymous) && filters.fit(volume, false))?;
    if !pruned.names.is_empty() {
        say::print(&format!("Deleted Volumes:\n{}\n", say::lines(pruned.names)))?;
    }
    Ok(pruned.bytes)
}
