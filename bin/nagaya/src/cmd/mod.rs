//! One file for each command.

mod explain;
mod remove;
mod run;
mod version;

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;
use engine::Engine;
use fault::{Fault, Kind, Result};

use crate::args::{Cli, Explained, Verb};
use crate::say;

/// A command that did not work, and the exit code for it.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    pub(crate) code: u8,
}

/// Of all commands but `run`.
const FAILED: u8 = 1;
/// Of `run`, for what is not the program's.
const OURS: u8 = 125;

/// Runs what was typed.
pub(crate) fn run(words: Vec<OsString>) -> std::result::Result<u8, Failed> {
    // What was typed may be what was typed wrong, so the verb is looked for among the first words.
    let usage = if words.iter().skip(1).take(4).any(|word| word == "run") { OURS } else { FAILED };
    let failed = |code| move |fault| Failed { fault, code };
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(err) => return understand(&err).map_err(failed(usage)),
    };
    let engine = Engine::at(&cli.root.unwrap_or_else(engine::default_root));
    match cli.verb {
        Verb::Run(typed) => run::run(*typed, &engine).map_err(|fault| {
            let code = if fault.sentence().contains(run::NOT_A_TERMINAL) {
                FAILED
            } else {
                engine::exit_code(&fault)
            };
            Failed { fault, code }
        }),
        Verb::Explain(typed) => {
            let Explained::Run(typed) = typed.verb;
            explain::run(*typed, &engine).map_err(failed(FAILED))
        }
        Verb::Rm(typed) => remove::run(&typed, &engine).map_err(failed(FAILED)),
        Verb::Version => version::run().map_err(failed(FAILED)),
    }
}

/// Help and version are answers; everything else is a fault.
fn understand(err: &clap::Error) -> Result<u8> {
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
                .hint("see `nagaya --help`, `nagaya run --help`"))
        }
    }
}
