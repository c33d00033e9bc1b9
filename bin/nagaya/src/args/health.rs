//! What was typed about seeing whether a container works.

use clap::Args;

/// How to see that a container works.
#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "they are the names of options")]
pub(crate) struct Health {
    /// Run this in the container, by its shell, to see that it works.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) health_cmd: Option<String>,
    /// Time between two tests: 30s, 1m30s [default: 30s].
    #[arg(long, value_name = "TIME")]
    pub(crate) health_interval: Option<String>,
    /// A test that takes longer has failed [default: 30s].
    #[arg(long, value_name = "TIME")]
    pub(crate) health_timeout: Option<String>,
    /// Time after a start in which failures do not count.
    #[arg(long, value_name = "TIME")]
    pub(crate) health_start_period: Option<String>,
    /// Time between two tests in that period [default: 5s].
    #[arg(long, value_name = "TIME")]
    pub(crate) health_start_interval: Option<String>,
    /// Failures in a row that make it unhealthy [default: 3].
    #[arg(long, value_name = "COUNT")]
    pub(crate) health_retries: Option<u64>,
    /// What to do with one that is unhealthy: none, kill, restart, stop.
    #[arg(long, value_name = "ACTION", default_value = "none")]
    pub(crate) health_on_failure: String,
    /// Do not test it, whatever its image says.
    #[arg(long)]
    pub(crate) no_healthcheck: bool,
}
