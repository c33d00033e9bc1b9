//! Many containers: in a row, at once, and with hardly any memory.

use std::fs;

use lab::{Lab, runtime};
use serde_json::{Value, json};

/// A bundle that says its name, and calls of the runtime on it by a shell, which is quicker than we are.
fn starts(lab: &Lab, script: &str) -> String {
    let web = lab.container("web").sh("true");
    web.save();
    let root = lab.state_folder();
    let run = format!(
        "run() {{ {} --root {} run --bundle {} {}-$1; }}\n{script}",
        runtime().display(),
        std::path::Path::new(&root).display(),
        web.bundle().display(),
        web.id()
    );
    let limit = std::time::Duration::from_mins(2);
    let said = lab.program("sh").args(["-c", &run]).deadline(limit).output();
    assert_eq!(said.stderr, "");
    assert_eq!(said.stdout.matches(&web.nonce()).count(), said.stdout.lines().count(), "{}", said.stdout);
    said.ok()
}

#[test]
fn a_thousand_in_a_row_leave_nothing() {
    let lab = Lab::new();
    let said = starts(&lab, "i=0; while [ $i -lt 1000 ]; do run $i; i=$((i+1)); done");
    assert_eq!(said.lines().count(), 1000);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn two_hundred_at_once_leave_nothing() {
    let lab = Lab::new();
    let said = starts(&lab, "i=0; while [ $i -lt 200 ]; do run $i & i=$((i+1)); done; wait");
    assert_eq!(said.lines().count(), 200);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_mebibyte_of_memory_is_enough_to_start_in() {
    let lab = Lab::new();
    let text = fs::read_to_string("/usr/share/containers/seccomp.json").expect("it needs podman");
    let mut profile: Value = serde_json::from_str(&text).expect("JSON");
    let groups = profile["syscalls"].as_array_mut().expect("a list");
    groups.retain(|group| group["includes"]["caps"].is_null());
    let limited = |bytes: u64| {
        lab.container("web").edit(|config| {
            config["linux"]["seccomp"] = profile.clone();
            config["linux"]["resources"]["memory"] = json!({"limit": bytes, "swap": bytes});
        })
    };
    for _ in 0..10 {
        let web = limited(1 << 20).sh("true");
        web.after_nonce(&web.run().ok());
    }
    // The control: the limit is in force, and too little is too little.
    assert_ne!(limited(1 << 16).sh("true").run().code, 0);
}
