//! `--device`, `--device-cgroup-rule`, `--gpus`.

use lab::{Lab, Nagaya, fails};

/// A device that no container has, and everybody can read a byte of without any effect.
const SCRIPT: &str = "ls /dev/*mine* 2>/dev/null; head -c 1 /dev/mine 2>&1 | wc -c; (: > /dev/mine) 2>&1 | grep -c 'not permitted'; true";

#[test]
fn a_device_and_what_may_be_done_with_it() {
    let lab = Lab::new();
    assert_eq!(lab.see(&["--device", "/dev/zero:/dev/mine"], SCRIPT), "/dev/mine\n1\n0\n");
    // /dev/kmsg is in no container by itself: only the rule lets it be opened, and only for what it says. Machines with
    // dmesg_restrict want the capability too.
    let see = |device: &str, script: &str| lab.see(&["--cap-add", "SYSLOG", "--device", device], script);
    let open = "head -c 0 /dev/mine && echo read; (exec 3> /dev/mine) 2>&1 | grep -c 'not permitted'; true";
    assert_eq!(see("/dev/kmsg:/dev/mine:r", open), "read\n1\n");
    assert_eq!(see("/dev/kmsg:/dev/mine:rw", open), "read\n0\n");
}

#[test]
fn a_rule_without_a_node() {
    let lab = Lab::new();
    let script = "mknod /tmp/kmsg c 1 11 && (head -c 0 /tmp/kmsg) 2>&1; true";
    assert!(lab.see(&["--cap-add", "SYSLOG"], script).contains("not permitted"));
    assert_eq!(lab.see(&["--cap-add", "SYSLOG", "--device-cgroup-rule", "c 1:11 rm"], script), "");
}

#[test]
fn what_is_no_device() {
    let lab = Lab::new();
    let refused = |option: &str, value: &str, words: &[&str]| {
        fails(lab.run(&[option, value, "host", "true"]).output(), 125, words);
    };
    refused(
        "--device",
        "/dev/nowhere",
        &["error gathering device information", "\"/dev/nowhere\"", "no such file"],
    );
    refused("--device", "/etc/passwd", &["not a device node"]);
    refused("--device", "/dev/null:/dev/x:q", &["bad mode specified: q"]);
    refused("--device-cgroup-rule", "c 1", &["invalid device cgroup format 'c 1'"]);
    refused("--device", "vendor.com/class=none", &["unresolvable CDI devices vendor.com/class=none"]);
    refused("--gpus", "all", &["could not select device driver", "[[gpu]]"]);
}
