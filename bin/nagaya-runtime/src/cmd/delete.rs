//! `delete`: removes a container, and all that was made for it.

use std::process::ExitCode;

use fault::{Kind, Result};

use crate::args::{Args, Global, Word, takes, unknown};
use crate::log;

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
    let all = global.containers();
    let container = match if force { all.open_to_remove(&id) } else { all.open(&id) } {
        // Callers delete twice to be sure: containerd's shim does.
        Err(fault) if force && fault.kind() == Kind::NotFound => return Ok(ExitCode::SUCCESS),
        container => container?,
    };
    container.delete(force)?.iter().for_each(|warning| log::warn(global, warning));
    Ok(ExitCode::SUCCESS)
}
