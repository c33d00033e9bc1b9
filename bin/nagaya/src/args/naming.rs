//! What was typed about how names are resolved: Docker's names and meaning.

use clap::Args;

/// How the program resolves names.
#[derive(Debug, Args)]
#[command(next_help_heading = "Names")]
pub(crate) struct Naming {
    /// A name server to ask, instead of this machine's.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) dns: Vec<String>,
    /// A suffix that is tried behind a name; `.` for none.
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) dns_search: Vec<String>,
    /// An option of resolv.conf(5): ndots:2.
    #[arg(long, visible_alias = "dns-opt", value_name = "OPTION")]
    pub(crate) dns_option: Vec<String>,
    /// A name that has this address; `host-gateway` is this machine's.
    #[arg(long, value_name = "NAME:ADDRESS")]
    pub(crate) add_host: Vec<String>,
    /// Another container, by a name of your choice.
    #[arg(long, value_name = "CONTAINER[:NAME]")]
    pub(crate) link: Vec<String>,
}
