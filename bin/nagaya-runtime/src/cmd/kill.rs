//! `kill`: sends a signal to a container.

use std::process::ExitCode;

use fault::{Kind, Result};

use crate::args::{Args, Global, Word, takes, unknown};

const USAGE: &str = "kill [--all] ID [SIGNAL]";

pub(crate) fn run(mut args: Args, global: &Global) -> Result<ExitCode> {
    let (mut values, mut all) = (Vec::new(), false);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) => values.push(value),
            Word::Option(name) if name == "all" || name == "a" => all = true,
            Word::Option(name) => return Err(unknown(&name)),
        }
    }
    let (id, signal) = match values.as_slice() {
        [id] => (id, "TERM"),
        [id, signal] => (id, signal.as_str()),
        _ => return Err(takes(USAGE)),
    };
    let (id, signal) = (id.parse()?, launch::parse_signal(signal)?);
    match global.containers().open(&id)?.kill(signal, all) {
        // All processes of a container that has none: done.
        Err(fault) if all && fault.kind() == Kind::WrongState => Ok(ExitCode::SUCCESS),
        other => other.map(|()| ExitCode::SUCCESS),
    }
}
