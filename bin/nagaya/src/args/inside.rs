//! What was typed for what is inside of containers: their processes and their files.

use std::path::PathBuf;

use clap::Args;

/// Run one more program in a container that runs.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// Leave it in the background; what it prints is lost.
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// Pass your input on to it.
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Give it a terminal.
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Set a variable; NAME alone passes your own on.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Variables from a file, one on each line.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,
    /// Folder that it starts in [default: the container's].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) workdir: Option<String>,
    /// User to run as: a name of the container's /etc/passwd, or a number [default: the container's].
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,
    /// All capabilities of this machine.
    #[arg(long)]
    pub(crate) privileged: bool,
    /// Keys that leave it without ending it [default: ctrl-p,ctrl-q].
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,
    /// Print each step with its time once the program runs.
    #[arg(long)]
    pub(crate) trace: bool,
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
    /// Program and arguments.
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) command: Vec<String>,
}

/// List the processes of a container.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
    /// Options of ps(1) [default: -ef].
    #[arg(value_name = "PS OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) options: Vec<String>,
}

/// Show what containers use, each second anew.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Also those that do not run.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Once, and no more.
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// Whole ids.
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// `table TEMPLATE`, `json`, or a template of Go's.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Containers [default: all that run].
    #[arg(value_name = "CONTAINER")]
    pub(crate) names: Vec<String>,
}

/// Copy files between a container and this machine.
#[derive(Debug, Args)]
#[command(
    override_usage = "nagaya cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n       nagaya cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH"
)]
pub(crate) struct Cp {
    /// Owners come along, with all that files may do.
    #[arg(short, long)]
    pub(crate) archive: bool,
    /// Of a link in the source, copy what it leads to.
    #[arg(short = 'L', long)]
    pub(crate) follow_link: bool,
    /// Say nothing besides.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// What is copied; `-` for a tar from the standard input.
    #[arg(value_name = "SOURCE", allow_hyphen_values = true)]
    pub(crate) source: String,
    /// Where it goes; `-` for a tar to the standard output.
    #[arg(value_name = "DESTINATION", allow_hyphen_values = true)]
    pub(crate) destination: String,
}

/// Show what a container has changed of its image: A for added, C for changed, D for deleted.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
}

/// Make an image of a container and what it has changed.
#[derive(Debug, Args)]
pub(crate) struct Commit {
    /// Who made it.
    #[arg(short, long, default_value = "")]
    pub(crate) author: String,
    /// Change what it runs, by a line of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, STOPSIGNAL.
    #[arg(short, long, value_name = "LINE")]
    pub(crate) change: Vec<String>,
    /// A comment on it.
    #[arg(short, long, default_value = "")]
    pub(crate) message: String,
    /// Hold the container still meanwhile [default: true].
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) pause: Option<bool>,
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
    /// A name for the image.
    #[arg(value_name = "REPOSITORY[:TAG]")]
    pub(crate) image: Option<String>,
}
