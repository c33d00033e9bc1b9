//! `--cap-add`, `--cap-drop`, `--privileged`.

use lab::{Lab, Nagaya};

/// The five sets, as the kernel has them.
fn sets(lab: &Lab, options: &[&str]) -> Vec<u64> {
    let seen = lab.see(options, "grep ^Cap /proc/self/status | cut -f2");
    seen.lines().map(|line| u64::from_str_radix(line.trim(), 16).expect("a set")).collect()
}

/// inheritable, permitted, effective, bounding, ambient.
fn all_but_inherited(bits: u64) -> Vec<u64> {
    vec![0, bits, bits, bits, 0]
}

const DEFAULT: u64 = 0xa804_25fb;

#[test]
fn default_ones_are_dockers() {
    let lab = Lab::new();
    assert_eq!(sets(&lab, &[]), all_but_inherited(DEFAULT));
}

#[test]
fn added_and_dropped() {
    let lab = Lab::new();
    let (admin, chown) = (1 << 21, 1);
    assert_eq!(sets(&lab, &["--cap-add", "SYS_ADMIN"]), all_but_inherited(DEFAULT | admin));
    assert_eq!(sets(&lab, &["--cap-drop", "cap_chown"]), all_but_inherited(DEFAULT & !chown));
    assert_eq!(sets(&lab, &["--cap-drop", "ALL"]), all_but_inherited(0));
    assert_eq!(sets(&lab, &["--cap-drop", "ALL", "--cap-add", "CHOWN"]), all_but_inherited(chown));
    let refused = lab.see(&["--cap-drop", "CHOWN"], "touch /tmp/x; chown 1 /tmp/x 2>&1; true");
    assert!(refused.contains("not permitted"), "{refused}");
    assert_eq!(lab.see(&[], "touch /tmp/x; chown 1 /tmp/x 2>&1; stat -c %u /tmp/x"), "1\n");
}

#[test]
fn nobody_has_none_but_could_get_them() {
    let lab = Lab::new();
    assert_eq!(sets(&lab, &["--user", "1234"]), [0, 0, 0, DEFAULT, 0]);
}

/// All that the machine grants: what we have ourselves.
fn granted() -> u64 {
    rustix::thread::capabilities(None).expect("our own").permitted.bits()
}

#[test]
fn all_means_those_that_can_be_had() {
    let lab = Lab::new();
    let output = lab.run(&["--cap-add", "ALL", "host", "true"]).output();
    assert_eq!(output.stderr, "");
    assert_eq!(sets(&lab, &["--cap-add", "ALL"]), all_but_inherited(granted()));
}

#[test]
fn one_that_cannot_be_had_is_named() {
    let lab = Lab::new();
    let output = lab.run(&["--cap-add", "SYS_RESOURCE", "host", "true"]).output();
    let missing = granted() & (1 << 24) == 0;
    assert_eq!(output.stderr.contains("warning:"), missing);
    assert_eq!(output.stderr.contains("CAP_SYS_RESOURCE"), missing);
    output.ok();
}

#[test]
fn privileged() {
    let lab = Lab::new();
    assert_eq!(sets(&lab, &["--privileged"]), all_but_inherited(granted()));
    let script = "wc -c < /proc/interrupts; mount | grep -cE ' /(sys|proc|dev)[^ ]* .*\\(ro'; \
                  [ -c /dev/kmsg ] && dd if=/dev/kmsg of=/dev/null bs=8192 count=1 2>&1 | grep -c 'not permitted'; \
                  mkdir /tmp/m && mount -t tmpfs none /tmp/m && echo mounted";
    let seen = lab.see(&["--privileged"], script);
    let lines: Vec<_> = seen.lines().collect();
    assert!(lines[0] != "0" && lines[1..] == ["0", "0", "mounted"], "{seen}");
    let plain =
        lab.see(&[], "mkdir /tmp/m && mount -t tmpfs none /tmp/m 2>&1; [ -c /dev/kmsg ] || echo no kmsg");
    assert!(plain.contains("ermission denied") && plain.ends_with("no kmsg\n"), "{plain}");
}
