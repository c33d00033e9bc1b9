//! `config.json`, to start from.

use serde_json::{Value, json};

/// What `runc spec` writes, without a terminal.
pub fn base() -> Value {
    serde_json::from_str(include_str!("base.json")).expect("base.json is JSON")
}

/// One entry of `mounts`. Options are separated by commas.
pub fn mount(kind: &str, source: &str, destination: &str, options: &str) -> Value {
    let options: Vec<_> = options.split(',').filter(|option| !option.is_empty()).collect();
    json!({"destination": destination, "type": kind, "source": source, "options": options})
}

/// Asks for a namespace: a new one, or with a path that one. Takes the place of an earlier wish.
pub fn namespace(config: &mut Value, kind: &str, path: Option<&str>) {
    without_namespace(config, kind);
    let mut wish = json!({"type": kind});
    if let Some(path) = path {
        wish["path"] = path.into();
    }
    list(config).push(wish);
}

/// Stays in the caller's.
pub fn without_namespace(config: &mut Value, kind: &str) {
    list(config).retain(|wish| wish["type"] != kind);
}

fn list(config: &mut Value) -> &mut Vec<Value> {
    config["linux"]["namespaces"].as_array_mut().expect("linux.namespaces is a list")
}
