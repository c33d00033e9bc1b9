//! What was typed about a container's networks: Docker's names and meaning.

use std::net::{Ipv4Addr, Ipv6Addr};

use clap::Args;

/// Networks that a container is connected to, and ports that lead to it.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct Networking {
    /// `none` (nothing but a loopback), `host` (this machine's), `bridge`, a network by its name, container:NAME, ns:PATH; more
    /// than one, of networks; with options: name=NAME,alias=ALIAS,ip=ADDRESS,ip6=ADDRESS,mac-address=ADDRESS [default: $NAGAYA_NETWORK, or for root bridge, for anybody else none].
    #[arg(long, visible_alias = "net", value_name = "NETWORK")]
    pub(crate) network: Vec<String>,
    /// Another name for it on the network.
    #[arg(long, visible_alias = "net-alias", value_name = "NAME")]
    pub(crate) network_alias: Vec<String>,
    /// Its address on the network.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ip: Option<Ipv4Addr>,
    /// Its address of IPv6 on the network.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ip6: Option<Ipv6Addr>,
    /// Its hardware address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mac_address: Option<String>,
    /// Have a port of this machine lead to one of the container: [[ADDRESS:][PORT]:]PORT[/PROTOCOL]; ports can be ranges.
    #[arg(short, long, value_name = "PORTS")]
    pub(crate) publish: Vec<String>,
    /// Do so for all ports that the image and --expose name, with any ports of this machine that are free.
    #[arg(short = 'P', long)]
    pub(crate) publish_all: bool,
    /// Name a port of the container: PORT[-PORT][/PROTOCOL].
    #[arg(long, value_name = "PORTS")]
    pub(crate) expose: Vec<String>,
}
