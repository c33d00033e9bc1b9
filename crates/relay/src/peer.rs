//! One sender of datagrams to a published port. The container answers a socket of his own, so it is known whom to tell.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, recv, recvfrom};

use crate::MOST_PEERS;

/// How long a sender who is silent is remembered. Source: moby, `cmd/docker-proxy/udp_proxy_linux.go`.
const SILENCE: Duration = Duration::from_secs(90);
/// Datagrams that are taken in one turn.
const IN_ONE_TURN: usize = 64;
/// Bytes of the longest datagram.
const LONGEST: usize = 1 << 16;

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) key: u64,
    /// The port that he sends to.
    pub(crate) port: u64,
    address: SocketAddr,
    pub(crate) socket: UdpSocket,
    since: Instant,
}

/// Takes what has come to a port, and passes it on to the container.
pub(crate) fn take(peers: &mut Vec<Peer>, next: &mut u64, (port, socket): (u64, &UdpSocket), to: SocketAddr) {
    let mut bytes = Vec::with_capacity(LONGEST);
    for _ in 0..IN_ONE_TURN {
        bytes.clear();
        let received = recvfrom(socket, spare_capacity(&mut bytes), RecvFlags::empty());
        let Ok((_, _, Some(from))) = received else { return };
        let Ok(from) = SocketAddr::try_from(from) else { continue };
        let known = peers.iter().position(|peer| peer.port == port && peer.address == from);
        let at = if let Some(at) = known {
            at
        } else {
            make_room(peers);
            *next += 1;
            let Ok(peer) = Peer::new(*next, port, from, to) else { continue };
            peers.push(peer);
            peers.len() - 1
        };
        peers[at].since = Instant::now();
        // A container that takes nothing loses it, as anywhere with datagrams.
        let _ = peers[at].socket.send(&bytes);
    }
}

/// The one who has been silent for the longest time goes.
fn make_room(peers: &mut Vec<Peer>) {
    if peers.len() >= MOST_PEERS
        && let Some(oldest) = (0..peers.len()).min_by_key(|at| peers[*at].since)
    {
        peers.swap_remove(oldest);
    }
}

impl Peer {
    fn new(key: u64, port: u64, address: SocketAddr, to: SocketAddr) -> io::Result<Peer> {
        let any = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(to)?;
        socket.set_nonblocking(true)?;
        Ok(Peer { key, port, address, socket, since: Instant::now() })
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.since + SILENCE
    }

    /// Passes on what the container has answered.
    pub(crate) fn answer(&mut self, by: &UdpSocket) {
        let mut bytes = Vec::with_capacity(LONGEST);
        for _ in 0..IN_ONE_TURN {
            bytes.clear();
            // An error is that of an earlier datagram: nobody listens there. It is told once, and gone.
            if recv(&self.socket, spare_capacity(&mut bytes), RecvFlags::empty()).is_err() {
                return;
            }
            self.since = Instant::now();
            let _ = by.send_to(&bytes, self.address);
        }
    }
}
