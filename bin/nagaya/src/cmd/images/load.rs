//! `load`.

use std::fs::File;

use fault::{Doing, Fault, Kind, Result};
use images::{Event, Images, Loaded, Progress};
use oci::image::Platform;
use rustix::termios::isatty;

use super::journal::note;
use crate::args::images::Load;
use crate::progress::Bars;
use crate::say;

pub(crate) fn run(typed: &Load, images: &Images) -> Result<()> {
    let platform = platform(typed.platform.as_deref())?;
    let bars = Bars::on_terminal().filter(|_| !typed.quiet);
    let progress: &dyn Progress = bars.as_ref().map_or(&Warnings, |bars| bars);
    let loaded = match &typed.input {
        Some(path) if path.is_dir() => images.load_folder(path, &platform, progress)?,
        Some(path) => {
            let file = File::open(path).doing(|| format!("open `{}`", path.display()))?;
            images.load(file, &platform, progress)?
        }
        None if isatty(rustix::stdio::stdin()) => {
            return Err(Fault::new(Kind::Invalid, "load images")
                .because("requested load from stdin, but stdin is empty")
                .hint("name the archive: `nagaya load -i FILE`"));
        }
        None => images.load(std::io::stdin().lock(), &platform, progress)?,
    };
    drop(bars);
    for one in &loaded {
        note(images, "load", one.id.as_str(), one.id.as_str());
    }
    say::print(&loaded.iter().map(lines).collect::<String>())
}

/// The one that was asked for, or this machine's.
pub(crate) fn platform(text: Option<&str>) -> Result<Platform> {
    text.map_or_else(|| Ok(Platform::host()), str::parse)
}

/// As docker prints them.
fn lines(loaded: &Loaded) -> String {
    let taken = loaded.taken.iter().map(|(name, id)| {
        let name = name.familiar();
        format!("The image {name} already exists, renaming the old one with ID {id} to empty string\n")
    });
    let named = loaded.names.iter().map(|name| format!("Loaded image: {}\n", name.familiar()));
    let nameless = loaded.names.is_empty().then(|| format!("Loaded image ID: {}\n", loaded.id));
    taken.chain(named).chain(nameless).collect()
}

/// Says only what could not be had.
#[derive(Debug)]
pub(crate) struct Warnings;

impl Progress for Warnings {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Lost(what) => say::warn(what),
            Event::Skipped(digest, why) => {
                say::warn(&format!("layer `{}` is left out: {why}", digest.short()));
            }
            _ => {}
        }
    }
}
