//! What was typed: the commands. What the options of `run` mean is in [`crate::cmd::run`].

pub(crate) mod containers;
pub(crate) mod glass;
pub(crate) mod health;
pub(crate) mod images;
pub(crate) mod inside;
pub(crate) mod limits;
pub(crate) mod naming;
pub(crate) mod network;
pub(crate) mod networks;
pub(crate) mod program;
pub(crate) mod quick;
pub(crate) mod run;
pub(crate) mod system;
pub(crate) mod views;
pub(crate) mod volumes;
pub(crate) mod walls;

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
    Run(Box<run::Run>),
    /// Make a container, and do not start it.
    Create(Box<run::Create>),
    /// Print the steps that a command would take, with the reason for each, and do none of them.
    Explain(Explain),
    Start(containers::Start),
    Stop(containers::Stop),
    Restart(containers::Stop),
    Kill(containers::Kill),
    Pause(containers::Pause),
    Unpause(containers::Unpause),
    Wait(containers::Wait),
    Attach(containers::Attach),
    Exec(Box<inside::Exec>),
    Logs(views::Logs),
    Ps(views::List),
    Top(inside::Top),
    Stats(inside::Stats),
    Cp(inside::Cp),
    Diff(inside::Diff),
    Commit(Box<inside::Commit>),
    Rename(containers::Rename),
    Port(views::Port),
    Update(Box<views::Update>),
    Rm(containers::Remove),
    /// The same commands for containers, under their long names.
    #[command(subcommand)]
    Container(containers::Container),
    Pull(images::Pull),
    Push(images::Push),
    Load(images::Load),
    Save(images::Save),
    Import(images::Import),
    Export(images::Export),
    Images(images::List),
    Rmi(images::RemoveImage),
    Tag(images::Tag),
    Inspect(images::Inspect),
    History(images::History),
    /// The same commands for images, under their long names.
    #[command(subcommand)]
    Image(images::Image),
    /// What connects containers with each other, and with others.
    #[command(subcommand)]
    Network(networks::Network),
    /// Folders that outlive containers.
    #[command(subcommand)]
    Volume(volumes::Volume),
    Login(system::Login),
    Logout(system::Logout),
    /// The room that things take, and whether they are as they were.
    #[command(subcommand)]
    System(system::System),
    Why(glass::Why),
    Replay(glass::Replay),
    Timeline(glass::Timeline),
    #[command(subcommand)]
    Generate(glass::Generate),
    Completion(glass::Completion),
    Events(views::Events),
    Info(views::Info),
    Version(views::Version),
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(subcommand)]
    pub(crate) verb: Explained,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Explained {
    /// The steps of `nagaya run`, with the same options.
    Run(Box<run::Run>),
    /// The steps of `nagaya exec`, with the same options, in a container that runs.
    Exec(Box<inside::Exec>),
}
