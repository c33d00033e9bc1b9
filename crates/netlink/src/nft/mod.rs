//! nftables: tables, chains, rules, sets, and what is in them.
//!
//! A [`Batch`] is done as a whole or not at all. What is told of a set's types is for those who list it; the kernel
//! knows lengths only.

mod batch;
mod expression;
mod set;
mod trace;

pub use batch::{Batch, Chain, Hook};
pub use expression::{Expressions, Meta, Verdict};
pub use set::{Element, Set, Type};
pub use trace::{Traced, Tracer};

use std::io;

use crate::message::{ACK, DUMP, Message, attributes, find, text};
use crate::{Connection, Refused};

/// `NFNL_SUBSYS_NFTABLES`, in the upper byte of the type of a message.
const SUBSYSTEM: u16 = 10 << 8;
const NEW_TABLE: u16 = SUBSYSTEM;
const GET_TABLE: u16 = SUBSYSTEM + 1;
const DELETE_TABLE: u16 = SUBSYSTEM + 2;
const NEW_CHAIN: u16 = SUBSYSTEM + 3;
const NEW_RULE: u16 = SUBSYSTEM + 6;
const NEW_SET: u16 = SUBSYSTEM + 9;
const GET_SET: u16 = SUBSYSTEM + 10;
const NEW_ELEMENT: u16 = SUBSYSTEM + 12;
const GET_ELEMENT: u16 = SUBSYSTEM + 13;
const DELETE_ELEMENT: u16 = SUBSYSTEM + 14;

/// Attributes that all begin with.
const TABLE: u16 = 1;
/// `NFTA_LIST_ELEM`: one of a list.
const ONE: u16 = 1;

/// `NFPROTO_INET`: IPv4 and IPv6 in one table.
const INET: u8 = 1;

/// `struct nfgenmsg`.
fn header() -> [u8; 4] {
    [INET, 0, 0, 0]
}

/// A connection about the packet filters of one network namespace: the one that its maker was in.
#[derive(Debug)]
pub struct Nft(Connection);

impl Nft {
    /// About the namespace that we are in.
    ///
    /// # Errors
    /// - `EPROTONOSUPPORT`: this kernel has no netfilter.
    pub fn open() -> io::Result<Nft> {
        Connection::netfilter().map(Nft)
    }

    /// There is a table of this name.
    pub fn has_table(&self, name: &str) -> Result<bool, Refused> {
        self.is_there(Message::new(GET_TABLE, ACK, &header()).text(TABLE, name))
    }

    /// There is a set or map of this name in a table.
    pub fn has_set(&self, table: &str, name: &str) -> Result<bool, Refused> {
        /// `NFTA_SET_NAME`.
        const NAME: u16 = 2;
        self.is_there(Message::new(GET_SET, ACK, &header()).text(TABLE, table).text(NAME, name))
    }

    fn is_there(&self, request: Message) -> Result<bool, Refused> {
        match self.0.ask(request) {
            Err(refused) if refused.is(rustix::io::Errno::NOENT) => Ok(false),
            asked => asked.map(|_| true),
        }
    }

    /// All tables that there are, of everybody: the family and the name.
    pub fn tables(&self) -> Result<Vec<(&'static str, String)>, Refused> {
        /// `NFTA_TABLE_NAME`.
        const NAME: u16 = 1;
        let answers = self.0.ask(Message::new(GET_TABLE, DUMP, &[0; 4]))?;
        let one = |answer: &Vec<u8>| Some((family(*answer.first()?), text(find(&parts(answer), NAME)?)));
        Ok(answers.iter().filter_map(one).collect())
    }

    /// What a map leads to from this key; nothing if the key is not in it.
    pub fn look_up(&self, table: &str, map: &str, key: &[u8]) -> Result<Option<Vec<u8>>, Refused> {
        let element = Element { set: map.to_string(), key: key.to_vec(), value: Vec::new() };
        match self.0.ask(set::elements(GET_ELEMENT, ACK, table, map, &[&element])) {
            Err(refused) if refused.is(rustix::io::Errno::NOENT) => Ok(None),
            answers => Ok(answers?.iter().find_map(|answer| set::value(answer))),
        }
    }

    /// All keys of a set or map, with what they lead to.
    pub fn elements(&self, table: &str, name: &str) -> Result<Vec<Element>, Refused> {
        let request = set::elements(GET_ELEMENT, DUMP, table, name, &[]);
        let answers = self.0.ask(request)?;
        Ok(answers.iter().flat_map(|answer| set::read(name, answer)).collect())
    }

    /// Does all that a batch asks for, or nothing.
    pub fn commit(&self, batch: Batch) -> Result<(), Refused> {
        batch.commit(&self.0)
    }
}

/// As nft(8) calls it.
fn family(number: u8) -> &'static str {
    match number {
        1 => "inet",
        2 => "ip",
        3 => "arp",
        7 => "bridge",
        10 => "ip6",
        _ => "netdev",
    }
}

/// The attributes behind the header of an answer.
fn parts(answer: &[u8]) -> Vec<(u16, &[u8])> {
    attributes(answer.get(4..).unwrap_or_default())
}

/// The value in `NFTA_DATA_VALUE`.
fn data<'a>(all: &[(u16, &'a [u8])], kind: u16) -> Option<&'a [u8]> {
    find(&attributes(find(all, kind)?), 1)
}
