//! `images`.

use fault::Result;
use images::{Images, Listed};
use oci::image::Reference;
use serde_json::{Value, json};

use super::filter::Filters;
use crate::args::images::List;
use crate::table::Table;
use crate::{human, say, time};

const NONE: &str = "<none>";

const TABLE: Table = Table {
    columns: &[
        ("Repository", "REPOSITORY"),
        ("Tag", "TAG"),
        ("Digest", "DIGEST"),
        ("ID", "IMAGE ID"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("Size", "SIZE"),
        ("VirtualSize", "SIZE"),
        ("UniqueSize", "UNIQUE SIZE"),
        ("SharedSize", "SHARED SIZE"),
        ("Containers", "CONTAINERS"),
    ],
    usual: &["Repository", "Tag", "ID", "CreatedSince", "Size"],
};

const WITH_DIGESTS: &[&str] = &["Repository", "Tag", "Digest", "ID", "CreatedSince", "Size"];

pub(crate) fn run(typed: &List, images: &Images) -> Result<()> {
    let mut filters = Filters::parse(&typed.filter, images)?;
    filters.references.extend(typed.name.clone());
    let mut all = images.list()?;
    // The newest first, as docker has them.
    all.sort_by_cached_key(|listed| std::cmp::Reverse(time::created(&listed.image.config)));
    let mut rows = Vec::new();
    for listed in &all {
        if filters.fit(listed) {
            rows.extend(rows_of(listed, &filters, typed));
        }
    }
    if typed.quiet && typed.format.is_none() {
        return say::print(&say::lines(rows.iter().filter_map(|row| row["ID"].as_str())));
    }
    let usual = if typed.digests { WITH_DIGESTS } else { TABLE.usual };
    let (table, format) = (Table { usual, ..TABLE }, typed.format.as_deref());
    say::print(&if typed.no_trunc {
        table.render_whole(format, &rows)?
    } else {
        table.render(format, &rows)?
    })
}

/// One for each name.
fn rows_of(listed: &Listed, filters: &Filters, typed: &List) -> Vec<Value> {
    let names: Vec<&Reference> = listed.tags.iter().filter(|name| filters.names(name)).collect();
    // As docker has it: unless it was asked for, it is said to be none.
    let asked = typed.digests || typed.format.as_deref().is_some_and(|format| format.contains("{{.Digest}}"));
    let digest_of = |name: &Reference| {
        listed.digests.iter().find(|digest| digest.name() == name.name()).and_then(Reference::digest)
    };
    let mut rows = Vec::new();
    for name in names {
        let digest = digest_of(name).filter(|_| asked).map_or_else(|| NONE.to_string(), ToString::to_string);
        rows.push(row(listed, &name.familiar_name(), name.tag().unwrap_or(NONE), &digest, typed));
    }
    if listed.tags.is_empty() {
        match listed.digests.first() {
            Some(name) => {
                let digest = name.digest().map(ToString::to_string).unwrap_or_default();
                rows.push(row(listed, &name.familiar_name(), NONE, &digest, typed));
            }
            None => rows.push(row(listed, NONE, NONE, NONE, typed)),
        }
    }
    rows
}

fn row(listed: &Listed, repository: &str, tag: &str, digest: &str, typed: &List) -> Value {
    let id = &listed.image.id;
    let created = time::created(&listed.image.config);
    let size = human::size(listed.size);
    json!({
        "Containers": "N/A",
        "CreatedAt": created.map_or_else(|| "N/A".to_string(), time::local),
        "CreatedSince": created.map_or_else(|| "N/A".to_string(), human::ago),
        "Digest": digest,
        "ID": if typed.no_trunc { id.as_str() } else { id.short() },
        "Repository": repository,
        "SharedSize": "N/A",
        "Size": size,
        "Tag": tag,
        "UniqueSize": "N/A",
        "VirtualSize": size,
    })
}
