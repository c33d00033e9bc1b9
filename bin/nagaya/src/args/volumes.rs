//! What was typed for volumes. Names, options and meaning are Docker's.

use clap::{Args, Subcommand};

use super::views::{Filter, filter};

#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    Create(Create),
    #[command(visible_alias = "list")]
    Ls(List),
    Inspect(Inspect),
    #[command(visible_alias = "remove")]
    Rm(Remove),
    Prune(Prune),
}

/// Make a volume, and print its name. One that is there stays as it is.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Who keeps it: `local`.
    #[arg(short, long, value_name = "DRIVER", default_value = "local")]
    pub(crate) driver: String,
    /// A note on it.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) label: Vec<String>,
    /// What is mounted in its place: type=TYPE, device=DEVICE, o=OPTIONS, as mount(8) has them.
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) opt: Vec<String>,
    #[arg(long = "name", hide = true)]
    pub(crate) old_name: Option<String>,
    /// Its name [default: one that nobody has].
    #[arg(value_name = "VOLUME")]
    pub(crate) name: Option<String>,
}

/// List volumes.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// dangling=BOOL, driver=DRIVER, label=KEY[=VALUE], name=PART.
    #[arg(short, long, value_name = "FILTER", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// `table`, `table TEMPLATE`, `json`, or a Go template.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Names only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Show all that is known of volumes.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// `json`, or a Go template.
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Volumes.
    #[arg(value_name = "VOLUME", required = true)]
    pub(crate) names: Vec<String>,
}

/// Remove volumes that no container uses.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// One that is not there is no failure.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Volumes.
    #[arg(value_name = "VOLUME", required = true)]
    pub(crate) names: Vec<String>,
}

/// Remove volumes without a name that no container uses.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Those with a name too.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// label=KEY[=VALUE], label!=KEY[=VALUE].
    #[arg(long, value_name = "FILTER", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) force: bool,
}
