//! `export` of a container; that of an image is with the images.

use std::path::Path;

use engine::Engine;
use fault::Result;

use crate::args::images::Export;
use crate::cmd::images::export::{To, to};
use crate::cmd::images::save::to_file;

/// Somebody has named a container. One is meant before an image is.
pub(crate) fn is_meant(typed: &Export, root: &Path) -> bool {
    Engine::at(root).records().find(&typed.image).is_ok()
}

pub(super) fn run(typed: &Export, engine: &Engine) -> Result<u8> {
    launch::seal()?;
    let view = engine.find(&typed.image)?;
    match to(typed.output.as_deref())? {
        To::File(path) => to_file(path, |file| engine.export(&view, file))?,
        To::Stdout(stdout) => engine.export(&view, stdout)?,
    }
    Ok(0)
}
