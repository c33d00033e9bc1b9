//! `network prune`.

use fault::Result;
use network::Networks;

use crate::args::networks::Prune;
use crate::cmd::filter::Meant;
use crate::cmd::images::prune::confirmed;
use crate::say;

const WARNING: &str = "WARNING! This will remove all custom networks not used by at least one container.";

pub(super) fn run(typed: &Prune, networks: &Networks) -> Result<()> {
    let filters = Meant::parse(&typed.filter)?;
    if typed.force || confirmed(WARNING)? { prune(&filters, networks) } else { Ok(()) }
}

/// Removes without asking, and says what.
pub(crate) fn prune(filters: &Meant, networks: &Networks) -> Result<()> {
    let mut removed = Vec::new();
    for network in networks.all()? {
        let unused = !network.is_predefined() && !networks.is_used(&network.id)?;
        let meant = filters.fit(&network.created, &network.labels);
        // Somebody may have connected to it in this moment.
        if unused && meant && networks.remove(&network).is_ok() {
            removed.push(network.name);
        }
    }
    if removed.is_empty() {
        Ok(())
    } else {
        say::print(&format!("Deleted Networks:\n{}\n", say::lines(removed)))
    }
}
