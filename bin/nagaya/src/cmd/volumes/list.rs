//! `volume ls`.

use container::{Volume, Volumes};
use fault::Result;
use serde_json::{Value, json};

use super::filter::{Filters, For};
use crate::args::volumes::List;
use crate::table::Table;
use crate::{human, say};

const TABLE: Table = Table {
    columns: &[
        ("Availability", "AVAILABILITY"),
        ("Driver", "DRIVER"),
        ("Group", "GROUP"),
        ("Labels", "LABELS"),
        ("Links", "LINKS"),
        ("Mountpoint", "MOUNTPOINT"),
        ("Name", "VOLUME NAME"),
        ("Scope", "SCOPE"),
        ("Size", "SIZE"),
        ("Status", "STATUS"),
    ],
    usual: &["Driver", "Name"],
};

const WITH_LINKS: &[&str] = &["Name", "Links", "Size"];

pub(super) fn run(typed: &List, volumes: &Volumes) -> Result<()> {
    let filters = Filters::parse(&typed.filter, For::List)?;
    let mut all = volumes.all()?;
    // Who uses them is only looked at for those who ask.
    let users = if typed.filter.iter().any(|filter| filter.name == "dangling") {
        volumes.users()?
    } else {
        container::Users::default()
    };
    all.retain(|volume| filters.fit(volume, users.contains_key(&volume.name)));
    if typed.quiet && typed.format.is_none() {
        return say::print(&say::lines(all.iter().map(|volume| &volume.name)));
    }
    let rows: Vec<_> = all.iter().map(|volume| row(volume, volumes, None)).collect();
    say::print(&TABLE.render(typed.format.as_deref(), &rows)?)
}

/// The same for `system df -v`: with who uses them, and what they take.
pub(crate) fn with_links(volumes: &Volumes) -> Result<String> {
    let users = volumes.users()?;
    let row = |volume: &Volume| {
        let links = users.get(&volume.name).map_or(0, Vec::len);
        row(volume, volumes, Some((links, volumes.size(&volume.name))))
    };
    let rows: Vec<_> = volumes.all()?.iter().map(row).collect();
    Table { usual: WITH_LINKS, ..TABLE }.render(None, &rows)
}

fn row(volume: &Volume, volumes: &Volumes, usage: Option<(usize, u64)>) -> Value {
    let labels = volume.labels.iter().map(|(name, value)| format!("{name}={value}"));
    let (links, size) = match usage {
        Some((links, size)) => (links.to_string(), human::size(size)),
        None => ("N/A".to_string(), "N/A".to_string()),
    };
    json!({
        "Availability": "N/A",
        "Driver": "local",
        "Group": "N/A",
        "Labels": labels.collect::<Vec<_>>().join(","),
        "Links": links,
        "Mountpoint": volumes.data(&volume.name),
        "Name": volume.name,
        "Scope": "local",
        "Size": size,
        "Status": "N/A",
    })
}
