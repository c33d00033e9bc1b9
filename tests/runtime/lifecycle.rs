//! create, start, state, kill, delete; and run.

use std::fs;

use lab::{Lab, json_lines};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn from_create_to_delete() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    assert_eq!(web.status(), "");
    web.create().ok();
    assert_eq!(web.status(), "created");
    assert_eq!(web.said(), "", "the program ran before start");
    web.start().ok();
    web.wait_for(&web.nonce());
    assert_eq!(web.status(), "running");
    web.kill("TERM").ok();
    web.wait_until("stopped");
    web.delete().ok();
    assert_eq!(web.status(), "");
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_container_can_be_made_again_under_the_same_name() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    for _ in 0..3 {
        web.after_nonce(&web.run().ok());
    }
}

#[test]
fn state_has_the_fields_that_callers_read() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().edit(|config| config["annotations"] = json!({"a.b/c": "d"}));
    web.create().ok();
    let state = web.state().unwrap();
    assert!(state["ociVersion"].as_str().unwrap().starts_with("1."), "{state}");
    assert_eq!(state["id"], web.id());
    assert_eq!(state["bundle"], web.bundle().to_str().unwrap());
    assert_eq!(state["rootfs"], web.rootfs().to_str().unwrap());
    assert_eq!(state["annotations"], json!({"a.b/c": "d"}));
    assert!(state["owner"].is_string(), "{state}");
    assert!(is_rfc_3339(state["created"].as_str().unwrap()), "{state}");
    let pid = state["pid"].as_i64().unwrap();
    assert!(lab::process_exists(pid));
    web.start().ok();
    assert_eq!(web.pid(), pid);
    web.kill("KILL").ok();
    web.wait_until("stopped");
    assert_eq!(web.pid(), 0);
    web.delete().ok();
}

/// `2026-11-24T02:36:14.123Z`, or with an offset.
pub(crate) fn is_rfc_3339(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let zone = shape.ends_with('Z') || shape.ends_with("+00:00") || shape.ends_with("-00:00");
    shape.starts_with("0000-00-00T00:00:00") && zone
}

#[test]
fn run_returns_the_programs_code() {
    let lab = Lab::new();
    for code in [0, 1, 7, 126, 255] {
        let web = lab.container("web").sh(&format!("exit {code}"));
        let output = web.run();
        web.after_nonce(&output.stdout);
        assert_eq!(output.code, code);
        assert_eq!(output.stderr, "");
    }
}

/// A first process ignores signals from its own namespace, SIGKILL too; so it is killed from outside.
#[test]
fn run_returns_128_and_the_signals_number() {
    let lab = Lab::new();
    for (name, number) in [("KILL", 9), ("SIGKILL", 9), ("9", 9)] {
        let web = lab.container("web").sleeping();
        let running = web.call("run", &[]).start();
        lab::until("it runs", || running.stdout().contains(&web.nonce()));
        web.kill(name).ok();
        assert_eq!(running.finish().code, 128 + number);
    }
}

#[test]
fn run_passes_signals_on_to_the_program() {
    let lab = Lab::new();
    let web = lab.container("web").sh("trap 'echo got it; exit 5' TERM\nwhile :; do sleep 0.02; done");
    let running = web.call("run", &[]).start();
    lab::until("it runs", || running.stdout().contains(&web.nonce()));
    running.signal(Signal::TERM);
    let output = running.finish();
    assert_eq!((output.code, web.after_nonce(&output.stdout)), (5, "got it\n".to_string()));
}

#[test]
fn run_passes_stdin_stdout_and_stderr() {
    let lab = Lab::new();
    let input = lab.folder().join("input");
    fs::write(&input, "through stdin\n").unwrap();
    let web = lab.container("web").sh("cat; echo to stderr >&2");
    let output = web.call("run", &[]).stdin(fs::File::open(&input).unwrap()).output();
    assert_eq!(web.after_nonce(&output.stdout), "through stdin\n");
    assert_eq!((output.stderr.as_str(), output.code), ("to stderr\n", 0));
}

#[test]
fn run_detached_returns_while_the_program_runs() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    let pid_file = lab.folder().join("pid");
    web.run_with(&["--detach", "--pid-file", pid_file.to_str().unwrap()]).ok();
    web.wait_for(&web.nonce());
    assert_eq!(web.status(), "running");
    assert_eq!(fs::read_to_string(&pid_file).unwrap(), web.pid().to_string());
    web.kill("KILL").ok();
    web.wait_until("stopped");
    web.delete().ok();
}

#[test]
fn create_writes_the_pid_file_before_it_returns() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    let pid_file = lab.folder().join("pid");
    web.create_with(&["--pid-file", pid_file.to_str().unwrap()]).ok();
    let pid: i64 =
        fs::read_to_string(&pid_file).unwrap().parse().expect("a number without anything around it");
    assert_eq!(pid, web.pid());
    web.delete_force().ok();
}

#[test]
fn run_keep_leaves_the_container_for_delete() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let output = web.run_with(&["--keep"]);
    if !lab::is_nagaya() {
        return; // runc learned --keep in 1.1.6.
    }
    web.after_nonce(&output.ok());
    assert_eq!(web.status(), "stopped");
    web.delete().ok();
}

