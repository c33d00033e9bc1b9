//! `export`.

use std::io::{BufWriter, StdoutLock};
use std::path::Path;

use fault::{Fault, Kind, Result};
use images::Images;
use rustix::termios::isatty;

use super::save::to_file;
use crate::args::images::Export;

pub(crate) fn run(typed: &Export, images: &Images) -> Result<()> {
    match to(typed.output.as_deref())? {
        To::File(path) => to_file(path, |file| images.export(&typed.image, file)),
        To::Stdout(stdout) => images.export(&typed.image, stdout),
    }
}

/// Where a tar goes.
pub(crate) enum To<'a> {
    File(&'a Path),
    Stdout(BufWriter<StdoutLock<'static>>),
}

/// A terminal is nothing to write a tar to.
pub(crate) fn to(output: Option<&Path>) -> Result<To<'_>> {
    match output {
        Some(path) => Ok(To::File(path)),
        None if isatty(rustix::stdio::stdout()) => Err(Fault::new(Kind::Invalid, "export the root")
            .because("cowardly refusing to save to a terminal")
            .hint("use the -o flag or redirect")),
        None => Ok(To::Stdout(BufWriter::with_capacity(256 << 10, std::io::stdout().lock()))),
    }
}
