//! `--ipc`, `--pid`, `--uts`, `--cgroupns`: whose namespaces a container is in.

use lab::{Lab, Nagaya, fails};

#[test]
fn the_machines() {
    let lab = Lab::new();
    for (option, kind) in [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--cgroupns", "cgroup")] {
        let script = format!("readlink /proc/self/ns/{kind}");
        let own = lab::namespace_of("self", kind);
        assert_eq!(lab.see(&[option, "host"], &script).trim(), own, "{option}");
        assert_ne!(lab.see(&[], &script).trim(), own, "{option}");
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert_eq!(lab.see(&["--uts", "host"], "hostname").trim(), name);
    let output = lab.run(&["--uts", "host", "-h", "x", "host", "true"]).output();
    fails(output, 125, &["conflicting options: hostname and the UTS mode"]);
    for option in ["--ipc", "--pid", "--uts", "--cgroupns"] {
        fails(lab.run(&[option, "nope", "host", "true"]).output(), 125, &["invalid", "mode: nope"]);
    }
}

#[test]
fn another_containers() {
    let lab = Lab::new();
    let other = format!("{}other", lab.name());
    lab.nagaya(&["run", "-d", "--name", &other, "--ipc", "shareable", "host", "sleep", "1000"]).output().ok();
    let pid =
        |options: &[&str]| lab.see(options, "grep -c sleep /proc/1/comm; readlink /proc/self/ns/ipc; true");
    let mode = format!("container:{other}");
    let (own, joined) = (pid(&[]), pid(&["--pid", &mode, "--ipc", &mode]));
    assert!(own.starts_with("0\n") && joined.starts_with("1\n"), "{own} {joined}");
    let ipc = |text: &str| text.lines().nth(1).map(String::from);
    assert_ne!(ipc(&own), ipc(&joined));
    let again = pid(&["--ipc", &mode]);
    assert_eq!(ipc(&again), ipc(&joined));
    lab.nagaya(&["stop", "-t", "0", &other]).output().ok();
    fails(
        lab.run(&["--pid", &mode, "host", "true"]).output(),
        125,
        &["cannot join PID of a non running container"],
    );
    lab.nagaya(&["rm", &other]).output().ok();
    fails(lab.run(&["--pid", &mode, "host", "true"]).output(), 125, &["No such container"]);
}
