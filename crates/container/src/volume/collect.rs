//! Mounts that others bring: containers by `--volumes-from`, and the image by `VOLUME`.

use fault::{Fault, Kind, Result};

use super::{By, Mount, OfVolume, What, clean};
use crate::{Request, Root};

impl Request {
    /// All mounts that it comes to: its own, those of other containers in places that are free, then those of the image.
    /// Volumes that nobody has named get a name from `name`.
    ///
    /// # Errors
    /// Two in one place; or `mounts_of` does not find a container.
    pub fn with_all_mounts(
        mut self,
        mounts_of: impl Fn(&str) -> Result<Vec<Mount>>,
        name: impl Fn() -> Result<String>,
    ) -> Result<Request> {
        for mount in &self.mounts {
            let twice = self.mounts.iter().filter(|other| other.destination == mount.destination).count() > 1;
            if twice {
                let why = format!("Duplicate mount point: {}", mount.destination);
                return Err(Fault::invalid("--volume", why));
            }
        }
        let mut others: Vec<Mount> = Vec::new();
        for text in &self.volumes_from {
            let from = of_container(text, &mounts_of)?;
            // The later one of two counts.
            others.retain(|other| !from.iter().any(|mount| mount.destination == other.destination));
            others.extend(from);
        }
        self.add_where_free(others);
        let of_image = of_image(&self.root)?;
        self.add_where_free(of_image);
        for mount in &mut self.mounts {
            if let What::Volume(volume) = &mut mount.what
                && volume.name.is_empty()
            {
                volume.name = name()?;
            }
        }
        Ok(self)
    }

    fn add_where_free(&mut self, mounts: Vec<Mount>) {
        for mount in mounts {
            if !self.mounts.iter().any(|own| own.destination == mount.destination) {
                self.mounts.push(mount);
            }
        }
    }
}

/// `CONTAINER[:MODE]`. What is in memory is not another container's to have.
fn of_container(text: &str, mounts_of: &impl Fn(&str) -> Result<Vec<Mount>>) -> Result<Vec<Mount>> {
    let (name, mode) = text.split_once(':').unwrap_or((text, ""));
    let wrong = |why: String| Fault::invalid("--volumes-from", why);
    if name.is_empty() {
        return Err(wrong(format!("invalid volumes-from specification: '{text}'")));
    }
    let mut readonly = false;
    for word in mode.split(',').filter(|_| !mode.is_empty()) {
        match word {
            "ro" => readonly = true,
            "rw" => readonly = false,
            "z" | "Z" if !super::has_selinux() => {}
            "z" | "Z" => {
                return Err(Fault::new(Kind::Unsupported, "use `--volumes-from`")
                    .because("files are not labelled for SELinux"));
            }
            _ => return Err(wrong(format!("`{text}`: invalid mode: {word}"))),
        }
    }
    let all =
        mounts_of(name)?.into_iter().filter(|mount| matches!(mount.what, What::Bind(_) | What::Volume(_)));
    let taken = all.map(|mount| Mount {
        readonly: mount.readonly || readonly,
        mode: if mode.is_empty() { mount.mode.clone() } else { mode.to_string() },
        by: By::VolumesFrom,
        ..mount
    });
    Ok(taken.collect())
}

/// Places in which nothing of an image may stand: the kernel's own file systems.
const KERNELS: [&str; 3] = ["/proc", "/sys", "/dev"];

fn of_image(root: &Root) -> Result<Vec<Mount>> {
    let Root::Image(image) = root else { return Ok(Vec::new()) };
    let mut mounts = Vec::new();
    for path in &image.execution.volumes {
        let at = clean(path);
        let below_kernels = KERNELS
            .iter()
            .any(|own| at == *own || at.strip_prefix(own).is_some_and(|rest| rest.starts_with('/')));
        if !path.starts_with('/') || at == "/" || below_kernels {
            return Err(Fault::new(Kind::Invalid, format!("use image `{}`", image.name)).because(format!(
                "its VOLUME `{}` is an invalid specification: destination can't be '{at}'",
                fault::visible(path)
            )));
        }
        let volume = OfVolume { anonymous: true, ..OfVolume::default() };
        mounts.push(Mount::new(What::Volume(volume), &at, By::Image));
    }
    Ok(mounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OfImage;
    use oci::image::Execution;
    use plan::Lower;
    use std::path::Path;

    fn request(mounts: &[&str], from: &[&str], of_image: &[&str]) -> Request {
        let parse = |text: &&str| Mount::parse_volume(text, Path::new("/")).unwrap();
        let execution =
            Execution { volumes: of_image.iter().map(ToString::to_string).collect(), ..Execution::default() };
        let image = OfImage {
            name: "web".to_string(),
            id: format!("sha256:{}", "0".repeat(64)).parse().unwrap(),
            lower: Lower::Folders(Vec::new()),
            execution,
            accounts: "/".into(),
        };
        Request {
            root: Root::Image(Box::new(image)),
            mounts: mounts.iter().map(parse).collect(),
            volumes_from: from.iter().map(ToString::to_string).collect(),
            ..Request::default()
        }
    }

    fn all(request: Request) -> Result<Vec<String>> {
        let others =
            |name: &str| match name {
                "db" => Ok(request2()),
                _ => Err(Fault::new(Kind::NotFound, "find container")
                    .because(format!("No such container: {name}"))),
            };
        let request = request.with_all_mounts(others, || Ok("new".to_string()))?;
        let show = |mount: &Mount| {
            let what = match &mount.what {
                What::Volume(volume) => volume.name.clone(),
                What::Bind(bind) => bind.source.display().to_string(),
                other => format!("{other:?}"),
            };
            format!("{what}:{}{}", mount.destination, if mount.readonly { ":ro" } else { "" })
        };
        Ok(request.mounts.iter().map(show).collect())
    }

    fn request2() -> Vec<Mount> {
        let mut mounts = request(&["data:/data", "/srv:/srv:ro"], &[], &[]).mounts;
        mounts.push(Mount::parse_tmpfs("/run").unwrap());
        mounts
    }

    #[test]
    fn who_comes_first_has_the_place() {
        let own = all(request(&["/a:/data"], &["db"], &["/srv", "/var/lib/db/"])).unwrap();
        assert_eq!(own, ["/a:/data", "/srv:/srv:ro", "new:/var/lib/db"]);
        let read = all(request(&[], &["db:ro"], &[])).unwrap();
        assert_eq!(read, ["data:/data:ro", "/srv:/srv:ro"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (request, words) in [
            (request(&["/a:/b", "/c:/b/"], &[], &[]), "Duplicate mount point: /b"),
            (request(&[], &["nope"], &[]), "No such container: nope"),
            (request(&[], &["db:up"], &[]), "invalid mode: up"),
            (request(&[], &[":ro"], &[]), "invalid volumes-from specification"),
            (request(&[], &[], &["/"]), "destination can't be '/'"),
            (request(&[], &[], &["/../.."]), "destination can't be '/'"),
            (request(&[], &[], &["/proc/self"]), "destination can't be '/proc/self'"),
            (request(&[], &[], &["relative"]), "invalid specification"),
        ] {
            let said = all(request).unwrap_err().sentence();
            assert!(said.contains(words), "{said}");
        }
    }
}
