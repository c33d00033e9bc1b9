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

/// One for each name, and with digests for each of those that its repository has answered. Docker has it so.
fn rows_of(listed: &Listed, filters: &Filters, typed: &List) -> Vec<Value> {
    let asked = typed.digests || typed.format.as_deref().is_some_and(|format| format.contains("{{.Digest}}"));
    let digests_in = |repository: &Reference| -> Vec<String> {
        let all = listed.digests.iter().filter(|digest| asked && digest.name() == repository.name());
        let all: Vec<_> = all.filter_map(Reference::digest).map(ToString::to_string).collect();
        if all.is_empty() { vec![NONE.to_string()] } else { all }
    };
    let mut rows = Vec::new();
    let mut add = |name: &Reference, tag: &str| {
        for digest in digests_in(name) {
            rows.push(row(listed, &name.familiar_name(), tag, &digest, typed));
        }
    };
    for name in listed.tags.iter().filter(|name| filters.names(name)) {
        add(name, name.tag().unwrap_or(NONE));
    }
    let mut rest: Vec<_> = listed.digests.iter().map(Reference::repository).collect();
    rest.retain(|name| filters.names(name) && !listed.tags.iter().any(|tag| tag.name() == name.name()));
    rest.dedup();
    for name in &rest {
        add(name, NONE);
    }
    if listed.tags.is_empty() && listed.digests.is_empty() {
        rows.push(row(listed, NONE, NONE, NONE, typed));
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
