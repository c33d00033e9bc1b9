//! Commands for volumes.

mod create;
mod filter;
pub(super) mod inspect;
mod list;
pub(super) mod prune;
mod remove;

use std::path::Path;

use container::Volumes;
use fault::Result;

use super::images::as_owner;
use crate::args::volumes::Volume;

pub(crate) use list::with_links;

pub(crate) fn run(verb: &Volume, root: &Path) -> Result<u8> {
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
    let volumes = Volumes::at(&root);
    match verb {
        Volume::Create(typed) => create::run(typed, &volumes).map(|()| 0),
        Volume::Ls(typed) => list::run(typed, &volumes).map(|()| 0),
        Volume::Inspect(typed) => inspect::run(typed, &volumes),
        Volume::Rm(typed) => remove::run(typed, &volumes),
        Volume::Prune(typed) => as_owner(|| prune::run(typed, &volumes)).map(|()| 0),
    }
}
