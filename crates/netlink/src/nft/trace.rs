//! Hearing of every rule that a packet meets.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

use crate::message::{HEADER, attributes, find, number, text};

use super::SUBSYSTEM;

/// `NFT_MSG_TRACE`, and the bit of the group that hears of them (`NFNLGRP_NFTRACE`).
const TRACE: u16 = SUBSYSTEM | 0x11;
const GROUP: u32 = 1 << (9 - 1);
/// Attributes: linux/netfilter/nf_tables.h, `nft_trace_attributes`.
const TABLE: u16 = 1;
const CHAIN: u16 = 2;
const HANDLE: u16 = 3;
const KIND: u16 = 4;
const VERDICT: u16 = 5;
const ID: u16 = 6;
const POLICY: u16 = 16;
/// `NFT_TRACETYPE_POLICY` and `NFT_TRACETYPE_RULE`.
const BY_POLICY: u32 = 1;
const BY_RULE: u32 = 3;
/// Bytes of one read.
const READ: usize = 32 << 10;

/// Hears of every rule that a marked packet meets.
#[derive(Debug)]
pub struct Tracer(OwnedFd);

/// One rule that a packet met, or what became of it at the end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// Which packet.
    pub id: u32,
    /// `ip`, `ip6` or `inet`.
    pub family: &'static str,
    /// The table.
    pub table: String,
    /// The chain.
    pub chain: String,
    /// The rule, as `nft -a list ruleset` numbers it; nothing where it was the chain's policy.
    pub rule: Option<u64>,
    /// What became of it: `accept`, `drop`, `jump publish`; empty if the rule says nothing about that.
    pub verdict: String,
}

impl Tracer {
    /// Of the network namespace that we are in.
    ///
    /// # Errors
    /// - `EPERM`: no `CAP_NET_ADMIN`.
    pub fn open() -> io::Result<Tracer> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::NETFILTER))?;
        bind(&fd, &SocketAddrNetlink::new(0, GROUP))?;
        Ok(Tracer(fd))
    }

    /// What has been told by now.
    pub fn read(&self) -> Vec<Traced> {
        let mut all = Vec::new();
        let mut bytes = vec![0; READ];
        while let Ok((length, _)) = recv(&self.0, bytes.as_mut_slice(), RecvFlags::empty()) {
            all.extend(messages(&bytes[..length]));
        }
        all
    }
}

impl AsFd for Tracer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Traced {
    /// The packet is gone.
    pub fn is_dropped(&self) -> bool {
        self.verdict == "drop"
    }
}

fn messages(mut bytes: &[u8]) -> Vec<Traced> {
    let mut all = Vec::new();
    while let Some(length) = number(bytes, 0).and_then(|length| usize::try_from(length).ok()) {
        let Some(body) = bytes.get(HEADER..length) else { break };
        if u16::from_ne_bytes([bytes[4], bytes[5]]) == TRACE {
            all.extend(one(body));
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

fn one(body: &[u8]) -> Option<Traced> {
    let family = super::family(*body.first()?);
    let all = attributes(body.get(4..)?);
    let big = |bytes: &[u8]| bytes.first_chunk().copied().map(u32::from_be_bytes);
    let words = |kind| find(&all, kind).map(text).unwrap_or_default();
    let kind = find(&all, KIND).and_then(big)?;
    let rule = find(&all, HANDLE).and_then(|bytes| bytes.first_chunk().copied()).map(u64::from_be_bytes);
    let verdict = if kind == BY_POLICY {
        verdict(find(&all, POLICY).and_then(big)?.cast_signed(), "")
    } else {
        let inner = attributes(find(&all, VERDICT).unwrap_or_default());
        let chain = find(&inner, 2).map(text).unwrap_or_default();
        find(&inner, 1).and_then(big).map_or_else(String::new, |code| verdict(code.cast_signed(), &chain))
    };
    let id = find(&all, ID).and_then(big).unwrap_or(0);
    let rule = rule.filter(|_| kind == BY_RULE);
    Some(Traced { id, family, table: words(TABLE), chain: words(CHAIN), rule, verdict })
}

/// Source: linux/netfilter.h, linux/netfilter/nf_tables.h.
fn verdict(code: i32, chain: &str) -> String {
    match code {
        0 => "drop".to_string(),
        1 => "accept".to_string(),
        2 => "stolen".to_string(),
        3 => "queue".to_string(),
        -1 => String::new(),
        -3 => format!("jump {chain}"),
        -4 => format!("goto {chain}"),
        -5 => "return".to_string(),
        other => format!("verdict {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn what_the_kernel_tells_is_read() {
        let told = |kind: u32| {
            Message::new(TRACE, 0, &[1, 0, 0, 0])
                .text(TABLE, "t")
                .text(CHAIN, "c")
                .with(HANDLE, &7_u64.to_be_bytes())
                .big(KIND, kind)
                .big(ID, 5)
        };
        let rule = told(BY_RULE).nest(VERDICT, |inner| inner.big(1, (-3_i32).cast_unsigned()).text(2, "x"));
        let bytes = [rule.finish(0), told(BY_POLICY).big(POLICY, 0).finish(0)].concat();
        let all = messages(&bytes);
        assert_eq!((all[0].rule, all[0].verdict.as_str(), all[0].family), (Some(7), "jump x", "inet"));
        assert_eq!((all[1].rule, all[1].verdict.as_str(), all[1].id), (None, "drop", 5));
        assert!(all[1].is_dropped());
        for length in 0..bytes.len() {
            let _ = messages(&bytes[..length]);
        }
    }
}
