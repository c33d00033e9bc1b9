//! From what was asked for to the mounts of an OCI config. Pure: where volumes are comes in as data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fault::{Fault, Kind, Result};
use plan::Lower;

use super::owners::{self, Files};
use super::{Below, Bind, Mount, OfMounted, OfVolume, What};
use crate::machine::Machine;
use crate::users::Who;
use crate::volumes::{is_bind, is_mounted};

/// Where a volume is, and what it is mounted with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its folder, with `_data` in it.
    pub(crate) folder: PathBuf,
    /// Options of the local driver: `type`, `device`, `o`.
    pub(crate) options: BTreeMap<String, String>,
}

/// The place of each volume, by its name.
pub(crate) type Places = BTreeMap<String, Place>;

/// Where files of a volume are, in its folder.
pub(crate) const DATA: &str = "_data";
/// Files that are on their way from the image to a volume, beside it.
const FILLING: &str = "_filling";

impl Mount {
    /// The mount of an OCI config.
    pub(crate) fn config(&self, machine: &Machine, places: &Places, who: &Who) -> Result<oci::Mount> {
        let mut mount = match &self.what {
            What::Bind(bind) => self.of_bind(bind, machine, who)?,
            What::Volume(volume) => self.of_volume(volume, machine, places)?,
            What::Tmpfs(options) => made("tmpfs", "tmpfs", options.clone()),
            What::Image(_) if machine.remapped => return Err(no_image()),
            What::Image(image) => of_image(image)?,
        };
        mount.destination.clone_from(&self.destination);
        Ok(mount)
    }

    fn of_bind(&self, bind: &Bind, machine: &Machine, who: &Who) -> Result<oci::Mount> {
        let below = bind.below != Below::Disabled;
        let mut options = vec![if below { "rbind" } else { "bind" }.to_string(), bind.propagation.clone()];
        if self.readonly {
            // Everything below as well, as Docker does since 25: `ro` means that nothing can be written.
            let all = matches!(bind.below, Below::Enabled | Below::Readonly);
            options.extend(["ro", "rro"].into_iter().take(1 + usize::from(all)).map(String::from));
        }
        let mut mount = made("bind", &bind.source.display().to_string(), options);
        if let Some(owner) = bind.owner {
            match owners::of(owner, who, machine)? {
                Files::AsTheyAre => {}
                Files::Mapped(uids, gids) => {
                    mount.options.push("idmap".to_string());
                    (mount.uid_mappings, mount.gid_mappings) = (uids, gids);
                }
            }
        }
        Ok(mount)
    }

    fn of_volume(&self, volume: &OfVolume, machine: &Machine, places: &Places) -> Result<oci::Mount> {
        let missing = || Fault::new(Kind::NotFound, format!("find volume `{}`", volume.name));
        let place = places.get(&volume.name).ok_or_else(missing)?;
        if is_mounted(&place.options) {
            return self.of_driver(volume, &place.options);
        }
        let data = place.folder.join(DATA);
        let mut options = vec!["rbind".to_string(), super::PRIVATE.to_string()];
        match &volume.subpath {
            Some(subpath) => options.push(format!("subpath={subpath}")),
            None if volume.no_copy => {}
            None => options.push(format!("copyup={}", place.folder.join(FILLING).display())),
        }
        options.extend(self.readonly.then_some(["ro", "rro"]).into_iter().flatten().map(String::from));
        // Who has it next may have other ids: on disk it belongs to those inside.
        options.extend(machine.remapped.then(|| "idmap".to_string()));
        Ok(made("bind", &data.display().to_string(), options))
    }

    /// What a driver other than this mounts somewhere is mounted in the container, and nowhere else.
    fn of_driver(&self, volume: &OfVolume, with: &BTreeMap<String, String>) -> Result<oci::Mount> {
        if volume.subpath.is_some() {
            return Err(super::long::no_part());
        }
        let word = |name: &str| with.get(name).map(String::as_str).unwrap_or_default();
        let mut options: Vec<_> =
            word("o").split(',').filter(|word| !word.is_empty()).map(String::from).collect();
        let kind = if is_bind(with) { "bind" } else { word("type") };
        if kind == "tmpfs" && !volume.no_copy {
            options.push("tmpcopyup".to_string());
        }
        options.push(super::PRIVATE.to_string());
        options.extend(self.readonly.then(|| "ro".to_string()));
        Ok(made(kind, word("device"), options))
    }
}

fn no_image() -> Fault {
    Fault::new(Kind::Unsupported, "use `--mount`")
        .because("type=image: layers of another image are not shown under the ids of --userns")
        .hint("a volume that was filled from it can be mounted")
}

