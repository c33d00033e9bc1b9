//! The command line of the bench.

use crate::Result;

/// What `--help` says.
pub(crate) const HELP: &str = "\
usage: cargo bench --bench launch -- [OPTIONS]
  --rounds N   measured rounds (default 100); a tenth of that comes before as warm-up
  --quick      ten rounds
  --json       one JSON object per figure on stdout; the tables go to stderr";

/// The command line of the bench.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Rounds that are measured.
    pub(crate) rounds: usize,
    /// Figures as JSON lines on stdout.
    pub(crate) json: bool,
    /// Print the usage and end.
    pub(crate) help: bool,
    /// We are in the private mount namespace already; given by ourselves.
    pub(crate) inside: bool,
}

impl Options {
    /// Reads the command line.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options { rounds: 100, json: false, help: false, inside: false };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => options.rounds = number(args.next())?,
                "--quick" => options.rounds = 10,
                "--json" => options.json = true,
                "--help" | "-h" => options.help = true,
                "--inside" => options.inside = true,
                // `cargo bench` itself adds this.
                "--bench" => {}
                unknown => return Err(format!("cannot use option `{unknown}`\n{HELP}")),
            }
        }
        Ok(options)
    }

    /// Rounds that come first and are not counted: files get cached, cgroup folders get allocated.
    pub(crate) fn warm_up(&self) -> usize {
        self.rounds.div_ceil(10)
    }
}

fn number(value: Option<String>) -> Result<usize> {
    let value = value.ok_or("cannot use `--rounds` without a number")?;
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("cannot use `{value}` as a number of rounds")),
    }
}
