//! `history`: how an image was made, the last step first.

use fault::Result;
use images::{Images, Listed};
use serde_json::{Value, json};

use crate::args::images::History;
use crate::table::Table;
use crate::{human, say, time};

const MISSING: &str = "<missing>";
/// Characters of a command and of a comment that a table has place for.
const COMMAND: usize = 45;

const TABLE: Table = Table {
    columns: &[
        ("ID", "IMAGE"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("CreatedBy", "CREATED BY"),
        ("Size", "SIZE"),
        ("Comment", "COMMENT"),
    ],
    usual: &["ID", "CreatedSince", "CreatedBy", "Size", "Comment"],
};

pub(crate) fn run(typed: &History, images: &Images) -> Result<()> {
    let rows = rows(&images.look(&typed.image)?, images, typed);
    if typed.quiet && typed.format.is_none() {
        let ids = rows.iter().filter_map(|row| row["ID"].as_str());
        return say::print(&say::lines(ids));
    }
    let usual: &[&str] =
        if typed.human { TABLE.usual } else { &["ID", "CreatedAt", "CreatedBy", "Size", "Comment"] };
    let (table, format) = (Table { usual, ..TABLE }, typed.format.as_deref());
    say::print(&if typed.no_trunc {
        table.render_whole(format, &rows)?
    } else {
        table.render(format, &rows)?
    })
}

fn rows(listed: &Listed, images: &Images, typed: &History) -> Vec<Value> {
    let image = &listed.image;
    let mut layers = image.diff_ids().iter();
    let sizes = image.config.history.iter().map(|step| {
        let layer = if step.empty_layer { None } else { layers.next() };
        layer.map_or(0, |diff_id| images.layer_size(diff_id))
    });
    let sizes: Vec<_> = sizes.collect();
    let id = if typed.no_trunc { image.id.as_str() } else { image.id.short() };
    let steps = image.config.history.iter().zip(sizes).rev().enumerate();
    let row = |(number, (step, size)): (usize, (&oci::image::History, u64))| {
        let created = step.created.as_deref().and_then(time::seconds);
        let command = step.created_by.replace('\t', " ");
        json!({
            "Comment": step.comment,
            "CreatedAt": created.map_or_else(|| "N/A".to_string(), time::rfc3339),
            "CreatedBy": if typed.no_trunc { command } else { short(&command) },
            "CreatedSince": created.map_or_else(|| "N/A".to_string(), human::ago),
            "ID": if number == 0 { id } else { MISSING },
            "Size": if typed.human { human::size(size) } else { size.to_string() },
        })
    };
    steps.map(row).collect()
}

fn short(text: &str) -> String {
    if text.chars().count() <= COMMAND {
        return text.to_string();
    }
    text.chars().take(COMMAND - 1).chain(['…']).collect()
}
