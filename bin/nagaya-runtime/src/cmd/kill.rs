//! `kill`: sends a signal to a container.

use std::process::ExitCode;

use fault::{Kind, Result};
use oci::ContainerId;

use crate::args::{Args, Global, Word, takes, unknown};

const USAGE: &str = "kill [--all] ID [SIGNAL], or kill --regex EXPRESSION [SIGNAL]";

pub(crate) fn run(mut args: Args, global: &Global) -> Result<ExitCode> {
    let (mut values, mut all, mut regex) = (Vec::new(), false, false);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) => values.push(value),
            Word::Option(name) if name == "all" || name == "a" => all = true,
            Word::Option(name) if name == "regex" || name == "r" => regex = true,
            Word::Option(name) => return Err(unknown(&name)),
        }
    }
    let (id, signal) = match values.as_slice() {
        [id] => (id, "TERM"),
        [id, signal] => (id, signal.as_str()),
        _ => return Err(takes(USAGE)),
    };
    let signal = launch::parse_signal(signal)?;
    let containers = global.containers();
    let kill = |id: &ContainerId| match containers.open(id)?.kill(signal, all) {
        // All processes of a container that has none: done.
        Err(fault) if all && fault.kind() == Kind::WrongState => Ok(()),
        other => other,
    };
    if regex { super::each(&containers, id, kill) } else { kill(&id.parse()?) }.map(|()| ExitCode::SUCCESS)
}
