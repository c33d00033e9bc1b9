//! What scripts type a thousand times, understood without building all sixty commands, which is most of what a command took
//! before it did anything. Whatever is not understood here, help included, is left to the whole command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, Args, Command, FromArgMatches, value_parser};

use super::{Cli, containers, images, inside, run, views};

/// The command line, if it is of a command that is known here, and well-formed.
pub(crate) fn parse(words: &[OsString], finish: fn(Command) -> Command) -> Option<Cli> {
    let at = if words.get(1)? == "--root" { 3 } else { 1 };
    let verb = command(words.get(at)?.to_str()?)?;
    let root = Arg::new("root").long("root").value_parser(value_parser!(PathBuf));
    let whole = Command::new("nagaya").arg(root).subcommand_required(true).subcommand(verb);
    let matches = finish(whole).try_get_matches_from(words).ok()?;
    Cli::from_arg_matches(&matches).ok()
}

fn command(word: &str) -> Option<Command> {
    Some(match word {
        "run" => run::Run::augment_args(Command::new("run")),
        "create" => run::Create::augment_args(Command::new("create")),
        "exec" => inside::Exec::augment_args(Command::new("exec")),
        "start" => containers::Start::augment_args(Command::new("start")),
        "stop" => containers::Stop::augment_args(Command::new("stop")),
        "kill" => containers::Kill::augment_args(Command::new("kill")),
        "wait" => containers::Wait::augment_args(Command::new("wait")),
        "rm" => containers::Remove::augment_args(Command::new("rm")),
        "ps" => views::List::augment_args(Command::new("ps")),
        "logs" => views::Logs::augment_args(Command::new("logs")),
        "inspect" => images::Inspect::augment_args(Command::new("inspect")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn both_ways_understand_the_same() {
        for line in [
            "run -it --rm -v /a:/b -e A=b --memory 1g --name web image sh -c x",
            "--root /x run --net none image -v",
            "create --rm image",
            "exec -u 1 -e A web sh -c -x",
            "start -a web",
            "stop -t 1 web db",
            "kill -s HUP web",
            "wait web",
            "rm -fv web",
            "ps -aq --filter name=web --format {{.ID}}",
            "logs -f --tail 3 web",
            "inspect -f {{.Id}} --type container web",
        ] {
            let words: Vec<_> =
                std::iter::once("nagaya").chain(line.split(' ')).map(OsString::from).collect();
            let quick = parse(&words, |command| command).map(|cli| format!("{cli:?}"));
            let whole = Cli::try_parse_from(&words).map(|cli| format!("{cli:?}")).ok();
            assert!(quick.is_some(), "{line}");
            assert_eq!(quick, whole, "{line}");
        }
        for line in ["run --help", "run --nope", "--version", "images", "ps extra words", ""] {
            let words: Vec<_> =
                std::iter::once("nagaya").chain(line.split(' ')).map(OsString::from).collect();
            assert!(parse(&words, |command| command).is_none(), "{line}");
        }
    }
}
