//! What a rule is made of: what it looks at, and what becomes of the packet.

use crate::message::Message;

use super::ONE;

const NAME: u16 = 1;
const DATA: u16 = 2;
const VALUE: u16 = 1;
const VERDICT: u16 = 2;

/// Bases of what is read of a packet.
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;

/// What is known of a packet besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meta {
    /// Name of the interface that it came by.
    Incoming = 6,
    /// Name of the interface that it leaves by.
    Outgoing = 7,
    /// IPv4 (2) or IPv6 (10).
    Family = 15,
    /// TCP, UDP, ...
    Protocol = 16,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It is gone.
    Drop,
    /// This table has nothing against it.
    Accept,
    /// Back to the chain that this one was called from.
    Return,
    /// The rules of this chain, then the next one here.
    Jump(&'a str),
}

impl Verdict<'_> {
    fn number(self) -> i32 {
        match self {
            Verdict::Drop => 0,
            Verdict::Accept => 1,
            Verdict::Jump(_) => -3,
            Verdict::Return => -5,
        }
    }
}

/// The expressions of one rule, from left to right. Registers are numbered as words of four bytes, from 0.
#[derive(Debug, Default)]
pub struct Expressions(Vec<Expression>);

type Expression = (&'static str, Message);

/// Registers of words are behind those of four words each.
fn register(word: u32) -> u32 {
    8 + word
}

impl Expressions {
    fn add(mut self, name: &'static str, fill: impl FnOnce(Message) -> Message) -> Expressions {
        self.0.push((name, fill(Message::bare())));
        self
    }

    pub(super) fn put(self, list: Message) -> Message {
        self.0.into_iter().fold(list, |list, (name, data)| {
            list.nest(ONE, |one| one.text(NAME, name).nest(DATA, |inner| inner.raw(&data.body())))
        })
    }

    /// Reads what is known of the packet.
    #[must_use]
    pub fn meta(self, what: Meta, word: u32) -> Expressions {
        self.add("meta", |data| data.big(1, register(word)).big(2, what as u32))
    }

    /// Reads bytes of the network header.
    #[must_use]
    pub fn network(self, offset: u32, length: u32, word: u32) -> Expressions {
        self.payload(NETWORK, offset, length, word)
    }

    /// Reads the port that it goes to.
    #[must_use]
    pub fn port(self, word: u32) -> Expressions {
        self.payload(TRANSPORT, 2, 2, word)
    }

    fn payload(self, base: u32, offset: u32, length: u32, word: u32) -> Expressions {
        self.add("payload", |data| data.big(1, register(word)).big(2, base).big(3, offset).big(4, length))
    }

    /// Goes on only if a register has these bytes.
    #[must_use]
    pub fn is(self, word: u32, bytes: &[u8]) -> Expressions {
        self.compare(word, 0, bytes)
    }

    /// Goes on only if a register has other bytes.
    #[must_use]
    pub fn is_not(self, word: u32, bytes: &[u8]) -> Expressions {
        self.compare(word, 1, bytes)
    }

    fn compare(self, word: u32, how: u32, bytes: &[u8]) -> Expressions {
        self.add("cmp", |data| {
            data.big(1, register(word)).big(2, how).nest(3, |inner| inner.with(VALUE, bytes))
        })
    }

    /// Goes on only if a set has what is in the registers from 0 on.
    #[must_use]
    pub fn is_in(self, set: &str) -> Expressions {
        self.add("lookup", |data| data.text(1, set).big(2, register(0)))
    }

    /// Goes on only if a set does not have it.
    #[must_use]
    pub fn is_not_in(self, set: &str) -> Expressions {
        self.add("lookup", |data| data.text(1, set).big(2, register(0)).big(5, 1))
    }

    /// Goes on only if a map has it; what that leads to is in the registers from 0 on.
    #[must_use]
    pub fn leads(self, map: &str) -> Expressions {
        self.add("lookup", |data| data.text(1, map).big(2, register(0)).big(3, register(0)))
    }

    /// Goes on only if the connection's state has one of these bits.
    #[must_use]
    pub fn state(self, bits: u32) -> Expressions {
        self.connection(0, bits)
    }

    /// Goes on only if the connection's status has one of these bits.
    #[must_use]
    pub fn status(self, bits: u32) -> Expressions {
        self.connection(2, bits)
    }

    fn connection(self, key: u32, bits: u32) -> Expressions {
        let none = 0_u32.to_ne_bytes();
        self.add("ct", |data| data.big(1, register(0)).big(2, key))
            .add("bitwise", |data| {
                data.big(1, register(0))
                    .big(2, register(0))
                    .big(3, 4)
                    .nest(4, |mask| mask.with(VALUE, &bits.to_ne_bytes()))
                    .nest(5, |xor| xor.with(VALUE, &none))
            })
            .is_not(0, &none)
    }

    /// Goes on only if what it is sent to is an address of this machine, or is not; `here`: of the interface that it came
    /// by.
    #[must_use]
    pub fn is_local(self, local: bool, here: bool) -> Expressions {
        /// `NFT_FIB_RESULT_ADDRTYPE`, `NFTA_FIB_F_DADDR`, `NFTA_FIB_F_IIF`, `RTN_LOCAL`.
        const TYPE: u32 = 3;
        const DESTINATION: u32 = 2;
        const INTERFACE: u32 = 8;
        const LOCAL: u32 = 2;
        let flags = DESTINATION | if here { INTERFACE } else { 0 };
        let read = self.add("fib", |data| data.big(1, register(0)).big(2, TYPE).big(3, flags));
        let bytes = LOCAL.to_ne_bytes();
        if local { read.is(0, &bytes) } else { read.is_not(0, &bytes) }
    }

    /// Sends it to the address in the registers from 0 on, and the port in the register `word`. `family`: IPv4 (2) or IPv6
    /// (10).
    #[must_use]
    pub fn send_to(self, family: u32, word: u32) -> Expressions {
        self.add("nat", |data| {
            // `NFT_NAT_DNAT`; least and most of addresses, and of ports.
            let (address, port) = (register(0), register(word));
            data.big(1, 1).big(2, family).big(3, address).big(4, address).big(5, port).big(6, port)
        })
    }

    /// Has it look as if it came from this machine.
    #[must_use]
    pub fn masquerade(self) -> Expressions {
        self.add("masq", |data| data)
    }

    /// Has a register hold these bytes.
    #[must_use]
    pub fn put_in(self, word: u32, bytes: &[u8]) -> Expressions {
        self.add("immediate", |data| data.big(1, register(word)).nest(2, |inner| inner.with(VALUE, bytes)))
    }

    /// Has every rule that it meets be told: see [`super::Tracer`].
    #[must_use]
    pub fn trace(self) -> Expressions {
        /// `NFT_META_NFTRACE`.
        const TRACED: u32 = 12;
        self.put_in(0, &[1]).add("meta", |data| data.big(2, TRACED).big(3, register(0)))
    }

    /// Counts packets and bytes.
    #[must_use]
    pub fn count(self) -> Expressions {
        self.add("counter", |data| data)
    }

    /// What becomes of it.
    #[must_use]
    pub fn then(self, verdict: Verdict<'_>) -> Expressions {
        self.add("immediate", |data| {
            // Register 0 is the one for verdicts.
            data.big(1, 0).nest(2, |inner| {
                inner.nest(VERDICT, |inner| {
                    let inner = inner.with(1, &verdict.number().to_be_bytes());
                    if let Verdict::Jump(chain) = verdict { inner.text(2, chain) } else { inner }
                })
            })
        })
    }
}
