//! One table of nftables for all networks: `inet nagaya`.
//!
//! Its rules are always the same; what networks and containers add and take away is in its sets and maps. So a packet
//! meets as many rules as there are, whoever is there, and so does who adds something.
//!
//! ```text
//! ports4, ports6   address . protocol . port of this machine -> address . port of a container
//! any4, any6       protocol . port, at whatever address of this machine
//! own4, own6       address of a container . protocol . port that it has published itself, for streams
//! bridges          of all networks
//! within           each bridge twice: what stays on it
//! internal         bridges that nothing leaves or reaches from elsewhere
//! apart            bridges whose containers do not reach each other
//! masked           bridges whose packets leave as if this machine had sent them
//! ```
//!
//! A chain that accepts keeps nobody else's from dropping: what this machine's own firewall forbids stays forbidden.

mod element;
mod table;

pub use element::Opened;
pub(crate) use element::{of_network, of_ports, openings};

use fault::{Fault, Kind, Result};
use netlink::nft::{Batch, Element, Nft};
use netlink::{Refused, Told};
use rustix::io::Errno;

/// Its name.
pub const TABLE: &str = "nagaya";

/// The packet filters of this machine.
#[derive(Debug)]
pub(crate) struct Firewall(Nft);

impl Firewall {
    pub(crate) fn open() -> Result<Firewall> {
        Nft::open().map(Firewall).map_err(|err| missing(err.into()))
    }

    /// It is there, and of this version: what an earlier one has made, or somebody else, lacks a set.
    pub(crate) fn is_there(&self) -> Result<bool> {
        self.0.has_set(TABLE, table::NEWEST).map_err(missing)
    }

    /// Makes the table with all that is to be in it, at once.
    pub(crate) fn make(&self, elements: &[Element]) -> Result<()> {
        let mut batch = Batch::new(TABLE);
        if self.0.has_table(TABLE).map_err(missing)? {
            batch.replace_table();
        } else {
            batch.table();
        }
        table::fill(&mut batch);
        batch.add(elements, false);
        self.0.commit(batch).map_err(missing)
    }

    /// Adds what may be there already.
    pub(crate) fn add(&self, elements: &[Element]) -> Result<()> {
        let mut batch = Batch::new(TABLE);
        batch.add(elements, false);
        self.0.commit(batch).map_err(missing)
    }

    /// Takes away what may not be there.
    pub(crate) fn take(&self, elements: &[Element]) -> Result<()> {
        if !self.is_there()? {
            return Ok(());
        }
        let mut batch = Batch::new(TABLE);
        // In one step: to take what is not there would be an error.
        batch.add(elements, false);
        batch.take(elements);
        self.0.commit(batch).told(|| "take rules out of the table `inet nagaya` of nftables")
    }

    /// Takes published ports away, as far as they lead where is said: by now others may have them.
    pub(crate) fn take_ports(&self, ports: &[Opened]) -> Result<()> {
        let doing = || "take published ports out of the table `inet nagaya` of nftables";
        let mut batch = Batch::new(TABLE);
        for Opened { element, own, .. } in ports {
            if let Some(own) = own {
                take_if_there(&mut batch, own);
            }
            let there = self.0.look_up(TABLE, &element.set, &element.key).told(doing)?;
            if there.is_some_and(|value| value == element.value) {
                batch.take(std::slice::from_ref(element));
            }
        }
        match self.0.commit(batch) {
            Err(refused) if refused.is(Errno::NOENT) => Ok(()),
            done => done.told(doing),
        }
    }
}

/// To take what is not there would be an error.
pub(crate) fn take_if_there(batch: &mut Batch, element: &Element) {
    batch.add(std::slice::from_ref(element), false);
    batch.take(std::slice::from_ref(element));
}

/// The kernel has no nftables, or not all that we need of it.
fn missing(refused: Refused) -> Fault {
    let doing = "set up the table `inet nagaya` of nftables";
    let lacks = [Errno::PROTONOSUPPORT, Errno::AFNOSUPPORT, Errno::OPNOTSUPP, Errno::NOENT, Errno::INVAL];
    let denied = refused.is(Errno::PERM);
    if refused.errno().is_some_and(|errno| lacks.contains(&errno)) {
        return refused
            .during(doing)
            .hint("this kernel lacks a part of nftables: nf_tables, nft_fib_inet, nft_ct, nft_nat, nft_masq; without them there are `--network none` and `host`");
    }
    let fault = refused.during(doing);
    if denied {
        Fault::new(Kind::Denied, doing)
            .because(fault.cause().unwrap_or_default())
            .hint("networks take root, or CAP_NET_ADMIN")
    } else {
        fault
    }
}
