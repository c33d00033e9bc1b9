//! `save`.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use images::Images;
use oci::image::Platform;
use rustix::termios::isatty;

use crate::args::images::Save;
use crate::progress::{Meter, Metered};

/// Bytes written at once.
const BUFFER: usize = 256 << 10;

pub(crate) fn run(typed: &Save, images: &Images) -> Result<()> {
    let platform = typed.platform.as_deref().map(str::parse::<Platform>).transpose()?;
    let platform = platform.as_ref();
    match &typed.output {
        Some(path) => to_file(path, |file| images.save(&typed.images, platform, file)),
        None if isatty(rustix::stdio::stdout()) => Err(Fault::new(Kind::Invalid, "save images")
            .because("cowardly refusing to save to a terminal")
            .hint("use the -o flag or redirect")),
        None => {
            let output = BufWriter::with_capacity(BUFFER, std::io::stdout().lock());
            images.save(&typed.images, platform, output)
        }
    }
}

/// A file that is being written, with a bar that shows it.
pub(crate) type Output = BufWriter<Metered<File>>;

/// A file has its name when it is complete; what is no file, such as a pipe, is written to as it is.
pub(crate) fn to_file(path: &Path, fill: impl FnOnce(Output) -> Result<()>) -> Result<()> {
    let doing = || format!("write `{}`", path.display());
    let writer = |file| {
        let meter = Meter::on_terminal("Writing", None);
        BufWriter::with_capacity(BUFFER, Metered { through: file, meter })
    };
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fill(writer(File::options().write(true).open(path).doing(doing)?));
    }
    let new = Unfinished(path.with_file_name(format!(
        ".{}.{}",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id()
    )));
    fill(writer(File::create(&new.0).doing(doing)?))?;
    fs::rename(&new.0, path).doing(doing)
}

/// Goes if it did not get its name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
