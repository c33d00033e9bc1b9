//! Commands for containers.

mod attach;
mod commit;
mod cp;
mod create;
mod diff;
mod each;
pub(super) mod exec;
pub(super) mod export;
mod front;
mod health;
pub(super) mod inspect;
mod kill;
mod list;
mod logs;
mod mounts;
mod networking;
mod pause;
mod port;
mod ports;
pub(super) mod prune;
mod remove;
mod rename;
pub(super) mod request;
pub(super) mod run;
mod start;
mod stats;
mod stop;
mod top;
mod understand;
mod update;
mod wait;

use std::path::Path;

use engine::Engine;

use super::{FAILED, Failed};
use crate::args::Verb;
use crate::args::containers::Container;
use crate::say;

/// Runs a command for containers; gives it back if it is another one.
pub(crate) fn run(verb: Verb, root: &Path) -> Result<Result<u8, Failed>, Verb> {
    let verb = match verb {
        Verb::Container(verb) => verb,
        Verb::Run(typed) => Container::Run(typed),
        Verb::Create(typed) => Container::Create(typed),
        Verb::Start(typed) => Container::Start(typed),
        Verb::Stop(typed) => Container::Stop(typed),
        Verb::Restart(typed) => Container::Restart(typed),
        Verb::Kill(typed) => Container::Kill(typed),
        Verb::Pause(typed) => Container::Pause(typed),
        Verb::Unpause(typed) => Container::Unpause(typed),
        Verb::Wait(typed) => Container::Wait(typed),
        Verb::Attach(typed) => Container::Attach(typed),
        Verb::Exec(typed) => Container::Exec(typed),
        Verb::Top(typed) => Container::Top(typed),
        Verb::Stats(typed) => Container::Stats(typed),
        Verb::Cp(typed) => Container::Cp(typed),
        Verb::Diff(typed) => Container::Diff(typed),
        Verb::Commit(typed) => Container::Commit(typed),
        Verb::Logs(typed) => Container::Logs(typed),
        Verb::Ps(typed) => Container::Ls(typed),
        Verb::Rename(typed) => Container::Rename(typed),
        Verb::Update(typed) => Container::Update(typed),
        Verb::Port(typed) => Container::Port(typed),
        Verb::Rm(typed) => Container::Rm(typed),
        Verb::Export(typed) => Container::Export(typed),
        other => return Err(other),
    };
    Ok(one(verb, root))
}

fn one(verb: Container, root: &Path) -> Result<u8, Failed> {
    let engine = Engine::at(root);
    // What others were killed over is nobody's any more.
    if let Err(fault) = engine.take_back() {
        say::warn(&fault.sentence());
    }
    let failed = |fault| Failed { fault, code: FAILED };
    match verb {
        Container::Run(typed) => run::run(*typed, &engine, root),
        Container::Create(typed) => create::run(*typed, &engine, root),
        Container::Start(typed) => start::run(&typed, &engine),
        Container::Stop(typed) => stop::run(&typed, &engine, stop::After::Nothing).map_err(failed),
        Container::Restart(typed) => stop::run(&typed, &engine, stop::After::Start).map_err(failed),
        Container::Kill(typed) => kill::run(&typed, &engine).map_err(failed),
        Container::Pause(typed) => pause::pause(&typed, &engine).map_err(failed),
        Container::Unpause(typed) => pause::unpause(&typed, &engine).map_err(failed),
        Container::Wait(typed) => wait::run(&typed, &engine).map_err(failed),
        Container::Exec(typed) => exec::run(&typed, &engine),
        Container::Top(typed) => top::run(&typed, &engine).map_err(failed),
        Container::Stats(typed) => stats::run(&typed, &engine).map_err(failed),
        Container::Cp(typed) => cp::run(&typed, &engine).map_err(failed),
        Container::Diff(typed) => diff::run(&typed, &engine).map_err(failed),
        Container::Commit(typed) => commit::run(&typed, &engine, root).map_err(failed),
        Container::Export(typed) => export::run(&typed, &engine).map_err(failed),
        Container::Attach(typed) => attach::run(&typed, &engine).map_err(failed),
        Container::Logs(typed) => logs::run(&typed, &engine).map_err(failed),
        Container::Ls(typed) => list::run(&typed, &engine, root).map_err(failed),
        // Of all kinds of things: `cmd::inspect`.
        Container::Inspect(_) => Ok(0),
        Container::Rename(typed) => rename::run(&typed, &engine).map_err(failed),
        Container::Update(typed) => update::run(&typed, &engine).map_err(failed),
        Container::Port(typed) => port::run(&typed, &engine, root).map_err(failed),
        Container::Prune(typed) => prune::run(&typed, &engine).map_err(failed),
        Container::Rm(typed) => remove::run(&typed, &engine).map_err(failed),
    }
}
