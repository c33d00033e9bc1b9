//! `-v [SOURCE:]DESTINATION[:OPTIONS]`. Source of rules and words: moby, `volume/mounts/linux_parser.go`.

use std::path::Path;

use fault::{Fault, Kind, Result};

use super::{
    Bind, By, Mount, OfVolume, PROPAGATIONS, What, absolute, check_destination, check_name, has_selinux,
};

impl Mount {
    /// Reads what was typed after `-v`; relative sources count from `here`.
    pub fn parse_volume(text: &str, here: &Path) -> Result<Mount> {
        let wrong = || {
            Fault::invalid("--volume", format!("invalid volume specification: '{text}'")).hint(
                "SOURCE:DESTINATION[:OPTIONS], as in `./data:/data:ro`, or a path of the container alone",
            )
        };
        let parts: Vec<_> = text.split(':').collect();
        let (source, destination, options) = match parts[..] {
            [destination] => (None, destination, ""),
            [source, destination] if !is_mode(destination) => (Some(source), destination, ""),
            [source, destination, options] => (Some(source), destination, options),
            _ => return Err(wrong()),
        };
        if destination.is_empty() || source == Some("") {
            return Err(wrong());
        }
        check_destination(destination, "--volume", text)?;
        let what = match source {
            None => What::Volume(OfVolume { anonymous: true, ..OfVolume::default() }),
            Some(path) if path.starts_with('/') || is_relative(path) => {
                What::Bind(Bind::of(absolute(path, here), true))
            }
            Some(name) => {
                check_name(name, "--volume")?;
                What::Volume(OfVolume { name: name.to_string(), ..OfVolume::default() })
            }
        };
        let mut mount = Mount { mode: options.to_string(), ..Mount::new(what, destination, By::Volume) };
        options.split(',').filter(|_| !options.is_empty()).try_for_each(|option| mount.take(option, text))?;
        Ok(mount)
    }

    fn take(&mut self, option: &str, text: &str) -> Result<()> {
        match (option, &mut self.what) {
            ("ro" | "readonly", _) => self.readonly = true,
            ("rw", _) => self.readonly = false,
            ("nocopy", What::Volume(volume)) => volume.no_copy = true,
            (word, What::Bind(bind)) if PROPAGATIONS.contains(&word) => {
                bind.propagation = word.to_string();
            }
            // Docker's words for other systems, which it reads and does nothing about on Linux.
            ("cached" | "delegated" | "consistent" | "default", _) => {}
            // Without SELinux there is nothing to label.
            ("z" | "Z", _) if !has_selinux() => {}
            ("z" | "Z" | "U" | "O", _) => return Err(refused(option, text)),
            _ => {
                return Err(Fault::invalid("--volume", format!("`{text}`: invalid mode: {option}"))
                    .hint("`ro` or `rw`; for a path also `rprivate`, `rslave`, `rshared`; for a volume also `nocopy`"));
            }
        }
        Ok(())
    }
}

/// Options that are understood and not done.
fn refused(option: &str, text: &str) -> Fault {
    let (why, hint) = match option {
        "U" => (
            "`U` would change the owners of all files in the source for good",
            "`--mount type=bind,...,idmap=match-user` shows them under other owners, and changes nothing",
        ),
        "O" => {
            ("`O` is podman's, and not supported", "`--mount type=bind,...,readonly`, or a volume of its own")
        }
        _ => {
            ("files are not labelled for SELinux", "label them yourself: chcon -R -t container_file_t SOURCE")
        }
    };
    Fault::new(Kind::Unsupported, format!("use volume `{text}`")).because(why).hint(hint)
}

fn is_relative(path: &str) -> bool {
    matches!(path, "." | "..") || path.starts_with("./") || path.starts_with("../")
}

/// What stands in the second place of two is a mode, and not a place.
fn is_mode(text: &str) -> bool {
    let known = |word: &str| {
        matches!(word, "ro" | "rw" | "z" | "Z" | "nocopy" | "cached" | "delegated" | "consistent")
            || PROPAGATIONS.contains(&word)
    };
    !text.is_empty() && text.split(',').all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Mount> {
        Mount::parse_volume(text, Path::new("/here"))
    }

    #[test]
    fn paths_names_and_nothing() {
        let bind = |text: &str| parse(text).unwrap().bind().unwrap().clone();
        assert_eq!(bind("/a:/b").source, Path::new("/a"));
        assert_eq!(bind("./a:/b").source, Path::new("/here/a"));
        assert_eq!(bind(".:/b:ro,rslave").propagation, "rslave");
        let named = parse("data:/b/../c:nocopy,ro").unwrap();
        assert_eq!(
            (named.destination.as_str(), named.readonly, named.mode.as_str()),
            ("/c", true, "nocopy,ro")
        );
        let volume = named.volume().unwrap();
        assert!(volume.name == "data" && volume.no_copy && !volume.anonymous);
        assert!(parse("/data").unwrap().volume().unwrap().anonymous);
    }

    #[test]
    fn what_is_wrong_is_said_in_dockers_words() {
        for (bad, word) in [
            (":/b", "invalid volume specification: ':/b'"),
            ("/a:", "invalid volume specification"),
            ("", "invalid volume specification"),
            ("/a:ro", "invalid volume specification: '/a:ro'"),
            ("/a:/b:ro:x", "invalid volume specification"),
            ("/a:b", "mount path must be absolute"),
            ("/a:/", "destination can't be '/'"),
            ("/a:/b/..", "destination can't be '/'"),
            ("/a:/b:nope", "invalid mode: nope"),
            ("/a:/b:nocopy", "invalid mode: nocopy"),
            ("data:/b:rshared", "invalid mode: rshared"),
            ("/a:/b:U", "`U`"),
            ("/a:/b:O", "`O`"),
            ("d/ta:/b", "includes invalid characters for a local volume name"),
        ] {
            let said = parse(bad).unwrap_err().sentence();
            assert!(said.contains(word), "{bad}: {said}");
        }
    }
}
