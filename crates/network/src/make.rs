//! Networks are made and removed, on disk.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;

use fault::{Doing, Fault, Kind, Result};
use netlink::{Refused, Route, Told};

use crate::networks::Held;
use crate::{Driver, Network, Networks, Pool, Wanted, disk, names, option};

impl Networks {
    /// Writes down a network that nothing is done for yet.
    ///
    /// # Errors
    /// In Docker's words: `Exists`, if somebody has the name; `Invalid`, if its addresses are others' already.
    pub fn create(&self, wanted: Wanted, _held: &Held) -> Result<Network> {
        names::check(&wanted.name)?;
        let doing = || format!("make network `{}`", wanted.name);
        if crate::defaults::id_of(&wanted.name).is_some() {
            return Err(Fault::new(Kind::Denied, doing())
                .because(format!("operation is not permitted on predefined {} network", wanted.name)));
        }
        // Others choose their addresses when it has its own.
        self.predefined(crate::BRIDGE)?;
        let id = disk::new_id()?;
        let interface = interface(&wanted, &id)?;
        let pools = self.pools_for(&wanted).map_err(|fault| fault.during(doing()))?;
        let there = is_there(&interface)?;
        if wanted.driver != Driver::Bridge && !there {
            let why = format!("there is no interface `{interface}` on this machine");
            return Err(Fault::new(Kind::NotFound, doing())
                .because(why)
                .hint("`ip link` lists those that there are"));
        }
        let foreign = wanted.driver == Driver::Bridge && there;
        let network = Network {
            id,
            foreign,
            interface,
            pools,
            created: disk::now(),
            ipv6: wanted.ipv6,
            name: wanted.name,
            driver: wanted.driver,
            internal: wanted.internal,
            options: wanted.options,
            labels: wanted.labels,
        };
        self.check_interface(&network)?;
        // The folder comes first: a name whose network is not there is free.
        self.write(&network)?;
        self.take_name(&network.name, &network.id).inspect_err(|_| drop(self.take_away(&network.id)))?;
        Ok(network)
    }

    /// Two networks do not share a bridge.
    fn check_interface(&self, network: &Network) -> Result<()> {
        if network.driver != Driver::Bridge {
            return Ok(());
        }
        match self.all()?.into_iter().find(|other| other.interface == network.interface) {
            None => Ok(()),
            Some(other) => Err(Fault::new(Kind::Exists, format!("make network `{}`", network.name)).because(format!(
                "cannot create network {} ({}): conflicts with network {} ({}): networks have same bridge name",
                network.id, network.interface, other.id, other.interface
            ))),
        }
    }

    /// Writes a network's folder, if it is not there.
    pub(crate) fn write(&self, network: &Network) -> Result<()> {
        let folder = self.path(&network.id);
        let doing = || format!("make the folder `{}`", folder.display());
        for path in [folder.clone(), folder.join("leases"), folder.join("endpoints"), folder.join("names")] {
            match DirBuilder::new().mode(0o700).create(path) {
                Err(err) if err.kind() == std::io::ErrorKind::AlreadyExists => {}
                made => made.doing(doing)?,
            }
        }
        disk::write_new(&folder.join("network.json"), network)
    }

    /// Forgets a network, of which the kernel knows no more.
    pub fn forget(&self, network: &Network, _held: &Held) -> Result<()> {
        self.give_name_back(network)?;
        self.take_away(&network.id)
    }

    fn take_away(&self, id: &str) -> Result<()> {
        let away = self.folder().join(format!(".gone-{id}"));
        let doing = || format!("remove `{}`", self.path(id).display());
        match fs::rename(self.path(id), &away) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => return Err(err).doing(doing),
            _ => {}
        }
        match fs::remove_dir_all(&away) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => Err(err).doing(doing),
            _ => Ok(()),
        }
    }

    /// Networks that were not finished, or not removed to the end; what is left of the folders of others is removed.
    pub fn unfinished(&self, held: &Held) -> Result<Vec<Network>> {
        let _ = held;
        let mut all = Vec::new();
        for id in self.ids()? {
            match self.read(&id) {
                Ok(Some(network)) if !self.is_finished(&network) => all.push(network),
                Ok(Some(_)) | Err(_) => {}
                // Those that are always there are written down when somebody wants them.
                Ok(None) => self.take_away(&id)?,
            }
        }
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(".gone-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(all)
    }
}

/// Somebody else has made it already.
fn is_there(interface: &str) -> Result<bool> {
    let found = Route::open().map_err(Refused::from).and_then(|kernel| kernel.find(interface));
    match found {
        Err(refused) if refused.is(rustix::io::Errno::NODEV) => Ok(false),
        found => found.map(|_| true).told(|| format!("look for the interface `{interface}`")),
    }
}

/// The interface of a network: its bridge, or what its containers' are made from.
fn interface(wanted: &Wanted, id: &str) -> Result<String> {
    let named = |option: &str| wanted.options.get(option).filter(|name| !name.is_empty());
    let name = match wanted.driver {
        Driver::Bridge => named(option::BRIDGE).cloned().unwrap_or_else(|| format!("br-{}", &id[..12])),
        Driver::Macvlan | Driver::Ipvlan => named(option::PARENT).cloned().ok_or_else(|| {
            Fault::invalid(
                "--opt parent",
                format!("a network of {} has to be on an interface of this machine", wanted.driver),
            )
            .hint(format!("`nagaya network create -d {} -o parent=eth0 NAME`", wanted.driver))
        })?,
        Driver::Host | Driver::Null => {
            let why = format!("only one instance of \"{}\" network is allowed", wanted.driver);
            return Err(Fault::new(Kind::Denied, format!("make network `{}`", wanted.name)).because(why));
        }
    };
    let sign = |c: char| c.is_ascii_graphic() && !"/:%".contains(c);
    if name.len() > 15 || !name.chars().all(sign) || matches!(name.as_str(), "." | "..") {
        let option = if wanted.driver == Driver::Bridge { option::BRIDGE } else { option::PARENT };
        return Err(Fault::invalid(
            format!("--opt {option}"),
            format!("`{name}` is no name of an interface"),
        ));
    }
    Ok(name)
}

/// Addresses that were asked for make sense.
pub(crate) fn check_pool(pool: &Pool) -> Result<()> {
    let wrong = |field: &str, why: String| Err(Fault::invalid(field, why));
    let subnet = pool.subnet;
    if let Some(range) = pool.range.filter(|range| !subnet.holds(range)) {
        return wrong("--ip-range", format!("no matching subnet for range {range}"));
    }
    if let Some(gateway) = pool.gateway.filter(|gateway| !subnet.contains(*gateway)) {
        return wrong("--gateway", format!("no matching subnet for gateway {gateway}"));
    }
    if let Some((_, taken)) = pool.taken.iter().find(|(_, address)| !subnet.contains(**address)) {
        return wrong("--aux-address", format!("no matching subnet for aux-address {taken}"));
    }
    Ok(())
}
