//! `tag`.

use fault::Result;
use images::Images;
use oci::image::Reference;

use super::journal::note;
use crate::args::images::Tag;

pub(crate) fn run(typed: &Tag, images: &Images) -> Result<()> {
    let name: Reference = typed.name.parse()?;
    images.tag(&typed.image, &name)?;
    let name = name.or_latest().familiar();
    let id = images.look(&name).map(|listed| listed.image.id.to_string()).unwrap_or_default();
    note(images, "tag", &id, &name);
    Ok(())
}
