//! Options of `nagaya run` that have no file of their own.

use lab::{Lab, Nagaya, fails};

#[test]
fn hostname_and_short_id() {
    let lab = Lab::new();
    let before = rustix::system::uname().nodename().to_owned();
    assert_eq!(lab.see(&["-h", "box"], "hostname; echo $HOSTNAME"), "box\nbox\n");
    let id = lab.see(&[], "hostname");
    assert!(id.len() == 13 && id.trim().bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(rustix::system::uname().nodename(), &*before);
}

#[test]
fn variables() {
    let lab = Lab::new();
    let options = ["-e", "A=1", "--env", "MINE", "-e", "NOT_SET_ANYWHERE", "-e", "PATH=/bin:/usr/bin"];
    let call = lab.run(&options).args(["host", "env"]).env("MINE", "my own").env("OTHER", "not passed on");
    let seen = call.output().ok();
    let mut lines: Vec<_> = seen.lines().filter(|line| !line.starts_with("HOSTNAME=")).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=1", "HOME=/root", "MINE=my own", "PATH=/bin:/usr/bin"]);
}

#[test]
fn workdir() {
    let lab = Lab::new();
    assert_eq!(lab.see(&["-w", "/usr/bin"], "pwd"), "/usr/bin\n");
    assert_eq!(lab.see(&["-w", "/made/for/this"], "pwd"), "/made/for/this\n");
    fails(lab.run(&["-w", "/etc/passwd", "host", "true"]).output(), 125, &["/etc/passwd"]);
}

#[test]
fn entrypoint() {
    let lab = Lab::new();
    let call = lab.run(&["--entrypoint", "echo", "host", "-n", "hello"]);
    assert_eq!(call.output().ok(), "hello");
    assert_eq!(lab.run(&["--entrypoint", "true", "host"]).output().ok(), "");
}

#[test]
fn network_none_and_host() {
    let lab = Lab::new();
    assert_eq!(lab.see(&[], "ls /sys/class/net; cut -d: -f1 /proc/net/dev | tail -n +3"), "lo\n    lo\n");
    let own = lab::namespace_of("self", "net");
    assert_eq!(lab.see(&["--network", "host"], "readlink /proc/self/ns/net").trim(), own);
    assert_ne!(lab.see(&["--network=none"], "readlink /proc/self/ns/net").trim(), own);
    assert_eq!(
        lab.see(&["--net", "host"], "hostname").trim().as_bytes(),
        rustix::system::uname().nodename().to_bytes()
    );
}

/// With this machine's network come its names, also where `/etc/resolv.conf` is a link to what is hidden.
#[test]
fn names_of_the_network_resolve() {
    let lab = Lab::new();
    let own = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    assert_eq!(lab.see(&["--network", "host"], "cat /etc/resolv.conf 2>/dev/null; true"), own);
    let root = lab.rootfs("root");
    let cat = |network| {
        let call = lab.run(&["--network", network, "--rootfs"]).arg(&root);
        call.args(["sh", "-c", "cat /etc/resolv.conf /etc/hosts 2>/dev/null; true"]).output().ok()
    };
    assert!(!cat("none").contains(&own), "none of them can be reached");
    assert_eq!(cat("host"), own + &std::fs::read_to_string("/etc/hosts").unwrap_or_default());
    std::fs::remove_file(root.join("etc/resolv.conf")).expect("a file to mount on");
    std::os::unix::fs::symlink("/nowhere/at/all", root.join("etc/resolv.conf")).expect("a link");
    cat("host");
}

#[test]
fn input_only_if_it_was_asked_for() {
    let lab = Lab::new();
    let file = || std::fs::File::open("/etc/passwd").expect("a file");
    assert_eq!(lab.run(&["host", "wc", "-c"]).stdin(file()).output().ok(), "0\n");
    let bytes = std::fs::metadata("/etc/passwd").expect("a file").len();
    assert_eq!(lab.run(&["-i", "host", "wc", "-c"]).stdin(file()).output().ok(), format!("{bytes}\n"));
}

#[test]
fn trace_is_talk() {
    let lab = Lab::new();
    let output = lab.run(&["--trace", "host", "echo", "data"]).output();
    assert!(output.stderr.contains(" us  child  mount proc on `/proc`"), "{}", output.stderr);
    assert!(output.stderr.contains("in all"));
    assert_eq!(output.ok(), "data\n");
    assert_eq!(lab.run(&["host", "echo", "data"]).output().stderr, "");
}

/// What a container sees of the machine is what Docker's sees.
#[test]
fn masked_and_read_only_paths() {
    let lab = Lab::new();
    let script = "wc -c < /proc/keys; wc -c < /proc/interrupts; ls -A /sys/firmware | wc -l; \
                  (echo 1 > /proc/sys/kernel/panic) 2>&1 | grep -c 'Read-only'; (echo 1 > /sys/x) 2>&1 | grep -c 'Read-only'";
    assert_eq!(lab.see(&[], script), "0\n0\n0\n1\n1\n");
    let outside = lab.program("wc").args(["-c", "/proc/interrupts"]).output().ok();
    assert!(!outside.starts_with("0 "));
}

#[test]
fn devices_are_the_default_ones() {
    let lab = Lab::new();
    let seen = lab.see(&[], "find /dev -type c -o -type b | sort; head -c 1 /dev/zero | wc -c");
    let expected = "/dev/full\n/dev/null\n/dev/pts/ptmx\n/dev/random\n/dev/tty\n/dev/urandom\n/dev/zero\n1\n";
    assert_eq!(seen, expected);
    // A node can be made, and cannot be used: its device is not allowed.
    let made = lab.see(&[], "mknod /tmp/kmsg c 1 11 && (head -c 1 /tmp/kmsg) 2>&1; echo made");
    assert!(made.contains("not permitted") && made.ends_with("made\n"), "{made}");
}
