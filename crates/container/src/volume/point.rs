//! Mounts as `inspect` and `ps` show them.

use std::path::{Path, PathBuf};

use super::{By, What};
use crate::Record;
use crate::volumes::Volumes;

/// A mount, as Docker's API has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// `bind`, `volume`, `tmpfs` or `image`.
    pub kind: &'static str,
    /// Of a volume, or an image; else nothing.
    pub name: Option<String>,
    /// A path of this machine; empty for memory.
    pub source: PathBuf,
    /// A path in the container.
    pub destination: String,
    /// Of a volume: `local`.
    pub driver: Option<&'static str>,
    /// The options of `-v`.
    pub mode: String,
    /// It can be written to.
    pub rw: bool,
    /// How later mounts are shared; of a bind mount only.
    pub propagation: String,
}

impl Record {
    /// What is mounted in it because somebody has asked for it; by destination. `root` is the folder that all is kept in.
    ///
    /// As in Docker, what `--tmpfs` makes is not among it.
    pub fn mounts(&self, root: &Path) -> Vec<Point> {
        let volumes = Volumes::at(root);
        let mut points = Vec::new();
        for mount in self.request.mounts.iter().filter(|mount| mount.by != By::Tmpfs) {
            let (kind, name, source) = match &mount.what {
                What::Bind(bind) => ("bind", None, bind.source.clone()),
                What::Volume(volume) => ("volume", Some(volume.name.clone()), volumes.data(&volume.name)),
                What::Tmpfs(_) => ("tmpfs", None, PathBuf::new()),
                What::Image(image) => ("image", Some(image.name.clone()), PathBuf::new()),
            };
            points.push(Point {
                kind,
                name,
                source,
                destination: mount.destination.clone(),
                driver: (kind == "volume").then_some("local"),
                mode: mode(mount),
                rw: !mount.readonly && kind != "image",
                propagation: mount.bind().map(|bind| bind.propagation.clone()).unwrap_or_default(),
            });
        }
        points.sort_by(|a, b| a.destination.cmp(&b.destination));
        points
    }
}

/// As Docker has it, a volume with a name is one to be labelled, unless it was said how it is to be.
fn mode(mount: &super::Mount) -> String {
    let named = mount.volume().is_some_and(|volume| !volume.anonymous);
    if mount.mode.is_empty() && named { "z".to_string() } else { mount.mode.clone() }
}
