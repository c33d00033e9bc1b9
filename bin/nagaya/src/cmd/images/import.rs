//! `import`.

use std::fs::File;

use fault::{Doing, Result};
use images::{Images, Imported};
use oci::image::Execution;

use super::journal::note;
use super::load::{Warnings, platform};
use crate::args::images::Import;
use crate::progress::{Meter, Metered};
use crate::say;

pub(crate) fn run(typed: &Import, images: &Images) -> Result<()> {
    let mut execution = Execution::default();
    typed.change.iter().try_for_each(|line| images::change(&mut execution, line))?;
    let comment = if typed.message.is_empty() {
        format!("Imported from {}", typed.source)
    } else {
        typed.message.clone()
    };
    let about = Imported {
        execution,
        platform: platform(typed.platform.as_deref())?,
        comment,
        name: typed.name.as_deref().map(str::parse).transpose()?,
    };
    let imported = if typed.source == "-" {
        images.import(std::io::stdin().lock(), about, &Warnings)?
    } else {
        let file = File::open(&typed.source).doing(|| format!("open `{}`", typed.source))?;
        let size = file.metadata().ok().map(|metadata| metadata.len());
        let meter = Meter::on_terminal("Importing", size);
        images.import(Metered { through: file, meter }, about, &Warnings)?
    };
    note(images, "import", imported.id.as_str(), imported.id.as_str());
    say::print(&format!("{}\n", imported.id))
}
