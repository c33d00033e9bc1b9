//! What was typed about the program and what it finds around it: Docker's names and meaning.

use std::path::PathBuf;

use clap::Args;

/// The program, and what it finds around it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Program")]
pub(crate) struct Program {
    /// Set a variable; NAME alone passes your own on.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Variables from a file: one on each line.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,
    /// Pass all of your own variables on.
    #[arg(long)]
    pub(crate) env_host: bool,
    /// Take a variable of the image away.
    #[arg(long, value_name = "NAME")]
    pub(crate) unsetenv: Vec<String>,
    /// Take all variables of the image away.
    #[arg(long)]
    pub(crate) unsetenv_all: bool,
    /// Folder that the program starts in; made if it is not there.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) workdir: Option<String>,
    /// User to run as: a name of the container's /etc/passwd, or a number.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,
    /// One more group that the user is in: a name of the container's /etc/group, or a number.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group_add: Vec<String>,
    /// Program to run; COMMAND is then its arguments.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) entrypoint: Option<String>,
    /// Put an init in front, which buries the dead and passes signals on.
    #[arg(long)]
    pub(crate) init: bool,
    /// Setting of the kernel, of its own namespaces: net.core.somaxconn=1024.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) sysctl: Vec<String>,
    /// Domain name in the container.
    #[arg(long, value_name = "NAME")]
    pub(crate) domainname: Option<String>,
    /// Annotation of its config.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) annotation: Vec<String>,
    /// Time zone: local, Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
    /// Mode bits that new files do not get [default: 0022].
    #[arg(long, value_name = "MASK")]
    pub(crate) umask: Option<String>,
    /// What the program takes the kernel for: LINUX, LINUX32.
    #[arg(long, value_name = "PERSONA")]
    pub(crate) personality: Option<String>,
}
