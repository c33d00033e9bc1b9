//! Commands that are about no single thing. Names, options and meaning are Docker's; `system check` is ours.

use clap::{Args, Subcommand};

use super::images::PruneImages;

/// Log in to a registry.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The password; whoever sees your command line sees it.
    #[arg(short, long)]
    pub(crate) password: Option<String>,
    /// Read the password from the standard input.
    #[arg(long, conflicts_with = "password")]
    pub(crate) password_stdin: bool,
    /// The user.
    #[arg(short, long)]
    pub(crate) username: Option<String>,
    /// The registry [default: Docker Hub].
    #[arg(value_name = "SERVER")]
    pub(crate) server: Option<String>,
}

/// Log out of a registry.
#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// The registry [default: Docker Hub].
    #[arg(value_name = "SERVER")]
    pub(crate) server: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum System {
    Df(Df),
    /// Remove containers that have ended, and images that nobody needs. With a filter, containers stay: they have nothing
    /// that a filter could ask for.
    Prune(Prune),
    Check(Check),
    /// Start the containers that are to run after a reboot: see `nagaya generate systemd`.
    Boot,
    Events(super::views::Events),
    Info(super::views::Info),
}

/// What is to be removed.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    #[command(flatten)]
    pub(crate) images: PruneImages,
    /// Volumes without a name that no container uses, too.
    #[arg(long)]
    pub(crate) volumes: bool,
}

/// Show the room that images, containers and volumes take.
#[derive(Debug, Args)]
pub(crate) struct Df {
    /// `table`, `table TEMPLATE`, `json`, or a Go template.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// Show each image.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// Read all that is kept of images, and compare it with what it is called.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Mend what is found: remove what is damaged, and fetch what is missing.
    #[arg(long)]
    pub(crate) repair: bool,
}
