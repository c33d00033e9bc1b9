//! `volume inspect`: under the names that docker's API has.

use container::{Volume, Volumes};
use fault::Result;
use serde_json::{Map, Value, json};
use template::Template;

use crate::args::volumes::Inspect;
use crate::cmd::FAILED;
use crate::cmd::inspect::pretty;
use crate::{say, time};

/// What is there is shown, also if something else is not there.
pub(super) fn run(typed: &Inspect, volumes: &Volumes) -> Result<u8> {
    let template =
        typed.format.as_deref().filter(|format| *format != "json").map(Template::parse).transpose()?;
    let (mut shown, mut code) = (Vec::new(), 0);
    for name in &typed.names {
        match volumes.get(name) {
            Ok(volume) => shown.push(of(&volume, volumes)),
            Err(fault) => {
                say::error(&fault);
                code = FAILED;
            }
        }
    }
    match (&template, typed.format.is_some()) {
        (Some(template), _) => {
            for one in &shown {
                say::print(&(template.render(one)? + "\n"))?;
            }
        }
        (None, true) => say::print(&format!("{}\n", Value::Array(shown)))?,
        (None, false) => say::print(&pretty(&Value::Array(shown)))?,
    }
    Ok(code)
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
