//! Which names lead to which addresses. What is asked most is in one folder: `names/NAME`.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fault::{Doing, Result};

use crate::{Endpoint, Networks, disk};

/// So often a folder may be removed by others in the moment in which we want to write to it.
const TRIES: usize = 100;

impl Networks {
    /// The folder of a name; nothing if that is none that a container could have.
    fn name_path(&self, network: &str, name: &str) -> Option<PathBuf> {
        let name = name.to_lowercase();
        let good = !name.is_empty() && name.len() <= 253 && !name.starts_with('.');
        let plain = !name.contains(|c: char| c == '/' || c.is_control());
        (good && plain).then(|| self.path(network).join("names").join(name))
    }

    pub(crate) fn write_names(&self, network: &str, endpoint: &Endpoint) -> Result<()> {
        let lines =
            endpoint.addresses.iter().fold(String::new(), |all, (address, _)| all + &format!("{address}\n"));
        for name in endpoint.names() {
            let Some(folder) = self.name_path(network, &name) else { continue };
            write_name(&folder, &endpoint.container, &lines)?;
        }
        Ok(())
    }

    pub(crate) fn remove_names(&self, network: &str, endpoint: &Endpoint) -> Result<()> {
        for name in endpoint.names() {
            let Some(folder) = self.name_path(network, &name) else { continue };
            disk::remove(&folder.join(&endpoint.container))?;
            // Others may have the name too.
            let _ = fs::remove_dir(&folder);
        }
        self.remove_unfinished_name(network, &endpoint.container)
    }

    /// What somebody was killed over while he wrote it.
    fn remove_unfinished_name(&self, network: &str, container: &str) -> Result<()> {
        disk::remove(&disk::unfinished(&self.path(network).join("names").join(container)))
    }

    /// Removes all names of a container, also those that nothing tells of.
    pub(crate) fn remove_all_names(&self, network: &str, container: &str) -> Result<()> {
        let names = self.path(network).join("names");
        for name in disk::names(&names)? {
            disk::remove(&names.join(&name).join(container))?;
            let _ = fs::remove_dir(names.join(&name));
        }
        self.remove_unfinished_name(network, container)
    }

    /// Addresses that a name leads to on a network; none if nobody has it. In any letters.
    pub fn resolve(&self, network: &str, name: &str) -> Vec<IpAddr> {
        let Some(folder) = self.name_path(network, name) else { return Vec::new() };
        let holders = disk::names(&folder).unwrap_or_default();
        let texts = holders.iter().filter_map(|holder| fs::read_to_string(folder.join(holder)).ok());
        texts.flat_map(|text| text.lines().filter_map(|line| line.parse().ok()).collect::<Vec<_>>()).collect()
    }

    /// When that was last changed; nothing if nobody has the name.
    pub fn changed(&self, network: &str, name: &str) -> Option<SystemTime> {
        fs::metadata(self.name_path(network, name)?).ok()?.modified().ok()
    }

    /// The name of the container that has an address on a network.
    pub fn reverse(&self, network: &str, address: IpAddr) -> Option<String> {
        let container = self.holder_of(network, address)?;
        self.endpoint(network, &container).ok().flatten().map(|endpoint| endpoint.name)
    }
}

fn write_name(folder: &Path, container: &str, lines: &str) -> Result<()> {
    let doing = || format!("make the folder `{}`", folder.display());
    let mut tries = 0;
    loop {
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(err) if err.kind() != ErrorKind::AlreadyExists => return Err(err).doing(doing),
            _ => {}
        }
        // Whoever reads the folder reads all that is in it.
        let new = disk::unfinished(&folder.with_file_name(container));
        match disk::replace_by(&folder.join(container), &new, lines.as_bytes()) {
            // The last one of that name has just gone, and the folder with it.
            Err(fault) if fault.errno() == Some(2) && tries < TRIES => tries += 1,
            written => return written,
        }
    }
}
