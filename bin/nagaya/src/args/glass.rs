//! What was typed for the glass box: why, how and in which time.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Say what became of a container, and why: its end, its memory, its health, its last words.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
}

/// Print the `docker` line that a container was made by.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
}

/// Show the steps of a container's last start, and the time of each.
#[derive(Debug, Args)]
pub(crate) struct Timeline {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
    /// JSON, in microseconds, in the place of a picture.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print files for other programs.
#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// A unit for systemd that starts containers after a reboot: those with --restart always, and those with
    /// unless-stopped that nobody had stopped.
    Systemd,
    /// A manual page for each command.
    Man {
        /// Where to put them.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Print a script by which a shell completes what is typed.
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// Which shell.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// A shell that there is a script for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}
