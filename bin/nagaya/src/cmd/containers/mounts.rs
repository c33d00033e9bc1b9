//! What is to be mounted in a container, as it was typed.

use std::path::Path;

use container::{Caller, Mount, OfMounted, What};
use fault::{Doing, Fault, Kind, Result};
use images::Lease;
use rustix::process::{getgid, getuid};

use crate::args::run::Options;
use crate::cmd::image::{self, How};

/// All mounts that were typed. Images among them stay here as long as the leases do.
pub(super) fn of(typed: &Options, root: &Path, leases: &mut Vec<Lease>) -> Result<Vec<Mount>> {
    let here = std::env::current_dir().doing(|| "find the folder that we are in")?;
    let caller = Caller { here: &here, user: person() };
    if let Some(driver) = typed.volume_driver.as_deref().filter(|driver| !["", "local"].contains(driver)) {
        return Err(Fault::new(Kind::Unsupported, "use `--volume-driver`")
            .because(format!("error looking up volume plugin {driver}: plugin \"{driver}\" not found"))
            .hint("there is the driver `local` only"));
    }
    let mut mounts = Vec::new();
    for text in &typed.volume {
        mounts.push(Mount::parse_volume(text, &here)?);
    }
    for text in &typed.mount {
        mounts.push(Mount::parse_long(text, caller)?);
    }
    for text in &typed.tmpfs {
        mounts.push(Mount::parse_tmpfs(text)?);
    }
    for mount in &mut mounts {
        if let What::Image(image) = &mut mount.what {
            leases.push(find(image, typed, root)?);
        }
    }
    Ok(mounts)
}

fn find(image: &mut OfMounted, typed: &Options, root: &Path) -> Result<Lease> {
    let how = How { pull: &typed.pull, platform: typed.platform.as_deref(), quiet: typed.quiet };
    let (found, lease) = image::of(&image.name, root, how)?;
    image.found = Some((found.id, found.lower));
    Ok(lease)
}

/// Who sits in front of it: also where that person has asked sudo(8) to be root for them.
fn person() -> (u32, u32) {
    let own = (getuid().as_raw(), getgid().as_raw());
    let named = |name: &str| std::env::var(name).ok()?.parse().ok();
    match (named("SUDO_UID"), named("SUDO_GID")) {
        (Some(user), Some(group)) if own.0 == 0 => (user, group),
        _ => own,
    }
}
