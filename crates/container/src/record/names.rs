//! Names: a file for each, which holds the id of the container that has it.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};

/// The rule for names, and Docker's words for it. Source: moby, `daemon/names/names.go`.
pub(super) fn check(name: &str) -> Result<()> {
    let letter = |c: char| c.is_ascii_alphanumeric();
    let rest = name.strip_prefix(letter).unwrap_or_default();
    if !rest.is_empty() && rest.chars().all(|c| letter(c) || "_.-".contains(c)) && name.len() <= 200 {
        return Ok(());
    }
    let shown = fault::visible(name);
    Err(Fault::new(Kind::Invalid, "name a container")
        .because(format!("Invalid container name ({shown}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"))
        .hint("two signs at least, 200 at most; letters and digits, then also `_`, `.` and `-`"))
}

/// Takes a name. Nothing if somebody has it.
pub(super) fn take(folder: &Path, name: &str, id: &str) -> Result<Option<()>> {
    let path = folder.join(name);
    // A link holds the id without a file to be written, and is there as a whole or not at all.
    match symlink(id, &path) {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        made => made.map(Some).doing(|| format!("take the name `{name}`")),
    }
}

/// Who has a name; nothing if nobody has it.
pub(super) fn holder(folder: &Path, name: &str) -> Result<Option<String>> {
    use io::ErrorKind::{InvalidInput, NotADirectory, NotFound};
    match fs::read_link(folder.join(name)) {
        // What is no link was put there by somebody else.
        Err(err) if matches!(err.kind(), NotFound | NotADirectory | InvalidInput) => Ok(None),
        link => Ok(link
            .doing(|| format!("find out who has the name `{name}`"))?
            .into_os_string()
            .into_string()
            .ok()),
    }
}

/// Gives a name back, if it is this container's.
pub(super) fn give_back(folder: &Path, name: &str, id: &str) -> Result<()> {
    if holder(folder, name)?.is_none_or(|holder| holder != id) {
        return Ok(());
    }
    match fs::remove_file(folder.join(name)) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => {
            Err(err).doing(|| format!("give the name `{name}` back"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_are_as_in_docker() {
        for good in ["web", "a1", "Web_1.a-b", &"a".repeat(200)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "-a", "a/b", "a b", "\u{e4}b", "a\u{1b}b", &"a".repeat(201)] {
            let said = check(bad).unwrap_err().sentence();
            assert!(said.contains("Invalid container name"), "{said}");
            assert!(!said.contains('\u{1b}'));
        }
    }
}