/// Layers are mounted as they are: an index over tars is a file system, and folders are laid over each other.
fn of_image(image: &OfMounted) -> Result<oci::Mount> {
    let missing =
        || Fault::new(Kind::NotFound, format!("use image `{}`", image.name)).because("No such image");
    let (_, lower) = image.found.as_ref().ok_or_else(missing)?;
    let text = |path: &PathBuf| path.display().to_string();
    let mut mount = match lower {
        Lower::Index { index, tars } => {
            let tars = tars.iter().map(|tar| format!("device={}", text(tar)));
            made("erofs", &text(index), tars.collect())
        }
        Lower::Folders(folders) if folders.len() == 1 => {
            made("bind", &text(&folders[0]), ["bind", "rro"].map(String::from).to_vec())
        }
        Lower::Folders(folders) => {
            let folders = folders.iter().map(|folder| format!("lowerdir+={}", text(folder)));
            made("overlay", "overlay", folders.collect())
        }
    };
    mount.options.push("ro".to_string());
    mount.options.extend(image.subpath.iter().map(|subpath| format!("subpath={subpath}")));
    Ok(mount)
}

fn made(kind: &str, source: &str, options: Vec<String>) -> oci::Mount {
    oci::Mount { kind: kind.to_string(), source: source.to_string(), options, ..oci::Mount::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(mount: &Mount, options: &[(&str, &str)]) -> Result<oci::Mount> {
        let options = options.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string()));
        let place = Place { folder: "/root/volumes/db".into(), options: options.collect() };
        let places = Places::from([("db".to_string(), place)]);
        mount.config(&crate::machine::tests::machine(), &places, &Who::default())
    }

    fn short(text: &str) -> Mount {
        Mount::parse_volume(text, Path::new("/")).unwrap()
    }

    fn long(text: &str) -> Mount {
        Mount::parse_long(text, crate::Caller { here: Path::new("/"), user: (0, 0) }).unwrap()
    }

    #[test]
    fn binds_and_what_is_below() {
        let options = |mount: &Mount| config(mount, &[]).unwrap().options.join(",");
        assert_eq!(options(&short("/a:/b")), "rbind,rprivate");
        assert_eq!(options(&short("/a:/b:ro,rslave")), "rbind,rslave,ro,rro");
        for (below, expected) in [
            ("enabled", "rbind,rprivate,ro,rro"),
            ("readonly", "rbind,rprivate,ro,rro"),
            ("writable", "rbind,rprivate,ro"),
            ("disabled", "bind,rprivate,ro"),
        ] {
            assert_eq!(
                options(&long(&format!("type=bind,src=/a,dst=/b,ro,bind-recursive={below}"))),
                expected
            );
        }
    }

    #[test]
    fn volumes_are_folders_or_what_their_options_say() {
        let plain = config(&short("db:/b:ro"), &[]).unwrap();
        assert_eq!((plain.source.as_str(), plain.destination.as_str()), ("/root/volumes/db/_data", "/b"));
        assert_eq!(plain.options.join(","), "rbind,rprivate,copyup=/root/volumes/db/_filling,ro,rro");
        assert_eq!(config(&short("db:/b:nocopy"), &[]).unwrap().options.join(","), "rbind,rprivate");
        let part = config(&long("src=db,dst=/b,volume-subpath=x"), &[]).unwrap();
        assert_eq!(part.options.join(","), "rbind,rprivate,subpath=x");

        let memory = [("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=1m,uid=7")];
        let memory = config(&short("db:/b"), &memory).unwrap();
        assert_eq!((memory.kind.as_str(), memory.source.as_str()), ("tmpfs", "tmpfs"));
        assert_eq!(memory.options.join(","), "size=1m,uid=7,tmpcopyup,rprivate");
        let bind = [("type", "none"), ("device", "/srv"), ("o", "bind")];
        let bind = config(&short("db:/b:ro"), &bind).unwrap();
        assert_eq!((bind.kind.as_str(), bind.source.as_str()), ("bind", "/srv"));
        assert_eq!(bind.options.join(","), "bind,rprivate,ro");
        let nfs = [("type", "nfs"), ("device", ":/export"), ("o", "addr=10.0.0.1,rw")];
        assert_eq!(config(&short("db:/b"), &nfs).unwrap().options.join(","), "addr=10.0.0.1,rw,rprivate");
        assert!(config(&long("src=db,dst=/b,volume-subpath=x"), &memory_options()).is_err());
    }

    fn memory_options() -> [(&'static str, &'static str); 2] {
        [("type", "tmpfs"), ("device", "tmpfs")]
    }
}
