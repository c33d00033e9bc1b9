//! Sends a packet, and hears of every rule that it meets.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use fault::{Doing, Fault, Kind, Result};
use netlink::nft::{Batch, Chain, Expressions, Hook, Meta, Nft, Traced, Tracer};
use netlink::{Route, Told};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::packet::{Answer, Protocol, answer, end, first};

/// One rule that a packet met, or what became of it at the end of a chain.
pub type Hop = Traced;

/// What became of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// All that it met, in order.
    pub hops: Vec<Hop>,
    /// What came back.
    pub answer: Answer,
}

/// The interface that the packet comes by, and the table that marks it.
const PROBE: &str = "nagaya-probe";
/// Addresses for documents: nobody has them (RFC 5737, RFC 3849). Ours on the interface, and who seems to ask.
const OURS: [(IpAddr, u8); 2] = [
    (IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)), 30),
    (IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0xffff, 0, 0, 0, 1)), 126),
];
const ASKS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 2)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0xffff, 0, 0, 0, 2)),
];
/// Before all chains that anybody else has.
const FIRST: i32 = -400;
/// How long an answer may take, and what is still told of the way once it is there.
const PATIENCE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_millis(50);

/// Sends the first packet of a connection to a port of this machine, as if from outside.
///
/// # Errors
/// `Denied`, if the caller is not root; `Unsupported`, if the kernel has no TUN or cannot trace.
pub fn follow(protocol: Protocol, to: SocketAddr) -> Result<Followed> {
    let doing = || format!("send a packet to {to}");
    let mut tun = File::from(sys::tun::open(PROBE).doing(doing).map_err(hint)?);
    let route = Route::open().doing(doing)?;
    let index = route.find(PROBE).told(doing)?.index;
    let own: Vec<_> = OURS.into_iter().filter(|(ip, _)| ip.is_ipv4() == to.is_ipv4()).collect();
    route.configure(index, &own, &[]).told(doing)?;
    let tracer = Tracer::open().doing(doing)?;
    // As long as this is open, the table is there.
    let marks = mark().map_err(|fault| fault.during(doing()))?;
    // Anything but the port of another packet of ours: the kernel remembers connections for a while.
    let port = 32_768 + u16::try_from(std::process::id() % 28_000).unwrap_or(0);
    let asks = ASKS.into_iter().find(|ip| ip.is_ipv4() == to.is_ipv4());
    let from = SocketAddr::new(asks.unwrap_or(ASKS[0]), port);
    let bytes = first(protocol, from, to)
        .ok_or_else(|| Fault::new(Kind::Failed, doing()).because("it is of no family that there is"))?;
    tun.write_all(&bytes).doing(doing)?;
    let followed = hear(&mut tun, &tracer, protocol, (from, to));
    if followed.answer == Answer::Accepted
        && protocol == Protocol::Tcp
        && let Some(bytes) = end(from, to)
    {
        let _ = tun.write_all(&bytes);
    }
    drop(marks);
    Ok(followed)
}

fn hint(fault: Fault) -> Fault {
    match fault.kind() {
        Kind::Denied => fault.hint("it takes root to send a packet as if from outside"),
        Kind::NotFound => fault.hint("`modprobe tun`"),
        _ => fault,
    }
}

/// A table that marks what comes by our interface. The kernel removes it when the connection ends, however that ends.
fn mark() -> Result<Nft> {
    let nft = Nft::open().doing(|| "speak with nftables")?;
    let mut batch = Batch::new(PROBE);
    batch.own_table();
    batch.chain(&Chain { name: "prerouting", at: Some(("filter", Hook::Prerouting, FIRST)) });
    let mut name = [0; 16];
    name[..PROBE.len()].copy_from_slice(PROBE.as_bytes());
    batch.rule("prerouting", Expressions::default().meta(Meta::Incoming, 0).is(0, &name).trace());
    nft.commit(batch).told(|| "mark a packet by a table of nftables")?;
    Ok(nft)
}

fn hear(
    tun: &mut File,
    tracer: &Tracer,
    protocol: Protocol,
    (from, to): (SocketAddr, SocketAddr),
) -> Followed {
    let mut followed = Followed { hops: Vec::new(), answer: Answer::Silence };
    let mut until = Instant::now() + PATIENCE;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        let mut fds = [
            PollFd::from_borrowed_fd(tun.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(tracer.as_fd(), PollFlags::IN),
        ];
        let limit = Timespec::try_from(left).ok();
        if poll(&mut fds, limit.as_ref()).is_err() {
            continue;
        }
        let [came, traced] = fds.map(|fd| !fd.revents().is_empty());
        if traced {
            followed.hops.extend(tracer.read().into_iter().filter(|hop| hop.table != PROBE));
        }
        let mut bytes = [0; 2048];
        if came
            && let Ok(length) = tun.read(&mut bytes)
            && let Some(answer) = answer(&bytes[..length], protocol, from, to)
        {
            followed.answer = answer;
            until = Instant::now() + AFTER;
        }
        if followed.hops.iter().any(Traced::is_dropped) {
            until = until.min(Instant::now() + AFTER);
        }
    }
    followed
}
