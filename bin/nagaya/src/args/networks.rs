//! What was typed for networks. Names, options and meaning are Docker's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::{Args, Subcommand};

use super::views::{Filter, filter};

#[derive(Debug, Subcommand)]
pub(crate) enum Network {
    Create(Box<Create>),
    #[command(visible_alias = "list")]
    Ls(List),
    Inspect(Inspect),
    #[command(visible_alias = "remove")]
    Rm(Remove),
    Prune(Prune),
    Connect(Connect),
    Disconnect(Disconnect),
    Doctor(Doctor),
}

/// Follow a packet from outside to a container, and tell where it is dropped, and by which rule.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The address of this machine that is asked [default: the one by which it reaches the world].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<IpAddr>,
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) name: String,
}

/// Make a network, and print its id.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Who carries its packets: bridge, macvlan, ipvlan.
    #[arg(short, long, value_name = "DRIVER", default_value = "bridge")]
    pub(crate) driver: String,
    /// Its addresses: 172.28.0.0/16 [default: some that nobody has].
    #[arg(long, value_name = "SUBNET", value_delimiter = ',')]
    pub(crate) subnet: Vec<String>,
    /// Where what is for elsewhere is sent [default: the first address].
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) gateway: Vec<IpAddr>,
    /// Addresses that containers get by themselves [default: all].
    #[arg(long, value_name = "SUBNET", value_delimiter = ',')]
    pub(crate) ip_range: Vec<String>,
    /// An address that somebody else has.
    #[arg(long, value_name = "NAME=ADDRESS")]
    pub(crate) aux_address: Vec<String>,
    /// Nothing of it leads anywhere else.
    #[arg(long)]
    pub(crate) internal: bool,
    /// Addresses of IPv6 too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true)]
    pub(crate) ipv6: bool,
    /// A note on it.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) label: Vec<String>,
    /// Of the driver: com.docker.network.bridge.name, com.docker.network.driver.mtu, parent, macvlan_mode, ...
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) opt: Vec<String>,
    /// Who gives addresses away: `default`.
    #[arg(long, value_name = "DRIVER", default_value = "default", hide_default_value = true)]
    pub(crate) ipam_driver: String,
    /// Containers can be connected by hand, as to all.
    #[arg(long)]
    pub(crate) attachable: bool,
    /// Its name.
    #[arg(value_name = "NETWORK")]
    pub(crate) name: String,
}

/// List networks.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// driver=DRIVER, id=DIGITS, label=KEY[=VALUE], name=PART, scope=local, type=custom|builtin, dangling=BOOL.
    #[arg(short, long, value_name = "FILTER", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// `table`, `table TEMPLATE`, `json`, or a Go template.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Whole ids.
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Ids only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Show all that is known of networks.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// `json`, or a Go template.
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// As without it.
    #[arg(short, long, hide = true)]
    pub(crate) verbose: bool,
    /// Networks.
    #[arg(value_name = "NETWORK", required = true)]
    pub(crate) names: Vec<String>,
}

/// Remove networks that no container is connected to.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// One that is not there is no failure.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Networks.
    #[arg(value_name = "NETWORK", required = true)]
    pub(crate) names: Vec<String>,
}

/// Remove all networks that no container is connected to.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE].
    #[arg(long, value_name = "FILTER", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// Connect a container to a network, also one that runs.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// Another name for it on the network.
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Vec<String>,
    /// Its address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ip: Option<Ipv4Addr>,
    /// Its address of IPv6.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ip6: Option<Ipv6Addr>,
    /// Another container, and a name for it.
    #[arg(long, value_name = "CONTAINER[:NAME]")]
    pub(crate) link: Vec<String>,
    /// The network.
    #[arg(value_name = "NETWORK")]
    pub(crate) network: String,
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: String,
}

/// Disconnect a container from a network, also one that runs.
#[derive(Debug, Args)]
pub(crate) struct Disconnect {
    /// Also one that is not there any more.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// The network.
    #[arg(value_name = "NETWORK")]
    pub(crate) network: String,
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: String,
}
