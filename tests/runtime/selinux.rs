//! Labels of SELinux where there is none: nothing runs that was to be labelled.

use std::fs;

use lab::Lab;
use serde_json::{Value, json};

/// There it is the machine with SELinux that tells.
fn is_enabled() -> bool {
    fs::read_to_string("/proc/filesystems").is_ok_and(|known| known.contains("selinuxfs"))
}

const LABEL: &str = "system_u:system_r:container_t:s0:c1,c2";

#[test]
fn without_selinux_nothing_runs_that_was_to_be_labelled() {
    if is_enabled() {
        return;
    }
    let lab = Lab::new();
    let refused = |field: &str, change: fn(&mut Value)| {
        let web = lab.container("web").sh("true").edit(change);
        let output = web.run();
        assert!(!output.stdout.contains("alive"), "{field}: {output:?}");
        output.refused_naming(&[field, "SELinux is not enabled"]);
    };
    refused("process.selinuxLabel", |all| all["process"]["selinuxLabel"] = LABEL.into());
    if lab::is_nagaya() {
        refused("linux.mountLabel", |all| all["linux"]["mountLabel"] = LABEL.into());
    }
    let empty = lab.container("empty").edit(|all| {
        all["process"]["selinuxLabel"] = "".into();
        all["linux"]["mountLabel"] = "".into();
    });
    empty.see("true");
}

#[test]
fn nor_does_anybody_enter() {
    if is_enabled() || !lab::is_nagaya() {
        return;
    }
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let enter =
        |flags: &[&str]| lab.runtime(["exec"]).args(flags).args([web.id(), "echo", "it ran"]).output();
    assert_eq!(enter(&[]).ok(), "it ran\n");
    enter(&["--process-label", LABEL]).refused(&["process.selinuxLabel", "SELinux is not enabled"]);
    let file = lab.folder().join("process.json");
    let process = json!({"cwd": "/", "args": ["true"], "env": ["PATH=/bin"], "selinuxLabel": LABEL});
    fs::write(&file, process.to_string()).unwrap();
    let output = lab.runtime(["exec", "--process"]).arg(&file).arg(web.id()).output();
    output.refused(&["process.selinuxLabel"]);
}

#[test]
fn the_way_to_label_mounts_is_one_of_four() {
    if !lab::is_nagaya() {
        return; // crun has the annotation, runc has not.
    }
    let lab = Lab::new();
    let annotated = |kind: &str| {
        let kind = kind.to_string();
        lab.container("web").sh("true").edit(|all| {
            all["annotations"] = json!({"run.oci.mount_context_type": kind});
        })
    };
    annotated("rootcontext").run().ok();
    annotated("nope").run().refused(&["run.oci.mount_context_type"]);
}
