//! Commands for images.

pub(super) mod export;
pub(super) mod filter;
mod history;
mod import;
pub(super) mod inspect;
mod journal;
pub(super) mod list;
pub(super) mod load;
pub(super) mod prune;
pub(super) mod pull;
mod push;
mod remove;
pub(super) mod save;
mod tag;

use std::path::Path;

use fault::Result;
use images::Images;

use crate::args::Verb;
use crate::args::images::Image;

/// Runs a command for images; gives it back if it is another one.
pub(crate) fn run(verb: Verb, root: &Path) -> std::result::Result<Result<u8>, Verb> {
    let verb = match verb {
        Verb::Image(verb) => verb,
        Verb::Pull(typed) => Image::Pull(typed),
        Verb::Push(typed) => Image::Push(typed),
        Verb::Load(typed) => Image::Load(typed),
        Verb::Save(typed) => Image::Save(typed),
        Verb::Export(typed) if !super::containers::export::is_meant(&typed, root) => Image::Export(typed),
        Verb::Import(typed) => Image::Import(typed),
        Verb::Images(typed) => Image::Ls(typed),
        Verb::Rmi(typed) => Image::Rm(typed),
        Verb::Tag(typed) => Image::Tag(typed),
        Verb::History(typed) => Image::History(typed),
        other => return Err(other),
    };
    let work = || Images::open(root).and_then(|images| one(&verb, &images));
    Ok(if changes_files(&verb) { as_owner(work) } else { work() }.map(|()| 0))
}

/// Files of layers are made or removed: an ordinary user may own those of others only as a root of its own.
fn changes_files(verb: &Image) -> bool {
    use Image::*;
    matches!(verb, Pull(_) | Load(_) | Import(_) | Rm(_) | Prune(_))
}

/// Does work as whoever owns the files of images: as we are, or as root of a user namespace.
pub(super) fn as_owner(work: impl FnOnce() -> Result<()>) -> Result<()> {
    match container::own_root()? {
        Some(maps) => launch::in_own_root(&maps, || work().map(|()| 0)).map(drop),
        None => work(),
    }
}

fn one(verb: &Image, images: &Images) -> Result<()> {
    match verb {
        Image::Ls(typed) => list::run(typed, images),
        Image::Rm(typed) => remove::run(typed, images),
        Image::Pull(typed) => pull::run(typed, images),
        Image::Push(typed) => push::run(typed, images),
        Image::Load(typed) => load::run(typed, images),
        Image::Save(typed) => save::run(typed, images),
        Image::Export(typed) => export::run(typed, images),
        Image::Import(typed) => import::run(typed, images),
        Image::Tag(typed) => tag::run(typed, images),
        // Of all kinds of things: `cmd::inspect`.
        Image::Inspect(_) => Ok(()),
        Image::History(typed) => history::run(typed, images),
        Image::Prune(typed) => prune::run(typed, images),
    }
}
