//! `delete`: removes a container, and all that was made for it.

use std::process::ExitCode;

use fault::Result;
use oci::ContainerId;

use crate::args::{Args, Global, Word, takes, unknown};
use crate::log;

const USAGE: &str = "delete [--force] ID, or delete [--force] --regex EXPRESSION";

pub(crate) fn run(mut args: Args, global: &Global) -> Result<ExitCode> {
    let (mut id, mut force, mut regex) = (None, false, false);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) if id.is_none() => id = Some(value),
            Word::Value(_) => return Err(takes(USAGE)),
            Word::Option(name) if name == "force" || name == "f" => force = true,
            Word::Option(name) if name == "regex" || name == "r" => regex = true,
            Word::Option(name) => return Err(unknown(&name)),
        }
    }
    let id: String = id.ok_or_else(|| takes(USAGE))?;
    let all = global.containers();
    let delete = |id: &ContainerId| {
        // With force, one that is not there is fine: callers delete twice to be sure, as containerd's shim does.
        let warnings = if force { all.remove_if_there(id)? } else { all.open(id)?.delete(false)? };
        for warning in &warnings {
            log::warn(global, warning);
        }
        Ok(())
    };
    if regex { super::each(&all, &id, delete) } else { delete(&id.parse()?) }.map(|()| ExitCode::SUCCESS)
}
