//! Mounts that are to appear on both sides: they do so only where the source's own mount is shared.

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};

use super::Bind;

impl Bind {
    /// What was asked for can be had. The list of mounts is read only for those who ask for such a thing.
    ///
    /// # Errors
    /// In Docker's words. Source: moby, `daemon/oci_linux.go`.
    pub fn check_sharing(&self) -> Result<()> {
        let word = self.propagation.trim_start_matches('r');
        let (marks, what) = match word {
            "shared" => (&["shared:"][..], "shared"),
            "slave" => (&["shared:", "master:"][..], "shared or slave"),
            _ => return Ok(()),
        };
        let table = fs::read_to_string("/proc/self/mountinfo").doing(|| "read the list of mounts")?;
        // One that is to be made is where its folder is.
        let source = self.source.ancestors().find_map(|path| fs::canonicalize(path).ok()).unwrap_or_default();
        match mount_of(&table, &source) {
            Some((_, tags)) if marks.iter().any(|mark| tags.contains(mark)) => Ok(()),
            Some((at, _)) => Err(Fault::new(Kind::Invalid, format!("share `{}`", self.source.display()))
                .because(format!(
                    "path {} is mounted on {} but it is not a {what} mount",
                    self.source.display(),
                    at.display()
                ))
                .hint(format!("`mount --make-shared {}` makes it one", at.display()))),
            None => Ok(()),
        }
    }
}

/// The mount that a path is on, and its optional fields. Of two in one place the later one counts. Source: proc(5).
fn mount_of<'a>(table: &'a str, path: &Path) -> Option<(PathBuf, &'a str)> {
    let mut best: Option<(PathBuf, &str)> = None;
    for line in table.lines() {
        let (front, _) = line.split_once(" - ")?;
        let fields: Vec<_> = front.splitn(7, ' ').collect();
        let at = PathBuf::from(unescaped(fields.get(4)?));
        let longer = |(known, _): &(PathBuf, &str)| at.components().count() >= known.components().count();
        if path.starts_with(&at) && best.as_ref().is_none_or(longer) {
            best = Some((at, fields.get(6).copied().unwrap_or_default()));
        }
    }
    best
}

/// Blanks and the like stand there as octal numbers.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_string(), |text, (number, sign)| text.replace(number, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda rw\n\
                         2 1 8:2 / /srv rw - ext4 /dev/sdb rw\n\
                         3 2 8:3 / /srv/a\\040b rw master:4 - ext4 /dev/sdc rw\n\
                         4 1 8:4 / /srv rw,noatime shared:7 master:8 - ext4 /dev/sdd rw\n";

    #[test]
    fn the_last_and_longest_mount_counts() {
        for (path, at, tags) in [
            ("/etc", "/", "shared:1"),
            ("/srv/x", "/srv", "shared:7 master:8"),
            ("/srv/a b/c", "/srv/a b", "master:4"),
            ("/srvx", "/", "shared:1"),
        ] {
            assert_eq!(mount_of(TABLE, Path::new(path)), Some((PathBuf::from(at), tags)), "{path}");
        }
    }
}
