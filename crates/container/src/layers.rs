//! What a container's root is laid from, for those who look at its files from outside.

use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use plan::{ImageRoot, Layers, Lower};

use crate::{Record, Root, host_image, own_root};

/// A layer that is written to, and what it lies over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where in the container.
    pub at: PathBuf,
    /// What overlayfs writes to; not there before the first start.
    pub upper: PathBuf,
    /// What it lies over.
    pub lower: Lower,
}

/// What the root of a container is laid from; nothing, if it is a folder. What is written goes to `changes`.
pub fn layers(record: &Record, changes: &Path) -> Result<Option<Layers>> {
    let owners = own_root()?;
    Ok(match &record.request.root {
        Root::Folder(_) => None,
        Root::Host => {
            let mut overlay = host_image::look(owners.is_some(), changes)?.overlay;
            overlay.changes = overlay.changes.filter(|_| !record.request.auto_remove);
            Some(Layers::Host(overlay))
        }
        Root::Image(image) => Some(Layers::Image(ImageRoot {
            name: image.name.clone(),
            lower: image.lower.clone(),
            changes: changes.to_path_buf(),
            owners,
            shown: None,
            // Others may look at it next.
            volatile: false,
        })),
    })
}

/// All layers of a container that are written to.
///
/// # Errors
/// `Unsupported`: a folder is the root itself, and the image `host` may be kept in memory.
pub fn parts(record: &Record, changes: &Path) -> Result<Vec<Part>> {
    let unknown = |cause: &str| {
        Err(Fault::new(Kind::Unsupported, format!("find out what container `{}` has changed", record.name))
            .because(cause))
    };
    match layers(record, changes)? {
        None => unknown("its root is a folder, and nobody knows how that was before"),
        Some(Layers::Image(image)) => {
            Ok(vec![Part { at: "/".into(), upper: changes.join("upper"), lower: image.lower }])
        }
        Some(Layers::Host(overlay)) if overlay.changes.is_none() => {
            unknown("what is written to the image `host` is kept in memory here")
        }
        Some(Layers::Host(overlay)) => {
            let part = |(lower, at): (PathBuf, PathBuf)| Part {
                upper: changes.join(plan::upper_of(&at)),
                lower: Lower::Folders(vec![lower]),
                at,
            };
            Ok(overlay.layers.into_iter().map(part).collect())
        }
    }
}
