//! What `inspect` shows of a container: the shape of Docker's API 1.41.

mod asked;
mod mounts;
mod network;

use std::path::Path;

use container::{HealthState, LogDriver};
use engine::{Engine, Status, View};
use fault::Result;
use images::Images;
use serde_json::{Value, json};
use store::size_of;

/// When something is that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";

pub(crate) fn object(name: &str, size: bool, engine: &Engine, root: &Path) -> Result<Value> {
    let view = engine.find(name)?;
    let mut object = of(&view, root);
    if size {
        let own = size_of(&view.folder.changes());
        let images = Images::open(root)?;
        let image = view.record.image_id().and_then(|id| images.look(id.as_str()).ok());
        object["SizeRw"] = json!(own);
        object["SizeRootFs"] = json!(own + image.map_or(0, |image| image.size));
    }
    Ok(object)
}

fn of(view: &View, root: &Path) -> Value {
    let record = &view.record;
    let program = record.program();
    let mounts: Vec<_> = record.mounts(root).into_iter().map(mounts::point).collect();
    json!({
        "Id": record.id,
        "Created": record.created,
        "Path": program.first(),
        "Args": program.get(1..).unwrap_or_default(),
        "State": state(view),
        "Image": record.image_id().map_or_else(|| record.image().to_string(), ToString::to_string),
        "ResolvConfPath": file(view, "resolv.conf"),
        "HostnamePath": file(view, "hostname"),
        "HostsPath": file(view, "hosts"),
        "LogPath": log_path(view),
        "Name": format!("/{}", record.name),
        "RestartCount": view.state.restarts,
        "Driver": "nagaya",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": null,
        "HostConfig": asked::host_config(record),
        "GraphDriver": { "Data": folders(view), "Name": "nagaya" },
        "Mounts": mounts,
        "Config": asked::config(record),
        "NetworkSettings": network::settings(view, root),
    })
}

fn state(view: &View) -> Value {
    let state = &view.state;
    let time = |text: &str| if text.is_empty() { NEVER.to_string() } else { text.to_string() };
    let mut shown = json!({
        "Status": view.status.to_string(),
        "Running": view.status.is_up() || view.status == Status::Restarting,
        "Paused": view.status == Status::Paused,
        "Restarting": view.status == Status::Restarting,
        "OOMKilled": state.oom_killed,
        "Dead": false,
        "Pid": if view.status.is_up() { state.pid } else { 0 },
        "ExitCode": state.exit_code,
        "Error": state.error,
        "StartedAt": time(&state.started),
        "FinishedAt": time(&state.finished),
    });
    if let Some(health) = &state.health {
        shown["Health"] = of_health(health);
    }
    shown
}

fn of_health(health: &HealthState) -> Value {
    let check = |check: &container::HealthCheck| json!({ "Start": check.start, "End": check.end, "ExitCode": check.exit_code, "Output": check.output });
    json!({
        "Status": health.status,
        "FailingStreak": health.failing,
        "Log": health.log.iter().map(check).collect::<Vec<_>>(),
    })
}

/// A file of its folder; only what was started has one.
fn file(view: &View, name: &str) -> String {
    let path = view.folder.path().join(name);
    if path.exists() { path.display().to_string() } else { String::new() }
}

/// Only what was started has one.
fn log_path(view: &View) -> String {
    let path = view.folder.log();
    let is_file = view.record.request.log.driver == LogDriver::JsonFile && path.exists();
    if is_file { path.display().to_string() } else { String::new() }
}

fn folders(view: &View) -> Value {
    let changes = view.folder.changes();
    match view.record.image_id() {
        Some(_) => json!({ "UpperDir": changes.join("upper"), "WorkDir": changes.join("work") }),
        None => Value::Null,
    }
}
