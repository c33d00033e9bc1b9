//! `nagaya`: a container engine with Docker's command line, without a daemon.

mod args;
mod cmd;
mod say;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cmd::run(std::env::args_os().collect()) {
        Ok(code) => ExitCode::from(code),
        Err(failed) => {
            say::error(&failed.fault);
            ExitCode::from(failed.code)
        }
    }
}
