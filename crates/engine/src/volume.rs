//! `-v SOURCE:DESTINATION[:OPTIONS]`.

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};

/// A part of the host that is mounted in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// An absolute path of the host.
    pub source: PathBuf,
    /// An absolute path in the container.
    pub destination: String,
    /// It can only be read.
    pub readonly: bool,
    /// How later mounts are shared: `rprivate` unless it says something else.
    pub propagation: String,
}

impl Volume {
    /// Reads what was typed; relative sources count from `here`.
    pub fn parse(text: &str, here: &Path) -> Result<Volume> {
        let wrong = |why: &str| Fault::invalid("--volume", format!("`{text}`: {why}"));
        let mut parts = text.splitn(3, ':');
        let (Some(source), Some(destination)) = (parts.next(), parts.next()) else {
            return Err(named(text).because("volumes without a source are not supported yet"));
        };
        if source.is_empty() || destination.is_empty() {
            return Err(wrong("invalid empty volume spec").hint("SOURCE:DESTINATION, as in `./data:/data`"));
        }
        if !source.starts_with(['/', '.']) {
            return Err(named(text).because("named volumes are not supported yet"));
        }
        if !destination.starts_with('/') {
            return Err(wrong("mount path must be absolute").hint(format!("`{source}:/{destination}`")));
        }
        if Path::new(destination).components().count() < 2 {
            return Err(wrong("destination can't be '/'"));
        }
        let mut volume = Volume {
            source: here.join(source),
            destination: destination.to_string(),
            readonly: false,
            propagation: "rprivate".to_string(),
        };
        let options = parts.next().into_iter().flat_map(|options| options.split(','));
        options.filter(|option| !option.is_empty()).try_for_each(|option| volume.take(option, text))?;
        Ok(volume)
    }

    fn take(&mut self, option: &str, text: &str) -> Result<()> {
        match option {
            "ro" | "readonly" => self.readonly = true,
            "rw" => self.readonly = false,
            "private" | "rprivate" | "slave" | "rslave" => self.propagation = option.to_string(),
            // Words of Docker for other systems, which it reads and does nothing about on Linux.
            "cached" | "delegated" | "consistent" | "nocopy" => {}
            "z" | "Z" | "shared" | "rshared" | "U" => {
                return Err(Fault::new(Kind::Unsupported, format!("use volume `{text}`"))
                    .because(format!("the option `{option}` is not supported yet")));
            }
            _ => {
                return Err(Fault::invalid("--volume", format!("`{text}`: invalid mode: {option}"))
                    .hint("`ro`, `rw`, `rprivate`, `private`, `rslave` or `slave`, with commas between"));
            }
        }
        Ok(())
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.source.symlink_metadata().is_err()
    }

    /// As Docker does for `-v`: a source that is not there becomes a folder. True if it was made.
    pub(crate) fn make_missing(&self) -> Result<bool> {
        if !self.is_missing() {
            return Ok(false);
        }
        fs::create_dir_all(&self.source)
            .doing(|| format!("make folder `{}` for --volume", self.source.display()))?;
        Ok(true)
    }

    /// The mount.
    pub(crate) fn mount(&self) -> oci::Mount {
        let mut options = vec!["rbind".to_string(), self.propagation.clone()];
        if self.readonly {
            // Everything below as well, as Docker does since 25: `ro` means that nothing can be written.
            options.extend(["ro", "rro"].map(String::from));
        }
        oci::Mount {
            destination: self.destination.clone(),
            kind: "bind".to_string(),
            source: self.source.display().to_string(),
            options,
            ..Default::default()
        }
    }
}

fn named(text: &str) -> Fault {
    Fault::new(Kind::Unsupported, format!("use volume `{text}`"))
        .hint("a source is a path: absolute, or with `./` in front")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Volume> {
        Volume::parse(text, Path::new("/here"))
    }

    #[test]
    fn sources_are_paths() {
        assert_eq!(parse("/a:/b").unwrap().source, Path::new("/a"));
        assert_eq!(parse("./a:/b").unwrap().source, Path::new("/here/./a"));
        assert_eq!(parse(".:/b:ro,rslave").unwrap().mount().options, ["rbind", "rslave", "ro", "rro"]);
        for (bad, word) in [
            ("data:/b", "named volumes"),
            ("/data", "without a source"),
            (":/b", "empty"),
            ("/a:", "empty"),
            ("/a:b", "absolute"),
            ("/a:/", "can't be '/'"),
            ("/a:/b:nope", "invalid mode: nope"),
            ("/a:/b:Z", "`Z`"),
            ("", "without a source"),
        ] {
            assert!(parse(bad).unwrap_err().sentence().contains(word), "{bad}");
        }
    }
}
