//! `delete`: removes a container, and all that was made for it.

use std::process::ExitCode;

use fault::{Kind, Result};

use crate::args::{Args, Global, Word, takes, unknown};

const USAGE: &str = "delete [--force] ID";

pub(crate) fn run(mut args: Args, global: &Global) -> Result<ExitCode> {
    let (mut id, mut force) = (None, false);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) if id.is_none() => id = Some(value),
            Word::Value(_) => return Err(takes(USAGE)),
            Word::Option(name) if name == "force" || name == "f" => force = true,
            Word::Option(name) => return Err(unknown(&name)),
        }
    }
    let id = id.ok_or_else(|| takes(USAGE))?.parse()?;
    match global.containers().open(&id) {
        // Callers delete twice to be sure: containerd's shim does.
        Err(fault) if force && fault.kind() == Kind::NotFound => Ok(ExitCode::SUCCESS),
        Err(fault) => Err(fault),
        Ok(container) => container.delete(force).map(|()| ExitCode::SUCCESS),
    }
}
