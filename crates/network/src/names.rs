//! Names of networks: a link for each, which leads to the id of the network that has it.

use fault::{Fault, Kind, Result};

use crate::{Network, Networks, defaults, disk};

/// The rule for names, and Docker's words for it. It is the name of a file.
pub(crate) fn check(name: &str) -> Result<()> {
    let letter = |c: char| c.is_ascii_alphanumeric();
    let shown = fault::visible(name);
    let wrong =
        |cause: String| Err(Fault::new(Kind::Invalid, format!("name a network `{shown}`")).because(cause));
    if name.trim().is_empty() {
        return wrong("invalid name: name is empty".to_string());
    }
    let rest = name.strip_prefix(letter).unwrap_or("/");
    if !rest.chars().all(|c| letter(c) || "_.-".contains(c)) || name.len() > 200 {
        return wrong(format!("Invalid network name ({shown}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"));
    }
    if matches!(name, "default" | "container" | "ns") {
        return wrong(format!("operation is not permitted on pre-defined {name} network"));
    }
    Ok(())
}

/// What may stand where a name of a network may.
pub(crate) fn is_name(word: &str) -> bool {
    check(word).is_ok()
}

impl Networks {
    /// The id of the network that has a name; nothing if nobody has it, or its network was not finished.
    pub(crate) fn id_of(&self, name: &str) -> Option<String> {
        if let Some(id) = defaults::id_of(name) {
            return Some(id.to_string());
        }
        is_name(name).then(|| disk::holder(&self.names().join(name))).flatten()
    }

    /// Has a network have no name any more.
    pub(crate) fn give_name_back(&self, network: &Network) -> Result<()> {
        disk::give_back(&self.names().join(&network.name), &network.id)
    }

    /// Takes a name for a network, from one that is not there if need be. For who is alone.
    pub(crate) fn take_name(&self, name: &str, id: &str) -> Result<()> {
        let path = self.names().join(name);
        while !disk::take(&path, id)? {
            let holder = disk::holder(&path).unwrap_or_default();
            if self.read(&holder)?.is_some() {
                return Err(Fault::new(Kind::Exists, format!("make network `{name}`"))
                    .because(format!("network with name {name} already exists"))
                    .hint(format!("`nagaya network rm {name}` removes it")));
            }
            disk::give_back(&path, &holder)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        for good in ["a", "net1", "My_net.2-x"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", " ", ".", "..", "a/b", "-a", "a b", "default", "ä", &"a".repeat(201)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
