//! What was typed: the commands. What the options of `run` mean is in [`crate::cmd::run`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A container engine without a daemon.
#[derive(Debug, Parser)]
#[command(
    name = "nagaya",
    bin_name = "nagaya",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Folder for everything that nagaya keeps [default: $NAGAYA_ROOT, or /var/lib/nagaya, or for an ordinary user
    /// ~/.local/share/nagaya].
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a program in a new container.
    Run(Box<Run>),
    /// Print the steps that a command would take, with the reason for each, and do none of them.
    Explain(Explain),
    /// Remove containers; with -f also those that run.
    ///
    /// A container goes by itself when its program ends. This is for what is left when `nagaya run` was killed.
    Rm(Remove),
    /// Print the version.
    Version,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(subcommand)]
    pub(crate) verb: Explained,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Explained {
    /// The steps of `nagaya run`, with the same options.
    Run(Box<Run>),
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// End those that run.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Names of containers.
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
}

/// Options with Docker's names and meaning.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    override_usage = "nagaya run [OPTIONS] IMAGE [COMMAND...]\n       nagaya run [OPTIONS] --rootfs DIR [COMMAND...]",
    after_help = AFTER_HELP
)]
pub(crate) struct Run {
    /// Use this folder as the root, instead of an image; what is written in the container is written there.
    #[arg(long, value_name = "DIR")]
    pub(crate) rootfs: Option<PathBuf>,
    /// Pass your input on to the program.
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Give the program a terminal.
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Remove the container when its program ends: until there are containers that stay, always so.
    #[arg(long)]
    pub(crate) rm: bool,
    /// Name of the container.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Host name in the container.
    #[arg(short = 'h', long)]
    pub(crate) hostname: Option<String>,
    /// Set a variable; NAME alone passes your own on.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Folder that the program starts in; made if it is not there.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) workdir: Option<String>,
    /// User to run as: a name of the container's /etc/passwd, or a number.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,
    /// Mount a file or folder of this machine; one that is not there is made, as a folder.
    #[arg(short, long, value_name = "SOURCE:DESTINATION[:ro]")]
    pub(crate) volume: Vec<String>,
    /// Nothing in the root can be changed.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Limit of memory: 64m, 1g; as much swap again.
    #[arg(short, long, value_name = "BYTES")]
    pub(crate) memory: Option<String>,
    /// Limit of processors: 1.5.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) cpus: Option<String>,
    /// Limit of processes and threads; -1 for none.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) pids_limit: Option<i64>,
    /// `none` (nothing but a loopback), or `host` (this machine's).
    #[arg(long, visible_alias = "net", value_name = "NETWORK", default_value = "none")]
    pub(crate) network: String,
    /// Add a capability, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) cap_add: Vec<String>,
    /// Take a capability away, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) cap_drop: Vec<String>,
    /// All capabilities and devices of this machine, and nothing masked: hardly a wall at all.
    #[arg(long)]
    pub(crate) privileged: bool,
    /// Program to run; COMMAND is then its arguments.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) entrypoint: Option<String>,
    /// Print each step with its time once the program runs.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Print this help.
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// Image and command.
    #[arg(value_name = "IMAGE [COMMAND]...", trailing_var_arg = true)]
    pub(crate) words: Vec<String>,
}

const AFTER_HELP: &str = "\
IMAGE is `host` for now: this machine's own root, to be written to without any effect
on it. People's own files, credentials, other containers and databases are hidden:
`nagaya explain run host` lists them, with the reason for each.

The network is `none` unless you share this machine's by --network host.

The container is removed when its program ends, with --rm and without: containers that
stay come with a later version. If nagaya itself is killed, `nagaya rm -f NAME` removes
what is left, and so does the next run of that name once the program has ended.

Exit codes: 125 if nagaya could not do it, 126 if the program could not be executed,
127 if it was not found, 128+n if signal n ended it; else the program's own.";
