//! `volume inspect`: under the names that docker's API has.

use container::{Volume, Volumes};
use fault::Result;
use serde_json::{Map, Value, json};

use crate::args::volumes::Inspect;
use crate::cmd::inspect::show;
use crate::time;

pub(super) fn run(typed: &Inspect, volumes: &Volumes) -> Result<u8> {
    show(&typed.names, typed.format.as_deref(), |name| object(name, volumes))
}

/// A volume by its name.
pub(crate) fn object(name: &str, volumes: &Volumes) -> Result<Value> {
    volumes.get(name).map(|volume| of(&volume, volumes))
}

fn of(volume: &Volume, volumes: &Volumes) -> Value {
    let created = time::seconds(&volume.created).map(time::rfc3339);
    // As docker has it: nothing is not the same as an empty list.
    let or_null = |all: Map<String, Value>| if all.is_empty() { Value::Null } else { Value::Object(all) };
    let map = |all: &std::collections::BTreeMap<String, String>| {
        or_null(all.iter().map(|(name, value)| (name.clone(), json!(value))).collect())
    };
    json!({
        "CreatedAt": created,
        "Driver": "local",
        "Labels": map(&volume.labels),
        "Mountpoint": volumes.data(&volume.name),
        "Name": volume.name,
        "Options": map(&volume.options),
        "Scope": "local",
    })
}
