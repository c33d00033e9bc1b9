//! Ports of a container that runs: others than it had.

use fault::{Doing, Fault, Kind, Result};
use netlink::Told;
use netlink::nft::{Batch, Nft};
use rustix::io::Errno;

use crate::firewall::{Opened, TABLE, openings, take_if_there};
use crate::{Endpoint, Network, Networks, Published};

impl Networks {
    /// Has these ports of this machine lead to a container, and no others. While the kernel is told, the old ones and the new ones
    /// are written down: whoever finds that knows of all that may be there.
    ///
    /// # Errors
    /// `Exists`, in Docker's words, if somebody has one. Nothing is changed then.
    pub fn republish(&self, network: &Network, before: &Endpoint, ports: Vec<Published>) -> Result<Endpoint> {
        let after = Endpoint { ports, ..before.clone() };
        if after.ports == before.ports {
            return Ok(after);
        }
        let mut both = after.clone();
        both.ports.extend(before.ports.iter().filter(|port| !after.ports.contains(port)));
        let changed = self.write_changed(network, &both).and_then(|()| exchange(before, &after));
        changed.inspect_err(|_| drop(self.write_changed(network, before)))?;
        if both != after {
            self.write_changed(network, &after)?;
        }
        Ok(after)
    }

    /// Has all ports that are written down lead to a container: whoever was to change them was killed over it. What somebody else
    /// has got meanwhile is his, and written down no more.
    pub fn mend_ports(&self, network: &Network, endpoint: &Endpoint) -> Result<Endpoint> {
        let doing = || "look for published ports in the table `inet nagaya` of nftables";
        let openings = openings(endpoint);
        if openings.is_empty() {
            return Ok(endpoint.clone());
        }
        let nft = Nft::open().doing(doing)?;
        let mut mended = endpoint.clone();
        for one in openings {
            let there = nft.look_up(TABLE, &one.element.set, &one.element.key).told(doing)?;
            let is_own = there.as_ref().is_some_and(|value| *value == one.element.value);
            if !is_own && (there.is_some() || !add(&nft, &one)?) {
                mended.ports.retain(|other| *other != one.port);
            }
        }
        if mended != *endpoint {
            self.write_changed(network, &mended)?;
        }
        Ok(mended)
    }
}

/// False if somebody else has it.
fn add(nft: &Nft, opened: &Opened) -> Result<bool> {
    let mut batch = Batch::new(TABLE);
    batch.add(std::slice::from_ref(&opened.element), true);
    batch.add(opened.own.as_slice(), false);
    match nft.commit(batch) {
        Err(refused) if refused.is(Errno::EXIST) => Ok(false),
        done => done.map(|()| true).told(|| "add to the table `inet nagaya` of nftables"),
    }
}

/// In one step: nobody finds the new ones without the old ones gone.
fn exchange(before: &Endpoint, after: &Endpoint) -> Result<()> {
    let doing = || "change published ports in the table `inet nagaya` of nftables";
    let (old, new) = (openings(before), openings(after));
    let added: Vec<_> = new.iter().filter(|one| !old.contains(one)).collect();
    let nft = Nft::open().doing(doing)?;
    let mut batch = Batch::new(TABLE);
    for Opened { element, own, .. } in old.iter().filter(|one| !new.contains(one)) {
        let there = nft.look_up(TABLE, &element.set, &element.key).told(doing)?;
        if there.is_some_and(|value| value == element.value) {
            batch.take(std::slice::from_ref(element));
        }
        if let Some(own) = own.as_ref().filter(|own| !new.iter().any(|one| one.own.as_ref() == Some(own))) {
            take_if_there(&mut batch, own);
        }
    }
    batch.add(&added.iter().map(|one| one.element.clone()).collect::<Vec<_>>(), true);
    batch.add(&added.iter().filter_map(|one| one.own.clone()).collect::<Vec<_>>(), false);
    if batch.is_empty() {
        return Ok(());
    }
    nft.commit(batch).map_err(|refused| {
        if refused.is(Errno::EXIST) {
            let taken = added.first().map(|one| one.port.address().to_string()).unwrap_or_default();
            return Fault::new(Kind::Exists, "publish ports")
                .because(format!("Bind for {taken} failed: port is already allocated"))
                .hint("`nagaya ps` tells who has it");
        }
        refused.during(doing())
    })
}
