//! What was typed to look at containers.

use clap::Args;

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// In Docker's words.
pub(crate) fn filter(text: &str) -> Result<Filter, String> {
    let (name, value) = text.split_once('=').ok_or("bad format of filter (expected name=value)")?;
    Ok(Filter { name: name.trim().to_lowercase(), value: value.trim().to_string() })
}

/// List containers.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Also those that do not run.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Only some: status, name, id, label, ancestor, volume, exited, health, before, since, network, publish, expose.
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// `table TEMPLATE`, `json`, or a template of Go's.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// So many that were created last, whether they run or not.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = -1, hide_default_value = true, allow_negative_numbers = true)]
    pub(crate) last: i64,
    /// The one that was created last, whether it runs or not.
    #[arg(short, long)]
    pub(crate) latest: bool,
    /// Whole ids and commands.
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Ids only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// What they have written takes room: how much.
    #[arg(short, long)]
    pub(crate) size: bool,
}

/// Show what a container has printed.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// With what was said of it at its start: labels and variables of --log-opt.
    #[arg(long)]
    pub(crate) details: bool,
    /// Go on with what it prints from now on.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only what was printed since then: 2026-11-25T12:00:00Z, or 10m ago.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only so many lines from the end, or `all`.
    #[arg(short = 'n', long, value_name = "LINES", default_value = "all", allow_negative_numbers = true)]
    pub(crate) tail: String,
    /// Put the time before each line.
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// Only what was printed until then.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
}

/// Show what happens to containers, images and volumes.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Only some: container, image, volume, network, type, event, label, scope.
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// `json`, or a template of Go's.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Also what has happened since then: 2026-11-25T12:00:00Z, or 10m ago.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Until then, and no longer.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

/// Show the ports of this machine that lead to a container's.
#[derive(Debug, Args)]
pub(crate) struct Port {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
    /// Only of this port of the container's.
    #[arg(value_name = "PORT[/PROTOCOL]")]
    pub(crate) port: Option<String>,
}

/// Change limits of containers, and what happens when their programs end.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// When to start the program again: no, always, unless-stopped, on-failure[:COUNT].
    #[arg(long, value_name = "POLICY")]
    pub(crate) restart: Option<String>,
    /// One more port of this machine that leads to the container's, from now on: as with `run`.
    #[arg(short, long, value_name = "PORTS")]
    pub(crate) publish: Vec<String>,
    /// A port that is published no more: the container's, or as it was given to `run`.
    #[arg(long, value_name = "PORTS")]
    pub(crate) publish_rm: Vec<String>,
    /// Containers.
    #[arg(value_name = "CONTAINER", required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: super::limits::Changeable,
}

/// Remove containers whose program does not run.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Only some: until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE].
    #[arg(long, value_name = "NAME=VALUE", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// Tell what this is, and what it runs on.
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// `json`, or a template of Go's.
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
}

/// Print the version.
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// `json`, or a template of Go's.
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
}
