//! Small files and links: there as a whole, or not at all.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fault::{Doing, Fault, Kind, Result};
use rustix::rand::{GetRandomFlags, getrandom};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A folder that nobody else looks into.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    let doing = || format!("make the folder `{}`", path.display());
    DirBuilder::new().mode(0o700).recursive(true).create(path).doing(doing)
}

/// A file of JSON; nothing if it is not there.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let doing = || format!("read `{}`", path.display());
    let bytes = match fs::read(path) {
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        bytes => bytes.doing(doing)?,
    };
    let wrong = |err: serde_json::Error| {
        Fault::new(Kind::Failed, doing())
            .because(err)
            .hint("another version of nagaya wrote it, or something else did")
    };
    serde_json::from_slice(&bytes).map(Some).map_err(wrong)
}

/// Writes a file of JSON.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let doing = || format!("write `{}`", path.display());
    let bytes = serde_json::to_vec(value).map_err(|err| Fault::new(Kind::Failed, doing()).because(err))?;
    replace(path, &bytes)
}

/// Writes a file of JSON, unless there is one.
pub(crate) fn write_new<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    write(&new, value)?;
    let linked = fs::hard_link(&new, path);
    remove(&new)?;
    match linked {
        Err(err) if err.kind() != ErrorKind::AlreadyExists => {
            Err(err).doing(|| format!("write `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

/// The name of a file while it is written.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Writes a file in the place of what there is, by way of a file that begins with a dot. For who is the only one that does.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_by(path, &unfinished(path), bytes)
}

/// The same by way of another file.
pub(crate) fn replace_by(path: &Path, new: &Path, bytes: &[u8]) -> Result<()> {
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(new)?;
        file.write_all(bytes)?;
        fs::rename(new, path)
    };
    written().inspect_err(|_| drop(fs::remove_file(new))).doing(|| format!("write `{}`", path.display()))
}

/// Makes a link. False if there is one already.
pub(crate) fn take(path: &Path, holder: &str) -> Result<bool> {
    match symlink(holder, path) {
        Err(err) if err.kind() == ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true).doing(|| format!("make `{}`", path.display())),
    }
}

/// What a link leads to; nothing if there is none.
pub(crate) fn holder(path: &Path) -> Option<String> {
    fs::read_link(path).ok()?.into_os_string().into_string().ok()
}

/// Removes a file or link; one that is not there is no failure.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(err) if !matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(err).doing(|| format!("remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

/// Removes a link if it leads to this holder.
pub(crate) fn give_back(path: &Path, holder: &str) -> Result<()> {
    if self::holder(path).is_some_and(|other| other == holder) { remove(path) } else { Ok(()) }
}

/// Names of what is in a folder, without those that begin with a dot; none if it is not there.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>> {
    let doing = || format!("read `{}`", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.doing(doing)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names
            .extend(entry.doing(doing)?.file_name().into_string().ok().filter(|name| !name.starts_with('.')));
    }
    names.sort();
    Ok(names)
}

/// The time, as RFC 3339 has it.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_nanos(SystemTime::now()).to_string()
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty()).doing(|| "get random bytes")?;
    }
    Ok(bytes)
}

/// 64 hexadecimal digits, never to be given again.
pub(crate) fn new_id() -> Result<String> {
    Ok(hex(&random::<32>()?))
}

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
