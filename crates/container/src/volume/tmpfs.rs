//! `--tmpfs DESTINATION[:OPTIONS]`, and options of tmpfs(5). Source of rules and words: moby, `mount/flags_linux.go`.

use fault::{Fault, Result};

use super::{By, Mount, What, check_destination};

/// What nobody needs to ask for.
const DEFAULTS: [&str; 3] = ["noexec", "nosuid", "nodev"];

/// Words with an opposite: the later one of two counts.
const OPPOSITES: [(&str, &str); 9] = [
    ("ro", "rw"),
    ("noexec", "exec"),
    ("nosuid", "suid"),
    ("nodev", "dev"),
    ("sync", "async"),
    ("noatime", "atime"),
    ("nodiratime", "diratime"),
    ("relatime", "norelatime"),
    ("strictatime", "nostrictatime"),
];

/// Options of the file system itself.
const VALUES: [&str; 8] = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol", "huge"];

/// Docker reads these of binds, and does nothing about them.
const NOTHING: [&str; 8] = ["bind", "rbind", "defaults", "private", "rprivate", "slave", "rslave", "remount"];

impl Mount {
    /// Reads what was typed after `--tmpfs`.
    pub fn parse_tmpfs(text: &str) -> Result<Mount> {
        let (destination, options) = text.split_once(':').unwrap_or((text, ""));
        if destination.is_empty() {
            return Err(Fault::invalid("--tmpfs", "it needs a path of the container"));
        }
        check_destination(destination, "--tmpfs", text)?;
        let words = options.split(',').filter(|word| !word.is_empty());
        Ok(of(words.map(String::from).collect(), destination, By::Tmpfs)?.with_mode(options))
    }

    fn with_mode(self, mode: &str) -> Mount {
        Mount { mode: mode.to_string(), ..self }
    }
}

/// A tmpfs with what was asked for in the place of what all have.
pub(super) fn of(asked: Vec<String>, destination: &str, by: By) -> Result<Mount> {
    let option = if by == By::Tmpfs { "--tmpfs" } else { "--mount" };
    let mut options: Vec<String> = DEFAULTS.map(String::from).to_vec();
    for word in asked {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        let opposite = OPPOSITES.iter().find_map(|(one, other)| match name {
            name if name == *one => Some(*other),
            name if name == *other => Some(*one),
            _ => None,
        });
        match opposite {
            Some(opposite) => options.retain(|known| known != opposite && *known != word),
            None if VALUES.contains(&name) && word.contains('=') => {
                options.retain(|known| !known.starts_with(&format!("{name}=")));
            }
            None if NOTHING.contains(&word.as_str()) => continue,
            None => return Err(Fault::invalid(option, format!("Invalid tmpfs option [\"{word}\"]"))),
        }
        options.push(word);
    }
    let readonly = options.iter().any(|word| word == "ro");
    Ok(Mount { readonly, ..Mount::new(What::Tmpfs(options), destination, by) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Vec<String> {
        match Mount::parse_tmpfs(text).unwrap().what {
            What::Tmpfs(options) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_asked_for_counts() {
        assert_eq!(options("/run"), ["noexec", "nosuid", "nodev"]);
        assert_eq!(
            options("/run:exec,size=64m,mode=1777"),
            ["nosuid", "nodev", "exec", "size=64m", "mode=1777"]
        );
        assert_eq!(options("/run:size=1m,size=2m,noexec"), ["nosuid", "nodev", "size=2m", "noexec"]);
        assert!(Mount::parse_tmpfs("/run:ro").unwrap().readonly);
        for (bad, words) in [
            ("/run:nope", "Invalid tmpfs option [\"nope\"]"),
            ("/run:size", "Invalid tmpfs option"),
            ("run", "must be absolute"),
            ("", "path of the container"),
            ("/:size=1m", "can't be '/'"),
        ] {
            assert!(Mount::parse_tmpfs(bad).unwrap_err().sentence().contains(words), "{bad}");
        }
    }
}
