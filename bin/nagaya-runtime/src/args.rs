//! What was typed: options common to all commands, and the way to read those of one.

use std::ffi::OsString;
use std::path::PathBuf;

use fault::{Fault, Kind, Result};
use launch::CgroupManager;
use lexopt::{Arg, Parser, ValueExt};

use crate::log;

/// Options before the command.
#[derive(Debug, Default)]
pub(crate) struct Global {
    /// `--root`.
    root: Option<PathBuf>,
    /// `--log`: where errors go besides stderr.
    pub(crate) log: Option<log::Target>,
    /// `--log-level error`: no warnings.
    pub(crate) only_errors: bool,
    /// `--cgroup-manager`: who makes cgroups. The one place that knows what was typed about it.
    pub(crate) cgroups: CgroupManager,
    /// `--log-format json`.
    pub(crate) json: bool,
}

impl Global {
    /// Where containers are.
    pub(crate) fn containers(&self) -> launch::Containers {
        launch::Containers::at(self.root())
    }

    fn root(&self) -> PathBuf {
        if let Some(root) = self.root.clone().or_else(|| std::env::var_os("NAGAYA_ROOT").map(PathBuf::from)) {
            return std::path::absolute(&root).unwrap_or(root);
        }
        match std::env::var_os("XDG_RUNTIME_DIR") {
            Some(folder) if !rustix::process::geteuid().is_root() => {
                PathBuf::from(folder).join("nagaya-runtime")
            }
            _ => PathBuf::from("/run/nagaya-runtime"),
        }
    }
}

/// The rest of the command line.
pub(crate) struct Args {
    words: Parser,
    /// What stood behind the `=` of an option with a single dash.
    attached: Option<OsString>,
    /// That option.
    last: String,
}

/// Options that have a name. Callers of runc may write them with a single dash, as Go's programs do; all else with a
/// single dash are letters.
const NAMES: &[&str] = &[
    "additional-gids",
    "all",
    "apparmor",
    "blkio-weight",
    "bundle",
    "cap",
    "cgroup",
    "cgroup-manager",
    "config",
    "console-socket",
    "cpu-burst",
    "cpu-idle",
    "cpu-period",
    "cpu-quota",
    "cpu-rt-period",
    "cpu-rt-runtime",
    "cpu-share",
    "cpuset-cpus",
    "cpuset-mems",
    "criu",
    "cwd",
    "debug",
    "detach",
    "env",
    "explain",
    "force",
    "format",
    "help",
    "ignore-paused",
    "interval",
    "keep",
    "kernel-memory",
    "kernel-memory-tcp",
    "l3-cache-schema",
    "log",
    "log-format",
    "log-level",
    "mem-bw-schema",
    "memory",
    "memory-reservation",
    "memory-swap",
    "no-new-keyring",
    "no-new-privs",
    "no-pivot",
    "no-subreaper",
    "pid-file",
    "pidfd-socket",
    "pids-limit",
    "preserve-fds",
    "process",
    "process-label",
    "quiet",
    "regex",
    "resources",
    "root",
    "rootless",
    "stats",
    "systemd-cgroup",
    "trace",
    "tty",
    "user",
    "version",
];

/// One word of it.
pub(crate) enum Word {
    /// `-x` or `--name`.
    Option(String),
    /// Anything else.
    Value(String),
}

impl Args {
    pub(crate) fn of_process() -> Args {
        Args { words: Parser::from_env(), attached: None, last: String::new() }
    }

    /// Reads options up to the command's name.
    pub(crate) fn global(&mut self, global: &mut Global) -> Result<String> {
        while let Some(word) = self.next()? {
            match word {
                Word::Value(verb) => return Ok(verb),
                Word::Option(name) => match name.as_str() {
                    "root" => global.root = Some(self.value("root")?.into()),
                    "log" => global.log = Some(log::Target::parse(&self.value("log")?)),
                    "log-format" => global.json = log_format(&self.text("log-format")?)?,
                    "log-level" => global.only_errors = only_errors(&self.text("log-level")?)?,
                    "cgroup-manager" => global.cgroups = cgroup_manager(&self.text("cgroup-manager")?)?,
                    // Said by callers of runc; what they ask for is always so.
                    "debug" => {}
                    "rootless" => drop(self.optional_value()),
                    "criu" => drop(self.value("criu")?),
                    "systemd-cgroup" if self.optional_value().is_some_and(|value| value == "false") => {}
                    "systemd-cgroup" => global.cgroups = CgroupManager::Systemd,
                    "version" | "v" => return Ok("version".to_string()),
                    "help" | "h" => return Ok("help".to_string()),
                    other => return Err(unknown(other)),
                },
            }
        }
        Ok("help".to_string())
    }

