//! What was typed for `run` and `create`: Docker's names and meaning.

use std::path::PathBuf;

use clap::Args;

use super::limits::Limits;
use super::naming::Naming;
use super::network::Networking;
use super::program::Program;
use super::walls::Walls;

/// Run a program in a new container.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    override_usage = "nagaya run [OPTIONS] IMAGE [COMMAND...]\n       nagaya run [OPTIONS] --rootfs DIR [COMMAND...]",
    after_help = AFTER_HELP
)]
pub(crate) struct Run {
    /// Leave the container in the background, and print its id.
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// Pass signals on to the program [default: true].
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_default_value = true)]
    pub(crate) sig_proxy: Option<bool>,
    /// Keys that leave the container without ending it [default: ctrl-p,ctrl-q].
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,
    /// Print each step with its time once the program runs.
    #[arg(long)]
    pub(crate) trace: bool,
    #[command(flatten)]
    pub(crate) options: Options,
    /// Image and command.
    #[arg(value_name = "IMAGE [COMMAND]...", trailing_var_arg = true)]
    pub(crate) words: Vec<String>,
}

/// Make a container, and do not start it.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    override_usage = "nagaya create [OPTIONS] IMAGE [COMMAND...]\n       nagaya create [OPTIONS] --rootfs DIR [COMMAND...]"
)]
pub(crate) struct Create {
    #[command(flatten)]
    pub(crate) options: Options,
    /// Image and command.
    #[arg(value_name = "IMAGE [COMMAND]...", trailing_var_arg = true)]
    pub(crate) words: Vec<String>,
}

/// What a container is to be like.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Use this folder as the root, instead of an image; what is written in the container is written there.
    #[arg(long, value_name = "DIR")]
    pub(crate) rootfs: Option<PathBuf>,
    /// Keep the program's input open, and pass yours on to it.
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Give the program a terminal.
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Attach to STDIN, STDOUT or STDERR; all that there are, unless some are named.
    #[arg(short, long, value_name = "STREAM")]
    pub(crate) attach: Vec<String>,
    /// Remove the container when its program ends.
    #[arg(long)]
    pub(crate) rm: bool,
    /// When to start the program again: no, always, unless-stopped, on-failure[:COUNT].
    #[arg(long, value_name = "POLICY", default_value = "no")]
    pub(crate) restart: String,
    /// Name of the container.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) health: super::health::Health,
    /// Write the container's id to this file, which must not be there.
    #[arg(long, value_name = "FILE")]
    pub(crate) cidfile: Option<PathBuf>,
    /// A note on the container.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub(crate) label: Vec<String>,
    /// Notes on the container, from a file: one on each line.
    #[arg(long, value_name = "FILE")]
    pub(crate) label_file: Vec<PathBuf>,
    /// Who keeps what it prints: json-file, journald, none.
    #[arg(long, value_name = "DRIVER")]
    pub(crate) log_driver: Option<String>,
    /// How: max-size=10m, max-file=3.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) log_opt: Vec<String>,
    /// What `stop` sends [default: the image's, or SIGTERM].
    #[arg(long, value_name = "SIGNAL")]
    pub(crate) stop_signal: Option<String>,
    /// Seconds until `stop` kills it [default: 10].
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) stop_timeout: Option<i64>,
    /// Host name in the container.
    #[arg(short = 'h', long)]
    pub(crate) hostname: Option<String>,
    /// Mount a file or folder of this machine (one that is not there is made, as a folder), a volume by its name, or a new
    /// one without a name.
    #[arg(short, long, value_name = "[SOURCE:]DESTINATION[:OPTIONS]")]
    pub(crate) volume: Vec<String>,
    /// Mount something: type=bind, volume, tmpfs or image, with src=, dst=, readonly, and more keys of the type.
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub(crate) mount: Vec<String>,
    /// Mount memory.
    #[arg(long, value_name = "DESTINATION[:OPTIONS]")]
    pub(crate) tmpfs: Vec<String>,
    /// Mount what another container has mounted.
    #[arg(long, value_name = "CONTAINER[:ro]")]
    pub(crate) volumes_from: Vec<String>,
    /// Who keeps volumes that are made: `local`.
    #[arg(long, value_name = "DRIVER")]
    pub(crate) volume_driver: Option<String>,
    /// Nothing in the root can be changed.
    #[arg(long)]
    pub(crate) read_only: bool,
    #[command(flatten)]
    pub(crate) networking: Networking,
    /// When to fetch the image from its registry: `missing`, `always`, `never`.
    #[arg(long, value_name = "WHEN", default_value = "missing", value_parser = ["missing", "always", "never"])]
    pub(crate) pull: String,
    /// The platform of the image: linux/arm64, linux/arm/v7.
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// Say nothing while the image is fetched.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) program: Program,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) naming: Naming,
    #[command(flatten)]
    pub(crate) walls: Walls,
    /// Remove a container of the same name first.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Write the number of the first process to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) pidfile: Option<PathBuf>,
    /// `nagaya` is the only one.
    #[arg(long, value_name = "NAME")]
    pub(crate) runtime: Option<String>,
    /// Of Windows; `default` is taken.
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) isolation: Option<String>,
    /// Of docker's signatures, which are no more.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    pub(crate) disable_content_trust: Option<bool>,
    /// Print this help.
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

const AFTER_HELP: &str = "\
IMAGE is a name, as docker has them, or an id. What is not here is fetched from its
registry. The image `host` is built in: this machine's own root, to be written to
without any effect on it. People's own files, credentials, other containers and databases are hidden:
`nagaya explain run host` lists them, with the reason for each.

Root's containers are connected to the network `bridge`, those of others to none, unless --network or
$NAGAYA_NETWORK names another one: `none`, `host` (this machine's own), or one that `nagaya network create` has made.

The container stays when its program has ended, for `nagaya logs`, `nagaya start` and the
like, until `nagaya rm` removes it; with --rm it goes by itself.

Exit codes: 125 if nagaya could not do it, 126 if the program could not be executed,
127 if it was not found, 128+n if signal n ended it; else the program's own.";
