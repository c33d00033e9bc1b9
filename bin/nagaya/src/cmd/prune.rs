//! `system prune`: in the order in which things keep each other, so that one call frees all.

use std::fmt::Write as _;
use std::path::Path;

use container::Volumes;
use engine::Engine;
use fault::{Fault, Kind, Result};
use images::Images;
use network::Networks;

use super::filter::Meant;
use super::images::prune::{self as of_images, confirmed};
use super::{containers, networks, volumes};
use crate::args::system::Prune;
use crate::args::volumes::Prune as PruneVolumes;
use crate::{human, say};

pub(super) fn run(typed: &Prune, root: &Path) -> Result<()> {
    let filters = &typed.images.filter;
    if typed.volumes && filters.iter().any(|filter| filter.name == "until") {
        return Err(Fault::new(Kind::Invalid, "understand the options")
            .because("The \"until\" filter is not supported with \"--volumes\""));
    }
    let meant = Meant::parse(filters)?;
    if !typed.images.force && !confirmed(&warning(typed))? {
        return Ok(());
    }
    let mut bytes = containers::prune::prune(&meant, &Engine::at(root))?;
    networks::prune::prune(&meant, &Networks::at(root))?;
    if typed.volumes {
        let typed = PruneVolumes { all: false, filter: filters.clone(), force: true };
        bytes += volumes::prune::prune(&typed, &Volumes::at(root))?;
    }
    bytes += of_images::prune(&typed.images, &Images::open(root)?)?;
    say::print(&format!("Total reclaimed space: {}\n", human::size(bytes)))
}

/// In Docker's words.
fn warning(typed: &Prune) -> String {
    let images = if typed.images.all {
        "all images without at least one container associated to them"
    } else {
        "all dangling images"
    };
    let mut text = "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n".to_string();
    if typed.volumes {
        text += "  - all anonymous volumes not used by at least one container\n";
    }
    let _ = write!(text, "  - {images}\n  - unused build cache\n");
    if !typed.images.filter.is_empty() {
        text += "\n  Items to be pruned will be filtered with:\n";
        for filter in &typed.images.filter {
            let _ = writeln!(text, "  - {}={}", filter.name, filter.value);
        }
    }
    text
}
