//! What was typed: options common to all commands, and the way to read those of one.

use std::ffi::OsString;
use std::path::PathBuf;

use fault::{Fault, Kind, Result};
use lexopt::{Arg, Parser, ValueExt};

/// Options before the command.
#[derive(Debug, Default)]
pub(crate) struct Global {
    /// `--root`.
    root: Option<PathBuf>,
    /// `--log`: where errors go besides stderr.
    pub(crate) log: Option<PathBuf>,
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
pub(crate) struct Args(Parser);

/// One word of it.
pub(crate) enum Word {
    /// `-x` or `--name`.
    Option(String),
    /// Anything else.
    Value(String),
}

impl Args {
    pub(crate) fn of_process() -> Args {
        Args(Parser::from_env())
    }

    /// Reads options up to the command's name.
    pub(crate) fn global(&mut self, global: &mut Global) -> Result<String> {
        while let Some(word) = self.next()? {
            match word {
                Word::Value(verb) => return Ok(verb),
                Word::Option(name) => match name.as_str() {
                    "root" => global.root = Some(self.value("root")?.into()),
                    "log" => global.log = Some(self.value("log")?.into()),
                    "log-format" => global.json = log_format(&self.text("log-format")?)?,
                    // Said by callers of runc; what they ask for is always so.
                    "debug" => {}
                    "rootless" => drop(self.optional_value()),
                    "criu" => drop(self.value("criu")?),
                    "systemd-cgroup" if self.optional_value().is_some_and(|value| value == "false") => {}
                    "systemd-cgroup" => {
                        return Err(Fault::new(Kind::Unsupported, "use `--systemd-cgroup`")
                            .because("cgroups are not made by systemd yet")
                            .hint("leave it out; in docker: `native.cgroupdriver=cgroupfs`"));
                    }
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
        let word = self.0.next().map_err(|err| usage(&err))?;
        Ok(match word {
            None => None,
            Some(Arg::Short(letter)) => Some(Word::Option(letter.to_string())),
            Some(Arg::Long(name)) => Some(Word::Option(name.to_string())),
            Some(Arg::Value(value)) => Some(Word::Value(value.string().map_err(|err| usage(&err))?)),
        })
    }

    /// The value of the option that was just read.
    pub(crate) fn value(&mut self, option: &str) -> Result<OsString> {
        self.0.value().map_err(|_| {
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
        let words = self.0.raw_args().map_err(|err| usage(&err))?;
        words.map(|word| word.string().map_err(|err| usage(&err))).collect()
    }

    /// What stands behind `=`, if anything does.
    pub(crate) fn optional_value(&mut self) -> Option<OsString> {
        self.0.optional_value()
    }
}

/// `--help` anywhere: callers probe commands by it.
pub(crate) fn asks_for_help() -> bool {
    std::env::args_os().skip(1).any(|word| word == "--help" || word == "-h")
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
