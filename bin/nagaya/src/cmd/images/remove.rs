//! `rmi`.

use engine::Engine;
use fault::{Kind, Result};
use images::{Images, Removed};

use super::journal::note_removed;
use crate::args::images::RemoveImage;
use crate::say;

/// One that cannot be removed does not keep the others; one that is not there is no failure with `-f`.
pub(crate) fn run(typed: &RemoveImage, images: &Images) -> Result<()> {
    let engine = Engine::at(images.store().root());
    let runs = |id: &str| engine.find(id).is_ok_and(|view| view.status.is_up());
    let remove = |name: &String| match images.remove(name, typed.force, &runs) {
        Err(fault) if typed.force && fault.kind() == Kind::NotFound => {
            say::note(&fault.sentence());
            Ok(())
        }
        removed => {
            let removed = removed?;
            note_removed(images, &removed);
            say::print(&lines(&removed))
        }
    };
    typed.images.iter().map(remove).fold(Ok(()), Result::and)
}

/// As docker prints them.
pub(crate) fn lines(removed: &[Removed]) -> String {
    let line = |removed: &Removed| match removed {
        Removed::Untagged(name) => format!("Untagged: {}\n", name.familiar()),
        Removed::Deleted(digest) => format!("Deleted: {digest}\n"),
    };
    removed.iter().map(line).collect()
}
