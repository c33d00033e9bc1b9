//! What was typed for containers that there are.

use clap::{Args, Subcommand};

/// The commands for containers, under their long names.
#[derive(Debug, Subcommand)]
pub(crate) enum Container {
    /// Run a program in a new container.
    Run(Box<super::run::Run>),
    /// Make a container, and do not start it.
    Create(Box<super::run::Create>),
    Start(Start),
    Stop(Stop),
    Restart(Stop),
    Kill(Kill),
    Pause(Pause),
    Unpause(Unpause),
    Wait(Wait),
    Attach(Attach),
    Exec(Box<super::inside::Exec>),
    Logs(super::views::Logs),
    Top(super::inside::Top),
    Stats(super::inside::Stats),
    Cp(super::inside::Cp),
    Diff(super::inside::Diff),
    Commit(Box<super::inside::Commit>),
    Export(super::images::Export),
    #[command(visible_aliases = ["list", "ps"])]
    Ls(super::views::List),
    Inspect(super::images::Inspect),
    Rename(Rename),
    Port(super::views::Port),
    Update(Box<super::views::Update>),
    Prune(super::views::Prune),
    #[command(visible_alias = "remove")]
    Rm(Remove),
}

/// Start containers that do not run.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Show what it prints, and pass signals on to it.
    #[arg(short, long)]
    pub(crate) attach: bool,
    /// Pass your input on to it.
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Keys that leave the container without ending it [default: ctrl-p,ctrl-q].
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
}

/// Ask programs to end, and end those that do not.
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// What to send [default: the container's own].
    #[arg(short, long, value_name = "SIGNAL")]
    pub(crate) signal: Option<String>,
    /// Seconds until it is killed; -1 for never [default: the container's own, or 10].
    #[arg(short, long, visible_alias = "time", value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) timeout: Option<i64>,
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
}

/// End programs by a signal.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// Which signal.
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL")]
    pub(crate) signal: String,
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
}

/// Hold all processes of containers still.
#[derive(Debug, Args)]
pub(crate) struct Pause {
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
}

/// Let paused containers go on.
#[derive(Debug, Args)]
pub(crate) struct Unpause {
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
}

/// Wait until programs have ended, and print their exit codes.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
}

/// Stand in front of a container that runs.
#[derive(Debug, Args)]
pub(crate) struct Attach {
    /// Pass no input on.
    #[arg(long)]
    pub(crate) no_stdin: bool,
    /// Pass signals on to the program [default: true].
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) sig_proxy: Option<bool>,
    /// Keys that leave the container without ending it [default: ctrl-p,ctrl-q].
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
}

/// Give a container another name.
#[derive(Debug, Args)]
pub(crate) struct Rename {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) old: String,
    /// Its new name.
    #[arg(value_name = "NEW_NAME")]
    pub(crate) new: String,
}

/// Remove containers.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// End those that run.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// And their volumes without a name.
    #[arg(short, long)]
    pub(crate) volumes: bool,
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
}