    /// The next word, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<Word>> {
        if let Some(value) = self.attached.take() {
            let value = value.to_string_lossy().into_owned();
            return Err(usage(&lexopt::Error::UnexpectedValue {
                option: self.last.clone(),
                value: value.into(),
            }));
        }
        if let Some(name) = self.single_dash() {
            return Ok(Some(Word::Option(name)));
        }
        let word = self.words.next().map_err(|err| usage(&err))?;
        Ok(match word {
            None => None,
            Some(Arg::Short(letter)) => Some(Word::Option(letter.to_string())),
            Some(Arg::Long(name)) => Some(Word::Option(name.to_string())),
            Some(Arg::Value(value)) => Some(Word::Value(value.string().map_err(|err| usage(&err))?)),
        })
    }

    /// The name behind a single dash, if the next word is one of those.
    fn single_dash(&mut self) -> Option<String> {
        let mut words = self.words.try_raw_args()?;
        let (name, value) = split(words.peek()?.to_str()?)?;
        words.next();
        self.attached = value;
        self.last.clone_from(&name);
        Some(name)
    }

    /// The value of the option that was just read.
    pub(crate) fn value(&mut self, option: &str) -> Result<OsString> {
        if let Some(value) = self.attached.take() {
            return Ok(value);
        }
        self.words.value().map_err(|_| {
            Fault::new(Kind::Invalid, format!("use `--{option}`")).because("flag needs an argument")
        })
    }

    /// The same, as text.
    pub(crate) fn text(&mut self, option: &str) -> Result<String> {
        self.value(option)?.string().map_err(|err| usage(&err))
    }

    /// The same, as a number.
    pub(crate) fn number(&mut self, option: &str) -> Result<u32> {
        let text = self.text(option)?;
        text.parse().map_err(|_| {
            Fault::new(Kind::Invalid, format!("use `--{option}`"))
                .because(format!("expected a number, got `{text}`"))
        })
    }

    /// All words that are left, as they are: they are for somebody else.
    pub(crate) fn rest(&mut self) -> Result<Vec<String>> {
        let words = self.words.raw_args().map_err(|err| usage(&err))?;
        words.map(|word| word.string().map_err(|err| usage(&err))).collect()
    }

    /// What stands behind `=`, if anything does.
    pub(crate) fn optional_value(&mut self) -> Option<OsString> {
        self.attached.take().or_else(|| self.words.optional_value())
    }
}

/// `--help` anywhere: callers probe commands by it.
pub(crate) fn asks_for_help() -> bool {
    std::env::args_os().skip(1).any(|word| word == "--help" || word == "-h")
}

/// `-name` and `-name=value` of an option that has a name.
fn split(word: &str) -> Option<(String, Option<OsString>)> {
    let word = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.into())),
        None => (word, None),
    };
    NAMES.contains(&name).then(|| (name.to_string(), value))
}

/// crun's levels; we have errors, and warnings.
fn only_errors(level: &str) -> Result<bool> {
    match level {
        "error" => Ok(true),
        "warning" | "info" | "debug" => Ok(false),
        other => Err(Fault::new(Kind::Invalid, "use `--log-level`")
            .because(format!("expected `debug`, `info`, `warning` or `error`, got `{other}`"))),
    }
}

fn cgroup_manager(name: &str) -> Result<CgroupManager> {
    match name {
        "cgroupfs" => Ok(CgroupManager::Cgroupfs),
        "disabled" => Ok(CgroupManager::Disabled),
        "systemd" => Ok(CgroupManager::Systemd),
        other => Err(Fault::new(Kind::Invalid, "use `--cgroup-manager`")
            .because(format!("expected `cgroupfs`, `systemd` or `disabled`, got `{other}`"))),
    }
}

fn log_format(name: &str) -> Result<bool> {
    match name {
        "json" => Ok(true),
        "text" => Ok(false),
        other => Err(Fault::new(Kind::Invalid, "use `--log-format`")
            .because(format!("expected `json` or `text`, got `{other}`"))),
    }
}

/// An option that this command does not have.
pub(crate) fn unknown(option: &str) -> Fault {
    let dashes = if option.chars().count() == 1 { "-" } else { "--" };
    Fault::new(Kind::Invalid, format!("use `{dashes}{option}`"))
        .because("there is no such option")
        .hint("see `nagaya-runtime help`")
}

/// More words than this command takes, or fewer.
pub(crate) fn takes(usage: &str) -> Fault {
    Fault::new(Kind::Invalid, "understand the command").because(format!("it is used as `{usage}`"))
}

fn usage(err: &lexopt::Error) -> Fault {
    Fault::new(Kind::Invalid, "understand the command").because(err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Vec<String> {
        let mut args = Args { words: Parser::from_args(words), attached: None, last: String::new() };
        let mut seen = Vec::new();
        while let Some(word) = args.next().unwrap() {
            match word {
                Word::Value(value) => seen.push(value),
                Word::Option(name) if ["root", "bundle", "b", "e"].contains(&name.as_str()) => {
                    seen.push(format!("{name}={}", args.text(&name).unwrap()));
                }
                Word::Option(name) => seen.push(name),
            }
        }
        seen
    }

    #[test]
    fn names_may_have_one_dash_and_letters_stay_letters() {
        assert_eq!(read(&["-root", "/x", "-detach", "id"]), ["root=/x", "detach", "id"]);
        assert_eq!(read(&["-root=/x=y", "-bundle=", "-b", "c"]), ["root=/x=y", "bundle=", "b=c"]);
        assert_eq!(read(&["-td", "-eA=b"]), ["t", "d", "e=A=b"]);
        // What an option takes is its own, whatever it looks like, and behind `--` there are no options.
        assert_eq!(read(&["--bundle", "-root", "--", "-root"]), ["bundle=-root", "-root"]);
    }

    #[test]
    fn an_option_that_takes_nothing_has_nothing_left_over() {
        let mut args =
            Args { words: Parser::from_args(["-detach=x", "id"]), attached: None, last: String::new() };
        assert!(matches!(args.next(), Ok(Some(Word::Option(name))) if name == "detach"));
        assert!(args.next().is_err());
    }
}
