//! `nagaya explain run ...`: prints, and does nothing.

use std::fs;

use lab::{Lab, Nagaya, fails};

#[test]
fn it_prints_the_steps_and_does_nothing() {
    let lab = Lab::new();
    let volume = format!("{}/missing:/data", lab.folder().display());
    let name = lab.container_name();
    let words = ["explain", "run", "--name", &name, "-m", "64m", "-v", &volume, "host", "echo", "hi"];
    let traced = lab.nagaya(&words).under([
        "strace",
        "-f",
        "-e",
        "trace=clone,clone3,vfork,mkdir,mkdirat,mount,fsopen,open_tree,move_mount,unshare,setns",
    ]);
    let output = if fs::exists("/usr/bin/strace").unwrap_or(false) {
        traced.output()
    } else {
        lab.nagaya(&words).output()
    };
    for call in ["clone(", "clone3(", "mkdir", "fsopen(", "mount(", "unshare("] {
        assert!(!output.stderr.contains(call), "{}", output.stderr);
    }
    assert!(output.stderr.contains("note:"), "{}", output.stderr);
    let steps = output.ok();
    for step in
        ["clone into new namespaces", "lay an overlay", "mount proc on `/proc`", "67108864", "exec `echo hi`"]
    {
        assert!(steps.contains(step), "no `{step}` in {steps}");
    }
    // What the image hides is listed with it, each with its reason.
    let (_, hidden) = steps.split_once("hidden in the image `host`:").expect("a list of what is hidden");
    assert!(
        hidden.lines().any(|line| line.trim_start().starts_with("/root ") && line.contains("own files")),
        "{hidden}"
    );
    assert!(!lab.folder().join("missing").exists() && !lab.engine_root().exists());
    assert_eq!(lab.on_the_machine(), [""; 0]);
    // It would have worked.
    lab.run(&words[4..]).output().ok();
}

#[test]
fn what_would_be_refused_is_refused() {
    let lab = Lab::new();
    fails(lab.nagaya(&["explain", "run", "--cpus", "0", "host"]).output(), 1, &["--cpus"]);
    fails(lab.nagaya(&["explain", "run", "--rootfs", "/nope"]).output(), 1, &["/nope"]);
}
