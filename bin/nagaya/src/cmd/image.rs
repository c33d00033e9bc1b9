//! The image that a container is made of.

use std::path::Path;

use container::OfImage;
use fault::{Fault, Kind, Result};
use images::{Images, Layers, Lease, Root};
use oci::image::{Config, Digest, Platform, Reference};
use plan::Lower;

use super::images::load::Warnings;
use super::images::{as_owner, pull};
use crate::say;

/// How an image is to be had.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    /// `missing`, `always` or `never`.
    pub(crate) pull: &'a str,
    pub(crate) platform: Option<&'a str>,
    pub(crate) quiet: bool,
}

/// An image's id, how it runs, and what keeps it here.
type Used = (Digest, Config, Lease);

/// Fetches of one image, of which the next one follows if somebody has removed it in that moment.
const MOST_FETCHES: usize = 10;

/// Finds an image, and what a container needs of it. It stays here as long as the lease does.
pub(crate) fn of(text: &str, root: &Path, how: How) -> Result<(OfImage, Lease)> {
    let images = Images::open(root)?;
    let (id, config, lease) = find(&images, text, how)?;
    let mut ready = images.ready(&config)?;
    if ready.is_none() {
        as_owner(|| images.make_ready(&config, &Warnings))?;
        ready = images.ready(&config)?;
    }
    let gone =
        || Fault::new(Kind::NotFound, format!("use image `{text}`")).because("somebody has removed it");
    let Root { layers, accounts } = ready.ok_or_else(gone)?;
    let lower = match layers {
        Layers::Index { index, tars } => Lower::Index { index, tars },
        Layers::Folders(folders) => Lower::Folders(folders),
    };
    let execution = config.config.unwrap_or_default();
    Ok((OfImage { name: text.to_string(), id, lower, execution, accounts }, lease))
}

fn find(images: &Images, text: &str, how: How) -> Result<Used> {
    if how.pull == "always" {
        let name = text.parse()?;
        as_owner(|| fetch(images, &name, how))?;
    }
    let used = images.use_image(text);
    let gone = used.is_err();
    match used.and_then(|used| fitting(used, text, how)) {
        Err(fault) if is_worth_fetching(&fault, gone, how) => {
            // What can be no name is not looked for.
            let Ok(name) = text.parse::<Reference>() else { return Err(fault) };
            if !how.quiet {
                let shown = name.clone().or_latest().familiar();
                say::talk(&format!("Unable to find image '{shown}' locally\n"));
            }
            fetch_to_use(images, &name, text, how)
        }
        used => used,
    }
}

fn is_worth_fetching(fault: &Fault, gone: bool, how: How) -> bool {
    fault.kind() == Kind::NotFound && (how.pull == "missing" || how.pull == "always" && gone)
}

/// As soon as it is here, somebody else may remove it.
fn fetch_to_use(images: &Images, name: &Reference, text: &str, how: How) -> Result<Used> {
    for _ in 1..MOST_FETCHES {
        as_owner(|| fetch(images, name, how))?;
        match images.use_image(text) {
            Err(fault) if fault.kind() == Kind::NotFound => {}
            used => return fitting(used?, text, how),
        }
    }
    fitting(images.use_image(text)?, text, how)
}

/// It is for the platform that was asked for, if one was.
fn fitting(used: Used, text: &str, how: How) -> Result<Used> {
    let Some(wanted) = how.platform else { return Ok(used) };
    let (wanted, actual): (Platform, _) = (wanted.parse()?, &used.1.platform);
    if wanted.rank(actual).is_some() {
        return Ok(used);
    }
    Err(Fault::new(Kind::NotFound, format!("use image `{text}`")).because(format!(
        "image with reference {text} was found but does not match the specified platform: wanted {wanted}, actual: \
         {actual}"
    )))
}

fn fetch(images: &Images, name: &Reference, how: How) -> Result<()> {
    let name = name.clone().or_latest();
    if how.quiet {
        let platform = super::images::load::platform(how.platform)?;
        return images.pull(&pull::client()?, &name, &platform, &Warnings).map(drop);
    }
    say::talk(&pull::begins(&name));
    let pulled = pull::with_progress(images, &name, how.platform, &say::talk)?;
    say::talk(&pull::ended(&name, &pulled));
    Ok(())
}
