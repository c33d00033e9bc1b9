//! `nagaya-runtime`: an OCI runtime, with the command line of runc.

mod args;
mod bundle;
mod cmd;
mod log;
mod notify;
mod streams;

use std::process::ExitCode;

use args::{Args, Global};

fn main() -> ExitCode {
    // Whoever started us may ignore it, and then nobody's exit status could be read.
    sys::signals::default_sigchld();
    sys::signals::ignore_sigxfsz();
    let mut args = Args::of_process();
    let mut global = Global::default();
    let done = args.global(&mut global).and_then(|verb| {
        let verb = if args::asks_for_help() && !cmd::has_no_help(&verb) { "help" } else { &verb };
        cmd::run(verb, args, &global)
    });
    match done {
        Ok(code) => code,
        Err(fault) => {
            log::error(&global, &fault);
            ExitCode::FAILURE
        }
    }
}
