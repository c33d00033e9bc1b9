//! From what is typed to what may come next, by the definition of the command line.

use clap::{Arg, ArgAction, Command};

use super::names::{Kind, kinds};

/// A word, and what it means.
type Candidate = (String, String);

/// What the value of `--root` is, if it is typed.
pub(super) fn root(words: &[String]) -> Option<String> {
    let typed = words.split_last()?.1;
    let attached = typed.iter().find_map(|word| word.strip_prefix("--root=").map(String::from));
    attached.or_else(|| typed.windows(2).find(|two| two[0] == "--root").map(|two| two[1].clone()))
}

/// What the last of `words` may become; nothing if that is no matter of ours. `names` has all of a kind.
pub(super) fn candidates(
    whole: &Command,
    words: &[String],
    names: &dyn Fn(Kind) -> Vec<String>,
) -> Option<Vec<Candidate>> {
    let (last, before) = words.split_last()?;
    let mut found = match place(whole, before, last) {
        Place::Value(arg, typed) => values(arg, typed, names)?,
        Place::Option(command) => options(command),
        Place::Verb(command) => verbs(command),
        Place::Others => return None,
    };
    found.retain(|(word, _)| word.starts_with(last.as_str()));
    Some(found)
}

/// Where the last word stands.
enum Place<'a> {
    /// A value, behind what is typed of the word already: `--network=`.
    Value(&'a Arg, &'a str),
    Option(&'a Command),
    Verb(&'a Command),
    /// Words of a program in a container, or one too many.
    Others,
}

fn place<'a>(whole: &'a Command, before: &[String], last: &'a str) -> Place<'a> {
    let (mut command, mut at, mut only_words) = (whole, 0, false);
    let mut pending = None;
    for word in before {
        if pending.take().is_some() {
            continue;
        }
        if !only_words && word.len() > 1 && word.starts_with('-') {
            only_words = word == "--";
            pending = if word.contains('=') { None } else { option(command, word) };
            continue;
        }
        if let Some(inner) = command.find_subcommand(word).filter(|_| at == 0) {
            command = inner;
        } else {
            // What stands behind is the program's.
            only_words |= positional(command, at).is_some_and(Arg::is_trailing_var_arg_set);
            at += 1;
        }
    }
    if let Some(arg) = pending {
        return Place::Value(arg, "");
    }
    if !only_words && last.starts_with('-') {
        let attached = last.split_once('=').and_then(|(name, _)| option(command, name));
        return match attached {
            Some(arg) => Place::Value(arg, &last[..=last.find('=').unwrap_or(0)]),
            None => Place::Option(command),
        };
    }
    if command.has_subcommands() {
        return Place::Verb(command);
    }
    let is_first = positional(command, at.saturating_sub(1)).is_none_or(|arg| !arg.is_trailing_var_arg_set());
    match positional(command, at).filter(|_| at == 0 || is_first) {
        Some(arg) => Place::Value(arg, ""),
        None => Place::Others,
    }
}

/// The one that stands there; the last one may stand for several.
fn positional(command: &Command, at: usize) -> Option<&Arg> {
    let all: Vec<_> = command.get_positionals().collect();
    let more = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Append);
    all.get(at).copied().or_else(|| all.last().copied().filter(more))
}

/// An option that waits for its value in the next word, or behind an equals sign.
fn option<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let takes = |arg: &&Arg| arg.get_action().takes_values() && !arg.is_require_equals_set();
    if let Some(name) = word.strip_prefix("--") {
        let has = |arg: &&Arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
        };
        return command.get_opts().find(has).filter(takes);
    }
    // Of `-it`, the last; of `-eA=b`, none is left to be typed.
    let letters = word.strip_prefix('-')?;
    let of = |letter: char| command.get_opts().find(|arg| arg.get_short() == Some(letter)).filter(takes);
    let (at, arg) = letters.char_indices().find_map(|(at, letter)| of(letter).map(|arg| (at, arg)))?;
    (at + 1 == letters.len()).then_some(arg)
}

