//! One file for each command.

mod containers;
mod events;
mod explain;
mod filter;
mod glass;
mod image;
mod images;
mod info;
mod inspect;
mod login;
mod networks;
mod prune;
mod system;
mod version;
mod volumes;

use std::ffi::OsString;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, FromArgMatches};
use fault::{Fault, Kind, Result};

use crate::args::{Cli, Explained, Verb, quick};
use crate::say;

/// A command that did not work, and the exit code for it.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    pub(crate) code: u8,
}

/// Of all commands but `run`.
const FAILED: u8 = 1;
/// Docker's, where a template is none and the command is about no table.
const NO_TEMPLATE: u8 = 64;
/// Of `run`, for what is not the program's.
const OURS: u8 = 125;

/// Runs what was typed.
pub(crate) fn run(words: &[OsString]) -> std::result::Result<u8, Failed> {
    // What was typed may be what was typed wrong, so the verb is looked for among the first words.
    let first =
        |names: [&str; 2]| words.iter().skip(1).take(4).any(|word| names.iter().any(|name| word == name));
    let usage = if first(["run", "create"]) && !first(["network", "volume"]) { OURS } else { FAILED };
    let failed = |code| move |fault| Failed { fault, code };
    let of_template = |fault: Fault| {
        let code = if fault.sentence().contains("template parsing error") { NO_TEMPLATE } else { FAILED };
        Failed { fault, code }
    };
    let understood = |words: &[OsString]| {
        let typed = override_all(Cli::command()).try_get_matches_from(words)?;
        Cli::from_arg_matches(&typed)
    };
    let cli = match quick::parse(words, override_all).map_or_else(|| understood(words), Ok) {
        Ok(cli) => cli,
        Err(err) => {
            // Docker's client has this code for options that it does not know.
            let code = if is_about_option(&err) { OURS } else { usage };
            return understand(&err, words).map_err(failed(code));
        }
    };
    let root = cli.root.unwrap_or_else(container::default_root);
    let verb = match inspect::run(cli.verb, &root) {
        Ok(done) => return done.map_err(of_template),
        Err(other) => other,
    };
    let verb = match images::run(verb, &root) {
        Ok(done) => return done.map_err(failed(FAILED)),
        Err(other) => other,
    };
    let verb = match containers::run(verb, &root) {
        Ok(done) => return done,
        Err(other) => other,
    };
    let verb = match glass::run(verb, &root) {
        Ok(done) => return done.map_err(failed(FAILED)),
        Err(other) => other,
    };
    match verb {
        Verb::Explain(typed) => {
            let explained = match typed.verb {
                Explained::Run(typed) => explain::run(*typed, &root),
                Explained::Exec(typed) => explain::exec(&typed, &root),
            };
            explained.map_err(failed(FAILED))
        }
        Verb::Login(typed) => login::log_in(&typed).map(|()| 0).map_err(failed(FAILED)),
        Verb::Logout(typed) => login::log_out(&typed).map(|()| 0).map_err(failed(FAILED)),
        Verb::Network(verb) => networks::run(&verb, &root).map_err(of_template),
        Verb::Volume(verb) => volumes::run(&verb, &root).map_err(failed(FAILED)),
        Verb::System(verb) => system::run(&verb, &root).map(|()| 0).map_err(failed(FAILED)),
        Verb::Events(typed) => events::run(&typed, &root).map_err(of_template),
        Verb::Info(typed) => info::run(&typed, &root).map_err(of_template),
        Verb::Version(typed) => version::run(&typed).map_err(of_template),
        // All others were taken above.
        _ => Ok(FAILED),
    }
}

/// As in docker, of an option that comes twice the later one counts; and what follows one that takes a value is its value,
/// whatever it begins with: `--memory-swap -1`.
fn override_all(command: clap::Command) -> clap::Command {
    let takes = |arg: clap::Arg| {
        let takes = !arg.is_positional() && arg.get_action().takes_values() && !arg.is_require_equals_set();
        if takes { arg.allow_hyphen_values(true) } else { arg }
    };
    command.args_override_self(true).mut_args(takes).mut_subcommands(override_all)
}

/// It is about an option that nobody knows, or about its value.
fn is_about_option(err: &clap::Error) -> bool {
    let argument = err.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let kinds = [ErrorKind::UnknownArgument, ErrorKind::ValueValidation, ErrorKind::InvalidValue];
    kinds.contains(&err.kind()) && argument.starts_with('-')
}

/// Help and version are answers; everything else is a fault.
fn understand(err: &clap::Error, typed: &[OsString]) -> Result<u8> {
    let text = err.to_string();
    match err.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => say::print(&text).map(|()| 0),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            say::talk(&text);
            Ok(FAILED)
        }
        _ => {
            // The first paragraph says what is wrong; the rest is usage.
            let first = text.split("\n\n").next().unwrap_or_default();
            let words: Vec<_> = first.trim_start_matches("error: ").split_whitespace().collect();
            Err(Fault::new(Kind::Invalid, "understand the command")
                .because(words.join(" "))
                .hint(hint(&text, typed)))
        }
    }
}

/// What clap has found that looks like it, and where the command is told.
fn hint(text: &str, words: &[OsString]) -> String {
    let similar = text.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
    let similar = similar.map(|similar| format!("{similar}; ")).unwrap_or_default();
    format!("{similar}see `{} --help`", command(words).join(" "))
}

/// The names of the command that was meant, as far as there are such.
fn command(words: &[OsString]) -> Vec<String> {
    let mut at = Cli::command();
    let mut names = vec![at.get_name().to_string()];
    for word in words.iter().skip(1) {
        if let Some(next) = at.find_subcommand(word).cloned() {
            names.push(next.get_name().to_string());
            at = next;
        }
    }
    names
}
