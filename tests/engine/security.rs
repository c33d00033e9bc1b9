//! `--security-opt`, but for the filter of system calls.

use lab::{Lab, Nagaya, fails};

#[test]
fn no_new_privileges() {
    let lab = Lab::new();
    let seen = |options: &[&str]| lab.see(options, "grep NoNewPrivs /proc/self/status | cut -f2");
    assert_eq!(seen(&[]), "0\n");
    assert_eq!(seen(&["--security-opt", "no-new-privileges"]), "1\n");
    assert_eq!(seen(&["--security-opt", "no-new-privileges:true"]), "1\n");
    assert_eq!(seen(&["--security-opt", "no-new-privileges=false"]), "0\n");
}

#[test]
fn paths_are_covered_or_not() {
    let lab = Lab::new();
    let script = "wc -c < /proc/keys; wc -c < /proc/version; (: > /proc/sys/kernel/domainname) 2>&1 | grep -c Read-only; true";
    let lines = |options: &[&str]| lab.see(options, script).lines().map(String::from).collect::<Vec<_>>();
    let usual = lines(&[]);
    assert!(usual[0] == "0" && usual[1] != "0" && usual[2] == "1", "{usual:?}");
    let open = lines(&["--security-opt", "systempaths=unconfined"]);
    assert!(open[0] != "0" && open[2] == "0", "{open:?}");
    let some = lines(&["--security-opt", "unmask=/proc/keys", "--security-opt", "mask=/proc/version"]);
    assert!(some[0] != "0" && some[1] == "0" && some[2] == "1", "{some:?}");
}

#[test]
fn the_own_cgroup_can_be_written_to_if_that_was_asked_for() {
    let lab = Lab::new();
    let script = "for f in /sys/fs/cgroup /sys/fs/cgroup/pids; do mkdir $f/sub && rmdir $f/sub && echo made; done 2>&1; true";
    assert!(lab.see(&[], script).contains("Read-only"));
    assert!(lab.see(&["--security-opt", "writable-cgroups=true"], script).contains("made"));
}

#[test]
fn options_of_proc() {
    let lab = Lab::new();
    let seen = |options: &[&str]| lab.see(options, "grep ' /proc ' /proc/self/mountinfo");
    assert!(!seen(&[]).contains("hidepid"));
    assert!(seen(&["--security-opt", "proc-opts=hidepid=invisible"]).contains("hidepid=invisible"));
}

#[test]
fn what_is_unknown_is_named() {
    let lab = Lab::new();
    for bad in ["nope", "nope=1", "systempaths=half", "no-new-privileges=maybe", "label=nope"] {
        let output = lab.run(&["--security-opt", bad, "host", "true"]).output();
        fails(output, 125, &["--security-opt", bad.strip_prefix("label=").unwrap_or(bad)]);
    }
    // A profile that there is not confines nothing, so it is no container either.
    let output = lab.run(&["--security-opt", "apparmor=nope", "host", "true"]).output();
    fails(output, 125, &["nope"]);
    assert_eq!(
        lab.see(&["--security-opt", "apparmor=unconfined", "--security-opt", "label=disable"], "echo in"),
        "in\n"
    );
}
