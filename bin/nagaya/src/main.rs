//! `nagaya`: a container engine with Docker's command line, without a daemon.

mod args;
mod cmd;
mod human;
mod progress;
mod say;
mod table;
mod time;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == monitor::WORD) {
        // Nobody is there to be told; what went wrong is in the container's state.
        return monitor::main(&words[2..]).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    match cmd::run(words) {
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