#[test]
fn kill_sends_any_signal_by_name_or_number() {
    let lab = Lab::new();
    let traps = "for name in HUP INT USR1 USR2 TERM WINCH; do trap \"echo got $name\" $name; done
                 echo ready; while :; do sleep 0.02; done";
    let web = lab.container("web").sh(traps).launch();
    web.wait_for("ready");
    let signals = [
        ("HUP", "HUP"),
        ("SIGINT", "INT"),
        ("10", "USR1"),
        ("USR2", "USR2"),
        ("sigwinch", "WINCH"),
        ("TERM", "TERM"),
    ];
    for (name, got) in signals {
        web.kill(name).ok();
        web.wait_for(&format!("got {got}\n"));
    }
    web.delete_force().ok();
}

#[test]
fn kill_without_a_signal_is_term() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    web.command("kill").ok();
    web.wait_until("stopped");
}

#[test]
fn kill_all_is_accepted() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    lab.runtime(["kill", "--all", web.id(), "KILL"]).output().ok();
    web.wait_until("stopped");
    lab.runtime(["kill", "--all", web.id(), "9"]).output().ok();
}

#[test]
fn a_created_container_can_be_killed() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    web.create().ok();
    web.kill("KILL").ok();
    web.wait_until("stopped");
    assert_eq!(web.said(), "");
    web.delete().ok();
}

#[test]
fn delete_refuses_what_runs() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    web.delete().refused(&["not stopped"]);
    assert_eq!(web.status(), "running");
    web.delete_force().ok();
    assert_eq!(web.status(), "");
}

/// containerd's shim deletes twice; runc's answer is 0.
#[test]
fn delete_force_of_a_missing_container_is_fine() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    web.delete_force().ok();
    web.delete_force().ok();
    lab.delete_force(&format!("{}never-was", lab.name())).ok();
}

#[test]
fn errors_are_in_the_words_that_callers_match() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    for command in ["state", "start", "kill", "delete"] {
        web.command(command).refused(&["container does not exist"]);
    }
    let web = web.launch();
    web.kill("KILL").ok();
    web.wait_until("stopped");
    web.kill("TERM").refused(&["container not running"]);
}

#[test]
fn start_twice_is_refused() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    web.start().refused(&["cannot start"]);
    assert_eq!(web.status(), "running");
    web.kill("KILL").ok();
    web.wait_until("stopped");
    web.start().refused(&["cannot start"]);
}

/// Who asks for its state may see it while it is being created, and start it at once.
#[test]
fn start_waits_for_create() {
    if !lab::is_nagaya() {
        return; // runc's shows nothing until it is created.
    }
    let lab = Lab::new();
    let go = lab.folder().join("go");
    let wait = format!("while ! [ -e {} ]; do sleep 0.02; done", go.display());
    let web = lab.container("web").sleeping().edit(|config| {
        config["hooks"]["createRuntime"] = json!([{"path": "/bin/sh", "args": ["sh", "-c", wait]}]);
    });
    let create = web.call("create", &[]).start();
    web.wait_until("creating");
    let start = lab.runtime(["start", web.id()]).start();
    let folder = lab.state_folder().join(web.id());
    let waits = || {
        let open = fs::read_dir(format!("/proc/{}/fd", start.pid())).into_iter().flatten().flatten();
        open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|path| path == folder)
    };
    lab::until("it waits for the lock", waits);
    assert_eq!(web.status(), "creating");
    fs::write(&go, "").expect("a file of the lab");
    create.finish().ok();
    start.finish().ok();
    assert_eq!(web.status(), "running");
    web.delete_force().ok();
}

#[test]
fn a_name_in_use_is_refused_and_the_owner_unharmed() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let pid = web.pid();
    web.call("create", &[]).output().refused(&["container with given ID already exists"]);
    web.call("run", &[]).output().refused(&["container with given ID already exists"]);
    assert_eq!((web.status(), web.pid()), ("running".to_string(), pid));
    web.delete_force().ok();
}

#[test]
fn list_shows_all_containers() {
    let lab = Lab::new();
    let (one, two) = (lab.container("one").sleeping().launch(), lab.container("two").sleeping());
    two.create().ok();
    let table = lab.runtime(["list"]).output().ok();
    let head: Vec<_> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]);
    assert!(table.contains(one.id()) && table.contains(two.bundle().to_str().unwrap()), "{table}");
    let quiet = lab.runtime(["list", "--quiet"]).output().ok();
    let mut ids: Vec<_> = quiet.lines().collect();
    ids.sort_unstable();
    assert_eq!(ids, [one.id(), two.id()]);
    let json = &json_lines(&lab.runtime(["list", "--format", "json"]).output().ok())[0];
    let statuses: Vec<_> =
        json.as_array().unwrap().iter().map(|state| state["status"].as_str().unwrap()).collect();
    assert!(statuses.contains(&"running") && statuses.contains(&"created"), "{json}");
}

#[test]
fn two_containers_are_apart() {
    let lab = Lab::new();
    let (one, two) = (lab.container("one").sleeping().launch(), lab.container("two").sleeping().launch());
    for kind in ["mnt", "pid", "uts", "ipc", "net"] {
        assert_ne!(lab::namespace_of(one.pid(), kind), lab::namespace_of(two.pid(), kind));
    }
    one.delete_force().ok();
    assert_eq!(two.status(), "running");
}

#[test]
fn no_process_of_the_runtime_stays_with_a_detached_program() {
    let lab = Lab::new();
    let web = lab.container("web").sh("exec sleep 60").launch();
    let processes = || lab.on_the_machine().into_iter().filter(|thing| thing.starts_with("process "));
    lab::until("only the program is there", || {
        processes().eq([format!("process {} sleep 60 ", web.pid())]) // At first it is a shell.
    });
    web.delete_force().ok();
}
