//! What all benches share.
//!
//! - [`run`]: a bench from its command line to its exit code.
//! - [`Report`]: where its figures go.
//! - [`Table`]: medians by what was done and by who did it.
//! - [`Engines`]: ours, docker and podman, each with an image `box`.
//! - [`programs`]: where programs are.
//!
//! In a round everybody has a turn, so a busy minute of the machine hurts all alike. No time is ever a failure: the exit code is 1
//! if something that is installed could not be run, and 2 if the bench itself could not.

mod engines;
mod machine;
mod options;
pub mod programs;
mod report;
mod table;

use std::process::ExitCode;

pub use engines::{Engine, Engines};
pub use machine::UNIFIED;
pub use options::{Options, Usual};
pub use report::{Report, note, talk};
pub use table::{Table, Unit, timed};

/// What went wrong, as a sentence.
pub type Result<T> = std::result::Result<T, String>;

/// Reads the command line, and does it in private namespaces that are the same for all peers.
pub fn run(usual: &Usual, bench: impl FnOnce(Options, &mut Report) -> Result<()>) -> ExitCode {
    match begin(usual, bench) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            talk(&format!("error: {why}"));
            ExitCode::from(2)
        }
    }
}

/// Whether everything could be run.
fn begin(usual: &Usual, bench: impl FnOnce(Options, &mut Report) -> Result<()>) -> Result<bool> {
    let options = Options::parse(std::env::args().skip(1), usual)?;
    if options.help {
        talk(&usual.help());
        return Ok(true);
    }
    if !options.inside {
        return Err(machine::enter_private(usual.own_network));
    }
    machine::prepare()?;
    let mut report = Report::new(options.json);
    report.machine();
    bench(options, &mut report)?;
    Ok(report.is_complete())
}
