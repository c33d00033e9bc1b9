//! Image configs as Docker, podman and others write them.

use oci::image::{Config, LONGEST_CONFIG};
use serde_json::{Value, json};

/// As `docker build` writes one, with all that it knows.
fn docker() -> Value {
    json!({
        "architecture": "arm", "variant": "v7", "os": "linux",
        "created": "2026-01-02T03:04:05.678Z", "author": "me", "docker_version": "29.0.0", "comment": "why",
        "config": {
            "User": "1000:daemon", "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Env": ["PATH=/bin"],
            "Entrypoint": ["/entry"], "Cmd": [], "Volumes": {"/data": {}}, "WorkingDir": "/srv",
            "Labels": {"a": "b", "A": "c"}, "StopSignal": "SIGQUIT", "ArgsEscaped": true,
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000_u64, "Retries": 3},
            "OnBuild": ["RUN x"], "Shell": ["/bin/sh", "-c"],
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", "0a".repeat(32))]},
        "history": [{"created": "2026-01-02T03:04:05Z", "created_by": "RUN y", "empty_layer": true}],
    })
}

fn parse(json: &Value) -> Result<Config, String> {
    Config::parse(json.to_string().as_bytes()).map_err(|err| err.sentence())
}

#[test]
fn every_field_is_read_and_written() {
    let config = parse(&docker()).unwrap();
    assert_eq!(config.platform.to_string(), "linux/arm/v7");
    let execution = config.config.clone().unwrap();
    assert_eq!(execution.exposed_ports.iter().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
    assert_eq!((execution.entrypoint, execution.cmd), (Some(vec!["/entry".to_string()]), Some(vec![])));
    assert_eq!(execution.healthcheck.unwrap().interval, 30_000_000_000);
    let written: Value = serde_json::from_slice(&config.to_json()).unwrap();
    assert_eq!(written, docker());
}

#[test]
fn go_writes_null_for_nothing() {
    let mut json = docker();
    for field in
        ["User", "ExposedPorts", "Env", "Entrypoint", "Volumes", "Labels", "Healthcheck", "OnBuild", "Shell"]
    {
        json["config"][field] = Value::Null;
    }
    json["history"] = Value::Null;
    let execution = parse(&json).unwrap().config.unwrap();
    assert_eq!((execution.entrypoint, execution.env.len()), (None, 0));
    json["config"] = Value::Null;
    assert_eq!(parse(&json).unwrap().config, None);
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        ("/config/Healthcheck/Interval", json!(-1)),
        ("/config/Healthcheck", json!([["CMD", "true"]])),
        ("/config/Env", json!({})),
        ("/config/Volumes", json!(["/a"])),
        ("/config", json!([])),
        ("/rootfs/type", json!("folders")),
        ("/rootfs/diff_ids/0", json!("sha256:1")),
        ("/rootfs", Value::Null),
        ("/architecture", json!(5)),
    ];
    for (at, wrong) in cases {
        let mut json = docker();
        *json.pointer_mut(at).unwrap() = wrong;
        assert!(parse(&json).is_err(), "{at}");
    }
    let twice = docker().to_string().replacen("\"a\":\"b\"", "\"a\":\"b\",\"a\":\"c\"", 1);
    assert!(Config::parse(twice.as_bytes()).unwrap_err().sentence().contains("twice"));
    assert!(
        parse(&json!({"rootfs": {"type": "layers"}, "Config": {}})).unwrap_err().contains("another case")
    );
}

#[test]
fn only_so_much() {
    let mut json = docker();
    for (many, read) in [(10_000, true), (10_001, false)] {
        json["history"] = vec![json!({"created_by": "x"}); many].into();
        assert_eq!(parse(&json).is_ok(), read, "{many} steps");
    }
    json = docker();
    for (many, read) in [(10_000, true), (10_001, false)] {
        json["config"]["Env"] = vec![json!("a=b"); many].into();
        assert_eq!(parse(&json).is_ok(), read, "{many} variables");
    }
    for (length, read) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        json["config"]["Env"] = json!(["x".repeat(length - 4)]);
        assert_eq!(parse(&json).is_ok(), read, "{length} bytes of texts");
    }
    let text = docker().to_string();
    let spaces = |length: u64| text.clone() + &" ".repeat(usize::try_from(length).unwrap() - text.len());
    assert!(Config::parse(spaces(LONGEST_CONFIG).as_bytes()).is_ok());
    assert!(Config::parse(spaces(LONGEST_CONFIG + 1).as_bytes()).is_err());
}
