//! The command line of a bench.

use crate::Result;

/// What a bench does if nothing else is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Usual {
    /// Its name.
    pub name: &'static str,
    /// Rounds, and those of `--quick`.
    pub rounds: usize,
    /// Rounds of `--quick`.
    pub quick: usize,
    /// It is in a network namespace of its own.
    pub own_network: bool,
}

impl Usual {
    pub(crate) fn help(&self) -> String {
        let Usual { name, rounds, quick, .. } = self;
        format!(
            "usage: cargo bench --bench {name} -- [OPTIONS]\n  \
               --rounds N   rounds that are measured (default {rounds})\n  \
               --quick      fewer of them ({quick})\n  \
               --json       one JSON object per figure on stdout; the tables go to stderr"
        )
    }
}

/// The command line of a bench.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Rounds that are measured.
    pub rounds: usize,
    /// Figures as JSON lines on stdout.
    pub(crate) json: bool,
    /// Print the usage and end.
    pub(crate) help: bool,
    /// We are in private namespaces already; given by ourselves.
    pub(crate) inside: bool,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>, usual: &Usual) -> Result<Options> {
        let mut options = Options { rounds: usual.rounds, json: false, help: false, inside: false };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => options.rounds = number(args.next())?,
                "--quick" => options.rounds = usual.quick,
                "--json" => options.json = true,
                "--help" | "-h" => options.help = true,
                "--inside" => options.inside = true,
                // `cargo bench` itself adds this.
                "--bench" => {}
                unknown => return Err(format!("cannot use option `{unknown}`\n{}", usual.help())),
            }
        }
        Ok(options)
    }

    /// The same with another number of rounds.
    #[must_use]
    pub fn with_rounds(self, rounds: usize) -> Options {
        Options { rounds, ..self }
    }
}

fn number(value: Option<String>) -> Result<usize> {
    let value = value.ok_or("cannot use `--rounds` without a number")?;
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("cannot use `{value}` as a number of rounds")),
    }
}
