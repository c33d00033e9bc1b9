//! `nagaya`: a container engine with Docker's command line, without a daemon.

mod args;
mod cmd;
mod complete;
mod human;
mod progress;
mod say;
mod table;
mod time;

use std::process::ExitCode;

/// Commands that enter containers, and so must be a program that those cannot change (see `launch::seal`), and how far from
/// the beginning they stand: `nagaya --root DIR container exec`.
const ENTERING: [&str; 3] = ["exec", "cp", "export"];
const WORDS: usize = 4;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == monitor::WORD) {
        // Nobody is there to be told; what went wrong is in the container's state.
        return monitor::main(&words[2..]).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    if words.get(1).is_some_and(|word| word == complete::WORD) {
        return complete::run(&words[2..]).map_or(ExitCode::FAILURE, ExitCode::from);
    }
    // Once, before all that it takes to understand the words; who was not found here is found there.
    if words.iter().skip(1).take(WORDS).any(|word| ENTERING.iter().any(|verb| word == verb))
        && let Err(fault) = launch::seal()
    {
        say::error(&fault);
        return ExitCode::FAILURE;
    }
    match cmd::run(&words) {
        Ok(code) => ExitCode::from(code),
        Err(failed) => {
            let gone = say::reader_is_gone(&failed.fault);
            if gone.is_none() {
                say::error(&failed.fault);
            }
            ExitCode::from(gone.unwrap_or(failed.code))
        }
    }
}
