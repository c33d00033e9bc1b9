//! Hooks: which, when, with what on stdin, and what happens when one fails.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lab::{Container, Lab, json_lines};
use serde_json::{Value, json};

const KINDS: [&str; 6] =
    ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

/// Hooks that run a script of the host's shell. In the container's root, so that `startContainer` finds it.
fn hook(script: &str) -> Value {
    json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin", "OF=hook"]})
}

fn with<'lab>(lab: &'lab Lab, kind: &str, hooks: Value) -> Container<'lab> {
    lab.container("web").writable().edit(|config| config["hooks"][kind] = hooks)
}

fn log(lab: &Lab) -> PathBuf {
    lab.folder().join("log")
}

/// Everything that was appended to the log, by name of the hook.
fn said(lab: &Lab) -> Vec<String> {
    fs::read_to_string(log(lab)).unwrap_or_default().lines().map(String::from).collect()
}

#[test]
fn all_kinds_run_in_order() {
    let lab = Lab::new();
    let file = log(&lab);
    fs::write(&file, "").unwrap();
    let web = lab.container("web").mount("bind", file.to_str().unwrap(), "/work/log", "bind").writable();
    let web = web.edit(|config| {
        for kind in KINDS {
            let place = if kind == "startContainer" { "/work/log" } else { file.to_str().unwrap() };
            let say = |number| hook(&format!("echo {kind} {number} >> {place}"));
            config["hooks"][kind] = json!([say(1), say(2)]);
        }
    });
    let web = web.sh("echo program >> /work/log; sleep 0.3");
    web.create().ok();
    let created = [
        "prestart 1",
        "prestart 2",
        "createRuntime 1",
        "createRuntime 2",
        "createContainer 1",
        "createContainer 2",
    ];
    let so_far = said(&lab);
    assert_eq!(so_far[..6], created);
    if !lab::is_nagaya() {
        web.delete_force().ok();
        return; // runc 1.1 runs `poststart` already in `create`.
    }
    assert_eq!(so_far.len(), 6, "{so_far:?}");
    web.start().ok();
    web.wait_until("stopped");
    web.delete().ok();
    let all = said(&lab);
    assert_eq!(all[6..8], ["startContainer 1", "startContainer 2"]);
    // The program and `poststart` run at the same time.
    for line in ["program", "poststart 1", "poststart 2"] {
        assert!(all[8..11].iter().any(|have| have == line), "{all:?}");
    }
    assert_eq!(all[11..], ["poststop 1", "poststop 2"]);
}

#[test]
fn a_hook_reads_the_state_from_its_stdin() {
    let lab = Lab::new();
    let file = log(&lab);
    fs::write(&file, "").unwrap();
    let web = lab.container("web").mount("bind", file.to_str().unwrap(), "/work/log", "bind").writable();
    let web = web.edit(|config| {
        config["annotations"] = json!({"key": "value"});
        for kind in KINDS {
            let place = if kind == "startContainer" { "/work/log" } else { file.to_str().unwrap() };
            config["hooks"][kind] = json!([hook(&format!("cat >> {place}; echo >> {place}"))]);
        }
    });
    let web = web.sh("sleep 0.3");
    web.create().ok();
    let pid = web.pid();
    web.start().ok();
    web.wait_until("stopped");
    web.delete().ok();
    let states = json_lines(&said(&lab).join("\n").replace("\n\n", "\n"));
    assert_eq!(states.len(), 6);
    for state in &states {
        assert_eq!(state["id"], web.id());
        assert_eq!(state["bundle"], web.bundle().to_str().unwrap());
        assert_eq!(state["annotations"], json!({"key": "value"}));
        assert!(state["ociVersion"].is_string());
    }
    let field = |name: &str| states.iter().map(|state| state[name].clone()).collect::<Vec<_>>();
    let statuses = field("status");
    assert_eq!(statuses[1..4], ["creating", "creating", "created"]);
    if lab::is_nagaya() {
        assert_eq!(statuses[4], "running"); // runc runs it too early, see above.
    }
    assert_eq!(statuses[5], "stopped");
    // The others run in the container's pid namespace, or runc runs them too early.
    let of_the_host = if lab::is_nagaya() { &[0, 1, 4][..] } else { &[0, 1] };
    for &number in of_the_host {
        assert_eq!(field("pid")[number], pid, "hook {number}");
    }
}

#[test]
fn a_hook_has_its_own_environment_and_args() {
    let lab = Lab::new();
    let file = log(&lab);
    let script =
        format!("echo $0 $1 $OF; env | grep -c CALLER; exec > {}; echo $0 $1 $OF $CALLER", file.display());
    let mut one = hook(&script);
    one["args"].as_array_mut().unwrap().extend([json!("zero"), json!("one")]);
    let web = with(&lab, "createRuntime", json!([one])).sh("true");
    let output = web.call("run", &[]).env("CALLER", "secret").output();
    web.after_nonce(&output.ok());
    assert_eq!(said(&lab), ["zero one hook"]);
}

