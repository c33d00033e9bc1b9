//! Mounts, as they were asked for and as they are.

use container::{By, Mount, Point, Request, What};
use serde_json::{Map, Value, json};

/// One mount that there is.
pub(super) fn point(point: Point) -> Value {
    let mut shown = Map::new();
    shown.insert("Type".to_string(), json!(point.kind));
    if let Some(name) = point.name {
        shown.insert("Name".to_string(), json!(name));
    }
    shown.insert("Source".to_string(), json!(point.source));
    shown.insert("Destination".to_string(), json!(point.destination));
    if let Some(driver) = point.driver {
        shown.insert("Driver".to_string(), json!(driver));
    }
    shown.insert("Mode".to_string(), json!(point.mode));
    shown.insert("RW".to_string(), json!(point.rw));
    shown.insert("Propagation".to_string(), json!(point.propagation));
    Value::Object(shown)
}

/// As they were typed for `-v`; nothing if there are none.
pub(super) fn binds(request: &Request) -> Option<Vec<String>> {
    let bind = |mount: &Mount| {
        let source = match &mount.what {
            What::Bind(bind) => bind.source.display().to_string(),
            What::Volume(volume) if !volume.anonymous => volume.name.clone(),
            _ => return None,
        };
        let mode = if mount.mode.is_empty() { String::new() } else { format!(":{}", mount.mode) };
        Some(format!("{source}:{}{mode}", mount.destination))
    };
    let of_volume = request.mounts.iter().filter(|mount| mount.by == By::Volume);
    Some(of_volume.filter_map(bind).collect::<Vec<_>>()).filter(|binds| !binds.is_empty())
}

/// What was typed for `--mount`, and for `--tmpfs`: fields that are there only if something was.
pub(super) fn others(request: &Request) -> Value {
    let by = |by| request.mounts.iter().filter(move |mount| mount.by == by);
    let mut fields = Map::new();
    let mounts: Vec<_> = by(By::Mount).map(long).collect();
    if !mounts.is_empty() {
        fields.insert("Mounts".to_string(), Value::Array(mounts));
    }
    let tmpfs: Map<_, _> = by(By::Tmpfs)
        .filter_map(|mount| match &mount.what {
            What::Tmpfs(options) => Some((mount.destination.clone(), json!(options.join(",")))),
            _ => None,
        })
        .collect();
    if !tmpfs.is_empty() {
        fields.insert("Tmpfs".to_string(), Value::Object(tmpfs));
    }
    Value::Object(fields)
}

fn long(mount: &Mount) -> Value {
    let (kind, source) = match &mount.what {
        What::Bind(bind) => ("bind", bind.source.display().to_string()),
        What::Volume(volume) => ("volume", volume.name.clone()),
        What::Tmpfs(_) => ("tmpfs", String::new()),
        What::Image(image) => ("image", image.name.clone()),
    };
    let mut shown = json!({ "Type": kind });
    if !source.is_empty() {
        shown["Source"] = json!(source);
    }
    shown["Target"] = json!(mount.destination);
    if mount.readonly {
        shown["ReadOnly"] = json!(true);
    }
    shown
}
