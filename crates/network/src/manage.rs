//! Networks are made and removed: on disk, and for the kernel.

use fault::{Fault, Kind, Result};

use crate::networks::Held;
use crate::{Network, Networks, Wanted};

impl Networks {
    /// Makes a network, and has the kernel know it.
    ///
    /// # Errors
    /// As in [`Networks::create`], or what the kernel did not take; then nothing of it is left.
    pub fn make(&self, wanted: Wanted) -> Result<Network> {
        let held = self.alone()?;
        self.clear(&held)?;
        let network = self.create(wanted, &held)?;
        self.establish_alone(&network, &held).inspect_err(|_| {
            let _ = self.dissolve(&network, &held);
            let _ = self.forget(&network, &held);
        })?;
        Ok(network)
    }

    /// Removes a network that nobody is connected to.
    ///
    /// # Errors
    /// `Denied` and `WrongState`, in Docker's words.
    pub fn remove(&self, network: &Network) -> Result<()> {
        let doing = || format!("remove network `{}`", network.name);
        if network.is_predefined() {
            let why = format!("{} is a pre-defined network and cannot be removed", network.name);
            return Err(Fault::new(Kind::Denied, doing()).because(why));
        }
        let held = self.alone()?;
        self.clear(&held)?;
        if self.by_id(&network.id)?.is_none() {
            return Err(
                Fault::new(Kind::NotFound, doing()).because(format!("network {} not found", network.name))
            );
        }
        if self.is_used(&network.id)? {
            return Err(Fault::new(Kind::WrongState, doing())
                .because(format!(
                    "error while removing network: network {} id {} has active endpoints",
                    network.name, network.id
                ))
                .hint(format!("`nagaya network inspect {}` tells who is connected to it", network.name)));
        }
        // Nobody finds it from here on, and whoever comes after us finishes: without its rules it must not be used.
        self.give_name_back(network)?;
        let dissolved = self.dissolve(network, &held).map_err(|fault| fault.during(doing()));
        dissolved.inspect_err(|_| {
            let again = self.establish_alone(network, &held);
            drop(again.and_then(|()| self.take_name(&network.name, &network.id)));
        })?;
        self.forget(network, &held)
    }

    /// Removes what others were killed over.
    fn clear(&self, held: &Held) -> Result<()> {
        for network in self.unfinished(held)? {
            self.dissolve(&network, held)?;
            self.forget(&network, held)?;
        }
        Ok(())
    }

    /// The same, for who is about to look at networks.
    pub fn clear_unfinished(&self) -> Result<()> {
        if self.ids()?.iter().all(|id| self.by_id(id).is_ok_and(|network| network.is_some())) {
            return Ok(());
        }
        let held = self.alone()?;
        self.clear(&held)
    }
}