/// Those in the container's namespaces have nothing of it.
#[test]
fn a_hook_without_an_environment_has_the_callers() {
    let lab = Lab::new();
    let file = log(&lab);
    for (kind, expected) in
        [("createRuntime", "[secret]"), ("poststop", "[secret]"), ("createContainer", "[]")]
    {
        let _ = fs::remove_file(&file);
        let mut one = hook(&format!("echo [$CALLER] >>{}", file.display()));
        one.as_object_mut().unwrap().remove("env");
        let web = with(&lab, kind, json!([one])).sh("true");
        web.after_nonce(&web.call("run", &[]).env("CALLER", "secret").output().ok());
        assert_eq!(said(&lab), [expected], "{kind}");
    }
}

/// `createRuntime` runs in the caller's namespaces; `createContainer` in the container's, with the host's
/// files.
#[test]
fn each_kind_has_its_namespaces() {
    let lab = Lab::new();
    let file = log(&lab);
    let say = |kind: &str| hook(&format!("echo {kind} $(readlink /proc/self/ns/uts) >> {}", file.display()));
    let web = lab.container("web").sh("readlink /proc/self/ns/uts").edit(|config| {
        for kind in ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] {
            config["hooks"][kind] = json!([say(kind)]);
        }
    });
    let inside = web.after_nonce(&web.run().ok());
    let hosts = lab::namespace_of("self", "uts");
    for line in said(&lab) {
        let (kind, namespace) = line.split_once(' ').unwrap();
        let expected = if kind == "createContainer" { inside.trim() } else { hosts.as_str() };
        assert_eq!(namespace, expected, "{kind}");
    }
    assert_eq!(said(&lab).len(), 5);
}

#[test]
fn a_failed_hook_fails_create_and_leaves_nothing() {
    let lab = Lab::new();
    for kind in ["prestart", "createRuntime", "createContainer"] {
        let fails =
            json!([hook(&format!("echo {kind} >> {}; echo the reason >&2; exit 3", log(&lab).display()))]);
        let web = with(&lab, kind, fails).sh("true");
        let error = web.create().refused(&["hook"]);
        if lab::is_nagaya() {
            assert!(error.contains(kind) && error.contains('3') && error.contains("the reason"), "{error}");
        }
        assert!(said(&lab).contains(&kind.to_string()), "the hook did not run");
        assert_eq!(web.status(), "");
        assert_eq!(lab.leftovers(), [""; 0], "{kind}");
    }
}

#[test]
fn a_failed_start_hook_keeps_the_program_from_starting() {
    let lab = Lab::new();
    let web = with(&lab, "startContainer", json!([hook("echo hook ran; exit 3")])).sh("true");
    let output = web.run();
    assert!(!output.stdout.contains("alive"), "{output:?}");
    assert_ne!(output.code, 0);
    output.no_crash();
}

#[test]
fn a_hook_that_does_not_exist_fails_by_name() {
    let lab = Lab::new();
    let web = with(&lab, "createRuntime", json!([{"path": "/nowhere/hook"}])).sh("true");
    web.create().refused(&["/nowhere/hook", "no such file or directory"]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_relative_path_of_a_hook_is_refused() {
    if !lab::is_nagaya() {
        return; // runc looks it up in PATH; the specification says that it must be absolute.
    }
    let lab = Lab::new();
    let web = with(&lab, "createRuntime", json!([{"path": "true"}])).sh("true");
    web.create().refused(&["hooks.createRuntime[0].path"]);
}

#[test]
fn a_hook_that_hangs_is_killed_in_time() {
    let lab = Lab::new();
    let mut slow = hook("exec sleep 30");
    slow["timeout"] = 1.into();
    let web = with(&lab, "createRuntime", json!([slow])).sh("true");
    let output = web.create();
    assert!(output.took > Duration::from_millis(900), "it did not wait: {output:?}");
    assert!(output.took < Duration::from_secs(8), "{output:?}");
    output.refused(&["hook"]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_failed_poststop_does_not_keep_the_container() {
    let lab = Lab::new();
    let file = log(&lab);
    let hooks = json!([
        hook(&format!("echo one >> {}; exit 1", file.display())),
        hook(&format!("echo two >> {}", file.display()))
    ]);
    let web = with(&lab, "poststop", hooks).sh("true");
    let output = web.run();
    assert!(output.stdout.contains("alive"), "{output:?}");
    output.no_crash();
    assert_eq!(said(&lab).first().map(String::as_str), Some("one"));
    if lab::is_nagaya() {
        assert_eq!(said(&lab), ["one", "two"], "the specification: a warning, and the rest still runs");
    }
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_hook_that_talks_without_end_does_no_harm() {
    let lab = Lab::new();
    let web = with(
        &lab,
        "createRuntime",
        json!([hook("head -c 3000000 /dev/zero; exec head -c 3000000 /dev/zero >&2")]),
    )
    .sh("true");
    let output = web.run();
    assert!(output.stdout.contains("alive"), "{}", output.code);
}

#[test]
fn a_hook_that_does_not_read_does_no_harm() {
    let lab = Lab::new();
    let web = with(&lab, "createRuntime", json!([hook("exec <&-; true"), hook("true")])).sh("true");
    let web = web.edit(|config| config["annotations"] = json!({"long": "x".repeat(200_000)}));
    web.after_nonce(&web.run().ok());
}
