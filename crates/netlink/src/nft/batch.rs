//! Requests that are done together.

use crate::message::{ACK, APPEND, CREATE, EXCLUSIVE, Message};
use crate::{Connection, Refused};

use super::{
    DELETE_ELEMENT, DELETE_TABLE, Element, Expressions, NEW_CHAIN, NEW_ELEMENT, NEW_RULE, NEW_TABLE,
    SUBSYSTEM, Set, TABLE, header, set,
};

/// Attributes of chains, of their hooks, and of rules.
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
/// `NFTA_TABLE_FLAGS`, and `NFT_TABLE_F_OWNER`.
const TABLE_FLAGS: u16 = 2;
const OWNED: u32 = 2;
/// `NF_ACCEPT`.
const ACCEPT: u32 = 1;

/// `NFNL_MSG_BATCH_BEGIN` and `NFNL_MSG_BATCH_END`.
const BEGIN: u16 = 16;
const END: u16 = 17;

/// Where on its way a chain sees a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// It has just come.
    Prerouting = 0,
    /// It is for this machine.
    Input = 1,
    /// It is passed on.
    Forward = 2,
    /// This machine has made it.
    Output = 3,
    /// It is about to leave.
    Postrouting = 4,
}

/// A chain of rules.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is for (`nat`, `filter`), where, and which of several is first; nothing for one that others jump to.
    pub at: Option<(&'a str, Hook, i32)>,
}

/// Requests about one table that are done as a whole or not at all.
#[derive(Debug)]
pub struct Batch {
    table: String,
    requests: Vec<Message>,
    sets: u32,
}

impl Batch {
    /// Of this table.
    pub fn new(table: &str) -> Batch {
        Batch { table: table.to_string(), requests: Vec::new(), sets: 0 }
    }

    /// There is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Makes the table.
    ///
    /// # Errors
    /// - `EEXIST`: it is there.
    pub fn table(&mut self) {
        self.requests.push(self.about(NEW_TABLE, CREATE | EXCLUSIVE));
    }

    /// Makes the table, in the place of one that is there.
    pub fn replace_table(&mut self) {
        // To remove what is not there would be an error.
        self.requests.push(self.about(NEW_TABLE, CREATE));
        self.remove_table();
        self.requests.push(self.about(NEW_TABLE, CREATE));
    }

    /// Makes the table, in such a way that it goes when the connection ends. Linux 5.12.
    pub fn own_table(&mut self) {
        self.requests.push(self.about(NEW_TABLE, CREATE | EXCLUSIVE).big(TABLE_FLAGS, OWNED));
    }

    /// Removes the table with all that is in it.
    pub fn remove_table(&mut self) {
        self.requests.push(self.about(DELETE_TABLE, 0));
    }

    /// Makes a set or map.
    pub fn set(&mut self, set: &Set<'_>) {
        self.sets += 1;
        self.requests.push(set.request(&self.table, self.sets));
    }

    /// Makes a chain.
    pub fn chain(&mut self, chain: &Chain<'_>) {
        let request = self.about(NEW_CHAIN, CREATE).text(CHAIN_NAME, chain.name);
        self.requests.push(match chain.at {
            None => request,
            Some((kind, hook, priority)) => request
                .nest(CHAIN_HOOK, |inner| {
                    inner.big(HOOK_NUMBER, hook as u32).big(HOOK_PRIORITY, priority.cast_unsigned())
                })
                .big(CHAIN_POLICY, ACCEPT)
                .text(CHAIN_TYPE, kind),
        });
    }

    /// Adds a rule behind those that its chain has.
    pub fn rule(&mut self, chain: &str, rule: Expressions) {
        let request = self.about(NEW_RULE, CREATE | APPEND).text(RULE_CHAIN, chain);
        self.requests.push(request.nest(RULE_EXPRESSIONS, |list| rule.put(list)));
    }

    /// Adds to sets and maps. With `new` nobody else may have put the same keys there.
    ///
    /// # Errors
    /// - `ENOENT`: there is no such table.
    /// - `EEXIST`: a key leads elsewhere, or is there already.
    pub fn add(&mut self, elements: &[Element], new: bool) {
        let flags = CREATE | if new { EXCLUSIVE } else { 0 };
        for element in elements {
            self.requests.push(set::elements(NEW_ELEMENT, flags, &self.table, &element.set, &[element]));
        }
    }

    /// Takes keys out of sets and maps.
    ///
    /// # Errors
    /// - `ENOENT`: one is not there.
    pub fn take(&mut self, elements: &[Element]) {
        for element in elements {
            let key = Element { value: Vec::new(), ..element.clone() };
            self.requests.push(set::elements(DELETE_ELEMENT, 0, &self.table, &element.set, &[&key]));
        }
    }

    fn about(&self, kind: u16, flags: u16) -> Message {
        Message::new(kind, flags, &header()).text(TABLE, &self.table)
    }

    pub(super) fn commit(mut self, connection: &Connection) -> Result<(), Refused> {
        let Some(last) = self.requests.pop() else { return Ok(()) };
        // Only the last one is answered, unless something goes wrong; the ends of a batch never are.
        let last = last.flagged(ACK);
        let count = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        let mut all = vec![end(BEGIN)];
        all.append(&mut self.requests);
        all.extend([last, end(END)]);
        let first = connection.send(all)?;
        let heard = connection.hear(first, first.wrapping_add(count + 1), &mut Vec::new());
        // The first of all is the beginning, which nobody has asked for.
        heard.map_err(|mut refused| {
            refused.at = refused.at.saturating_sub(1);
            refused
        })
    }
}

/// `struct nfgenmsg`, with the subsystem that it is about, the highest byte first.
fn end(kind: u16) -> Message {
    let [a, b] = (SUBSYSTEM >> 8).to_be_bytes();
    Message::new(kind, 0, &[0, 0, a, b])
}
