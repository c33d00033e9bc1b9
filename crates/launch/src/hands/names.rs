//! Sockets in a container's network namespace that questions for names come to.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};

use fault::{Doing, Result};
use netlink::Told;
use netlink::nft::{Batch, Chain, Expressions, Hook, Meta, Nft};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};
use sys::namespaces::in_network;

/// Where questions for names of a container come to.
#[derive(Debug)]
pub struct NameSockets {
    /// Datagrams.
    pub udp: UdpSocket,
    /// Streams.
    pub tcp: TcpListener,
    /// The network namespace that both are in.
    pub namespace: OwnedFd,
}

/// The table of nftables in the container's network namespace.
const TABLE: &str = "nagaya-names";
/// The port of name servers.
const PORT: u16 = 53;
/// `NFPROTO_IPV4`, `NAT`'s number of it, `IPPROTO_TCP` and `IPPROTO_UDP`.
const IPV4: u8 = 2;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// Where the destination stands in a header of IPv4.
const TO: (u32, u32) = (16, 4);
/// The priority of `dstnat`.
const DESTINATION: i32 = -100;
/// Programs that wait to be let in.
const BACKLOG: i32 = 64;

/// Opens them at ports that the kernel chooses, so that a program of the container can have the port of name servers; what
/// is sent to that at this address comes here.
pub(crate) fn listen_for_names(namespace: OwnedFd, at: Ipv4Addr) -> Result<NameSockets> {
    let doing = || format!("listen for questions for names at {at}");
    let opened = in_network(namespace.as_fd(), || -> Result<_> {
        // The child does so too, sooner or later; without it, the address is nobody's.
        sys::loopback::raise().doing(doing)?;
        let udp = UdpSocket::from(open(SocketType::DGRAM, at).doing(doing)?);
        let tcp = open(SocketType::STREAM, at).doing(doing)?;
        listen(&tcp, BACKLOG).doing(doing)?;
        let tcp = TcpListener::from(tcp);
        lead(at, udp.local_addr().doing(doing)?, tcp.local_addr().doing(doing)?)?;
        Ok((udp, tcp))
    });
    let (udp, tcp) = opened.doing(doing)??;
    Ok(NameSockets { udp, tcp, namespace })
}

fn open(kind: SocketType, at: Ipv4Addr) -> rustix::io::Result<OwnedFd> {
    let socket = socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    bind(&socket, &SocketAddr::from((at, 0)))?;
    Ok(socket)
}

/// The container may change this table: it would change nobody's names but its own.
fn lead(at: Ipv4Addr, udp: SocketAddr, tcp: SocketAddr) -> Result<()> {
    let mut batch = Batch::new(TABLE);
    batch.replace_table();
    batch.chain(&Chain { name: "output", at: Some(("nat", Hook::Output, DESTINATION)) });
    for (protocol, socket) in [(UDP, udp), (TCP, tcp)] {
        let rule = Expressions::default().meta(Meta::Family, 0).is(0, &[IPV4]);
        let rule = rule.network(TO.0, TO.1, 0).is(0, &at.octets()).meta(Meta::Protocol, 0).is(0, &[protocol]);
        let rule = rule.port(0).is(0, &PORT.to_be_bytes());
        let rule = rule.put_in(0, &at.octets()).put_in(1, &socket.port().to_be_bytes());
        batch.rule("output", rule.send_to(IPV4.into(), 1));
    }
    let nft = Nft::open().doing(|| "ask the kernel about packet filters")?;
    nft.commit(batch).told(|| "set up a table of nftables in the container")
}
