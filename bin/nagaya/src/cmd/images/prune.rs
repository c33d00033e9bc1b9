//! `image prune`.

use std::io::BufRead;

use fault::Result;
use images::{Images, Removed};

use super::filter::Filters;
use super::journal::note_removed;
use crate::args::images::PruneImages;
use crate::{human, say};

pub(crate) fn run(typed: &PruneImages, images: &Images) -> Result<()> {
    let warning = if typed.all {
        "WARNING! This will remove all images without at least one container associated to them."
    } else {
        "WARNING! This will remove all dangling images."
    };
    if !typed.force && !confirmed(warning)? {
        return Ok(());
    }
    let bytes = prune(typed, images)?;
    say::print(&format!("Total reclaimed space: {}\n", human::size(bytes)))
}

/// Removes without asking, says what, and tells the bytes that this freed.
pub(crate) fn prune(typed: &PruneImages, images: &Images) -> Result<u64> {
    let filters = Filters::parse(&typed.filter, images)?;
    let (removed, bytes) = images.prune(typed.all, &|listed| !filters.fit(listed))?;
    note_removed(images, &removed);
    if !removed.is_empty() {
        say::print(&format!("Deleted Images:\n{}\n", lines(&removed)))?;
    }
    Ok(bytes)
}

/// As docker prints them here, in lower case.
fn lines(removed: &[Removed]) -> String {
    let line = |removed: &Removed| match removed {
        Removed::Untagged(name) => format!("untagged: {}\n", name.familiar()),
        Removed::Deleted(digest) => format!("deleted: {digest}\n"),
    };
    removed.iter().map(line).collect()
}

/// Asks; nobody there to answer means no.
pub(crate) fn confirmed(warning: &str) -> Result<bool> {
    say::print(&format!("{warning}\nAre you sure you want to continue? [y/N] "))?;
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
