//! A bundle: a folder with a `config.json` in it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use oci::{Process, Spec};
use rustix::fs::{FileType, Mode, OFlags};

/// Reads the `config.json` of a bundle, or `config` instead; also the bundle's absolute path.
pub(crate) fn read(bundle: &Path, config: Option<&Path>) -> Result<(PathBuf, Spec)> {
    let doing = || format!("use bundle `{}`", bundle.display());
    let bundle = std::fs::canonicalize(bundle).doing(doing)?;
    let path = config.map_or_else(|| bundle.join("config.json"), Path::to_path_buf);
    let bytes = read_config(&path, "`nagaya-runtime spec` writes one to start from")?;
    let spec = oci::parse(&bytes).map_err(|fault| fault.during(format!("use `{}`", path.display())))?;
    Ok((bundle, spec))
}

/// Reads a `process.json`.
pub(crate) fn read_process(path: &Path) -> Result<Process> {
    let bytes = read_config(path, "it is the `process` of a config.json, alone in a file")?;
    oci::parse_process(&bytes).map_err(|fault| fault.during(format!("use `{}`", path.display())))
}

/// Regular files only: a pipe in its place would have us wait for ever. And not longer than a config can be.
fn read_config(path: &Path, hint: &str) -> Result<Vec<u8>> {
    let doing = || format!("read `{}`", path.display());
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file =
        rustix::fs::open(path, flags, Mode::empty()).doing(doing).map_err(|fault| match fault.kind() {
            Kind::NotFound => fault.hint(hint),
            _ => fault,
        })?;
    let stat = rustix::fs::fstat(&file).doing(doing)?;
    let refuse = |cause: &str| Err(Fault::new(Kind::Invalid, doing()).because(cause));
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return refuse("it is not a regular file");
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stat.st_size).unwrap_or(0).min(1 << 16));
    File::from(file).take(oci::LONGEST_CONFIG + 1).read_to_end(&mut bytes).doing(doing)?;
    if bytes.len() as u64 > oci::LONGEST_CONFIG {
        return refuse("it is longer than 4 MiB, which is no config");
    }
    Ok(bytes)
}
