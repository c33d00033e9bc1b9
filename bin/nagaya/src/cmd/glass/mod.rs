//! The glass box: what became of a container and why, how it was made, and in which time.

mod generate;
mod replay;
mod timeline;
mod why;

use std::path::Path;

use engine::Engine;
use fault::Result;

use crate::args::Verb;

/// Runs a command of the glass box; gives it back if it is another one.
pub(crate) fn run(verb: Verb, root: &Path) -> std::result::Result<Result<u8>, Verb> {
    let engine = || Engine::at(root);
    Ok(match verb {
        Verb::Why(typed) => why::run(&typed, &engine()),
        Verb::Replay(typed) => replay::run(&typed, &engine()),
        Verb::Timeline(typed) => timeline::run(&typed, &engine()),
        Verb::Generate(verb) => generate::run(&verb, root),
        Verb::Completion(typed) => generate::completion(&typed),
        other => return Err(other),
    }
    .map(|()| 0))
}