fn values(arg: &Arg, typed: &str, names: &dyn Fn(Kind) -> Vec<String>) -> Option<Vec<Candidate>> {
    let possible = arg.get_possible_values();
    let shown = possible.iter().filter(|value| !value.is_hide_set());
    let mut words: Vec<_> = shown.map(|value| value.get_name().to_string()).collect();
    let asked = arg.get_value_names().and_then(<[_]>::first).map_or(&[] as &[Kind], |name| kinds(name));
    if words.is_empty() && asked.is_empty() {
        return None;
    }
    words.extend(asked.iter().flat_map(|kind| names(*kind)));
    words.sort();
    words.dedup();
    Some(words.into_iter().map(|word| (format!("{typed}{word}"), String::new())).collect())
}

fn options(command: &Command) -> Vec<Candidate> {
    let mut all = vec![("--help".to_string(), "Print help".to_string())];
    for arg in command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set()) {
        let help = first_line(arg.get_help());
        let short = arg.get_short().map(|letter| format!("-{letter}"));
        let long = arg.get_long().map(|name| format!("--{name}"));
        all.extend(short.into_iter().chain(long).map(|word| (word, help.clone())));
    }
    all
}

fn verbs(command: &Command) -> Vec<Candidate> {
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    shown.map(|verb| (verb.get_name().to_string(), first_line(verb.get_about()))).collect()
}

fn first_line(help: Option<&clap::builder::StyledStr>) -> String {
    let text = help.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory;

    /// What a line may become, its last word being what stands behind the last space; nothing if that is not ours.
    fn complete(line: &str) -> Option<Vec<String>> {
        let words: Vec<_> = line.split(' ').map(String::from).collect();
        let names = |kind: Kind| vec![format!("{kind:?}").to_lowercase(), "x".to_string()];
        let found = candidates(&Cli::command(), &words, &names)?;
        Some(found.into_iter().map(|(word, _)| word).collect())
    }

    #[test]
    fn names_stand_where_help_says_so() {
        for (line, expected) in [
            ("stop ", "container x"),
            ("stop -t 3 web c", "container"),
            ("--root /r container rm -f ", "container x"),
            ("rmi x", "x"),
            ("image rm a ", "image x"),
            ("run ", "image x"),
            ("run -it --network ", "network x"),
            ("run -it --network=n", "--network=network"),
            ("run -v a:b --rm i", "image"),
            ("run --volumes-from ", "container x"),
            ("network rm ", "network x"),
            ("network connect ", "network x"),
            ("network connect a ", "container x"),
            ("volume rm a b ", "volume x"),
            ("inspect ", "container image network volume x"),
            ("start -- ", "container x"),
            ("exec -e A ", "container x"),
            ("tag ", "image x"),
            ("push ", "image x"),
            ("completion z", "zsh"),
        ] {
            assert_eq!(complete(line).map(|words| words.join(" ")).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_not_ours_is_left_to_the_shell() {
        for line in
            ["run -v ", "run image ", "run image -", "exec web ", "exec web ls -", "load -i ", "logs a "]
        {
            assert_eq!(complete(line), None, "{line}");
        }
    }

    #[test]
    fn commands_and_options_come_from_the_one_definition() {
        assert_eq!(complete("re").unwrap(), ["restart", "rename", "replay"]);
        assert_eq!(complete("network cr").unwrap(), ["create"]);
        assert!(complete("run --memory-").unwrap().contains(&"--memory-swap".to_string()));
        let short = complete("ps -").unwrap();
        assert!(short.contains(&"-a".to_string()) && short.contains(&"--help".to_string()));
        assert_eq!(complete("nope "), Some(complete("").unwrap()));
        let words = ["--root", "/r", "ps", ""].map(String::from);
        assert_eq!(root(&words).as_deref(), Some("/r"));
        assert_eq!(root(&["--root".to_string()]), None);
    }
}
