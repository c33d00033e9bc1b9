//! A port that nobody else can have from now on.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::sockopt::{set_ipv6_v6only, set_socket_reuseaddr};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, ipproto, listen, socket_with};

/// How a port is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Streams.
    Tcp,
    /// Datagrams.
    Udp,
    /// Several streams in one.
    Sctp,
}

/// A port that nobody else can have while this is open.
#[derive(Debug)]
pub struct Reserved {
    address: SocketAddr,
    pub(crate) socket: Socket,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
    /// Kept from others; nothing comes by the loopback. Where the kernel has none of its own, nobody else can have it.
    Sctp(#[expect(dead_code, reason = "it is there to be open")] Option<OwnedFd>),
}

/// Connections that wait to be taken, as Go has it.
const BACKLOG: i32 = 4096;

/// Takes a port of this machine; 0 is one that the kernel chooses. An address of IPv6 is none of IPv4.
///
/// # Errors
/// - `AddrInUse`: somebody has it.
/// - `AddrNotAvailable`: the address is not this machine's.
/// - `PermissionDenied`: a port below `net.ipv4.ip_unprivileged_port_start`, and we are not root.
pub fn reserve(ip: IpAddr, port: u16, protocol: Protocol) -> io::Result<Reserved> {
    let family = if ip.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let (kind, number) = match protocol {
        Protocol::Tcp => (SocketType::STREAM, None),
        Protocol::Udp => (SocketType::DGRAM, None),
        Protocol::Sctp => (SocketType::STREAM, Some(ipproto::SCTP)),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = match socket_with(family, kind, flags, number) {
        Err(Errno::PROTONOSUPPORT) if protocol == Protocol::Sctp => {
            return Ok(Reserved { address: SocketAddr::new(ip, port), socket: Socket::Sctp(None) });
        }
        socket => socket?,
    };
    if ip.is_ipv6() {
        set_ipv6_v6only(&socket, true)?;
    }
    if protocol != Protocol::Udp {
        // Connections that have ended hold nobody up.
        set_socket_reuseaddr(&socket, true)?;
    }
    bind(&socket, &SocketAddr::new(ip, port))?;
    if protocol != Protocol::Udp {
        listen(&socket, BACKLOG)?;
    }
    let address = SocketAddr::try_from(rustix::net::getsockname(&socket)?)?;
    let socket = match protocol {
        Protocol::Tcp => Socket::Tcp(socket.into()),
        Protocol::Udp => Socket::Udp(socket.into()),
        Protocol::Sctp => Socket::Sctp(Some(socket)),
    };
    Ok(Reserved { address, socket })
}

impl Reserved {
    /// Where it is, with the port that it has.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is spoken to.
    pub fn protocol(&self) -> Protocol {
        match self.socket {
            Socket::Tcp(_) => Protocol::Tcp,
            Socket::Udp(_) => Protocol::Udp,
            Socket::Sctp(_) => Protocol::Sctp,
        }
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.socket {
            Socket::Tcp(listener) => Some(listener.as_fd()),
            Socket::Udp(socket) => Some(socket.as_fd()),
            Socket::Sctp(_) => None,
        }
    }
}
