//! One file for each command: its arguments, and what it does.

mod checkpoint;
mod create;
mod delete;
mod events;
mod exec;
mod features;
mod help;
mod kill;
mod list;
mod pause;
mod ps;
mod spec;
mod start;
mod state;
mod update;

use std::io::Write;
use std::process::ExitCode;

use fault::{Doing, Fault, Kind, Result};
use launch::Containers;
use oci::ContainerId;

use crate::args::{Args, Global, Word, takes, unknown};

/// Runs the command of this name.
pub(crate) fn run(verb: &str, args: Args, global: &Global) -> Result<ExitCode> {
    match verb {
        "create" => create::run(args, global, create::Verb::Create),
        "run" => create::run(args, global, create::Verb::Run),
        "start" => start::run(args, global),
        "state" => state::run(args, global),
        "exec" => Ok(exec::run(args, global)),
        "kill" => kill::run(args, global),
        "delete" => delete::run(args, global),
        "pause" => pause::pause(args, global),
        "resume" => pause::resume(args, global),
        "ps" => ps::run(args, global),
        "events" => events::run(args, global),
        "update" => update::run(args, global),
        "checkpoint" | "restore" => Err(checkpoint::not_supported(verb)),
        "list" => list::run(args, global),
        "spec" => spec::run(args),
        "features" => features::run(),
        "version" => help::version(),
        "help" => help::help(),
        other => Err(Fault::new(Kind::Invalid, format!("run `{other}`"))
            .because("there is no such command")
            .hint("see `nagaya-runtime help`")),
    }
}

/// Whoever asks for the help of what there is not, is told so.
pub(crate) fn has_no_help(verb: &str) -> bool {
    checkpoint::is_one(verb)
}

/// Writes data to stdout. If that is full or closed, the command has failed.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).doing(|| "write to stdout")
}

/// Writes what was done and in which time to stderr.
fn trace(started: &launch::Started) -> Result<()> {
    let mut lines = String::new();
    for (step, took) in &started.trace.steps {
        lines.push_str(&plan::trace_line(step, *took));
        lines.push('\n');
    }
    let whole = started.trace.whole.as_micros();
    let mut out = std::io::stderr().lock();
    out.write_all(lines.as_bytes())
        .and_then(|()| writeln!(out, "{whole:>8} us  in all"))
        .doing(|| "write the trace")
}

/// Does something to each container whose name an extended regular expression fits in some part. One that fails
/// keeps nobody else from it; the first failure is told.
fn each(all: &Containers, expression: &str, act: impl FnMut(&ContainerId) -> Result<()>) -> Result<()> {
    let regex = sys::regex::Regex::parse(expression).doing(|| format!("use `--regex {expression}`"))?;
    let names = all.names()?;
    let fit = names.iter().filter(|name| regex.fits(name.as_str()));
    fit.map(act).fold(Ok(()), Result::and)
}

/// Reads the one name of a command that has no options.
fn only_id(mut args: Args, usage: &str) -> Result<ContainerId> {
    let mut id = None;
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) if id.is_none() => id = Some(value),
            Word::Value(_) => return Err(takes(usage)),
            Word::Option(name) => return Err(unknown(&name)),
        }
    }
    id.ok_or_else(|| takes(usage))?.parse()
}
