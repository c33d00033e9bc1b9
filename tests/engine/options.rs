//! Options of `run` about the program and what it finds around it.

use std::fs;

use lab::{Lab, Nagaya, fails};

#[test]
fn variables_of_files() {
    let lab = Lab::new();
    let file = lab.folder().join("env");
    fs::write(&file, "# none\nA=1\nB=2\nMINE\nNOT_SET_ANYWHERE\n").expect("a file");
    let path = file.display().to_string();
    let call = lab.run(&["--env-file", &path, "-e", "B=3", "--unsetenv", "PATH", "-e", "C=4"]);
    let seen = call.args(["host", "/usr/bin/env"]).env("MINE", "m").output().ok();
    let mut lines: Vec<_> = seen.lines().filter(|line| !line.starts_with("HOSTNAME=")).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=1", "B=3", "C=4", "HOME=/root", "MINE=m"]);
    fs::write(&file, "a b=1").expect("a file");
    let output = lab.run(&["--env-file", &path, "host", "true"]).output();
    fails(output, 125, &["--env-file", "variable 'a b' contains whitespaces"]);
    let output = lab.run(&["--env-file", "/nowhere", "host", "true"]).output();
    fails(output, 125, &["open /nowhere", "o such file or directory"]);
    let call =
        lab.run(&["--env-host", "host", "sh", "-c", "echo $OF_THE_CALLER"]).env("OF_THE_CALLER", "yes");
    assert_eq!(call.output().ok(), "yes\n");
}

#[test]
fn groups_limits_and_masks() {
    let lab = Lab::new();
    let options =
        ["--group-add", "tty", "--group-add", "4711", "--ulimit", "nofile=77:88", "--ulimit", "core=0"];
    let seen = lab.see(&options, "id -G; ulimit -Sn; ulimit -Hn; ulimit -c; umask");
    assert_eq!(seen, "0 5 4711\n77\n88\n0\n0022\n");
    assert_eq!(lab.see(&["--umask", "0077"], "umask"), "0077\n");
    let output = lab.run(&["--group-add", "nobody-knows", "host", "true"]).output();
    fails(output, 125, &["Unable to find group nobody-knows: no matching entries in group file"]);
    fails(lab.run(&["--ulimit", "files=1", "host", "true"]).output(), 125, &["invalid ulimit type: files"]);
}

#[test]
fn settings_of_the_kernel() {
    let lab = Lab::new();
    let script = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmni";
    assert_eq!(
        lab.see(
            &["--sysctl", "kernel.shmmni=77", "--sysctl", "net.ipv4.ip_unprivileged_port_start=5"],
            script
        ),
        "5\n77\n"
    );
    assert_ne!(lab.see(&[], script), "5\n77\n");
    fails(
        lab.run(&["--sysctl", "vm.swappiness=1", "host", "true"]).output(),
        125,
        &["sysctl 'vm.swappiness=1' is not allowed"],
    );
    // A namespace is what makes it the container's.
    let machines = ["--ipc", "host", "--sysctl", "kernel.shmmni=77", "host", "true"];
    fails(lab.run(&machines).output(), 125, &["kernel.shmmni", "host's"]);
}

#[test]
fn an_init_is_the_first_process() {
    let lab = Lab::new();
    assert_eq!(lab.see(&[], "tr '\\0' ' ' < /proc/1/cmdline | cut -d' ' -f1"), "sh\n");
    let seen = lab.see(&["--init"], "tr '\\0' ' ' < /proc/1/cmdline | cut -d' ' -f1,2; (echo x >> /sbin/docker-init) 2>&1 | grep -c -i 'read-only\\|busy'");
    assert_eq!(seen, "/sbin/docker-init --\n1\n");
    let output = lab.run(&["--init", "host", "sh", "-c", "exit 7"]).output();
    assert_eq!(output.code, 7);
}

#[test]
fn names_zones_and_personas() {
    let lab = Lab::new();
    assert_eq!(lab.see(&["--domainname", "example.org"], "cat /proc/sys/kernel/domainname"), "example.org\n");
    assert_eq!(lab.see(&["--personality", "LINUX32"], "uname -m"), "i686\n");
    assert_ne!(lab.see(&[], "uname -m"), "i686\n");
    assert_eq!(lab.see(&["--oom-score-adj", "500"], "cat /proc/self/oom_score_adj"), "500\n");
    fails(
        lab.run(&["--oom-score-adj", "1001", "host", "true"]).output(),
        125,
        &["range for oom score adj is [-1000, 1000]"],
    );
    fails(lab.run(&["--tz", "Nowhere/At_All", "host", "true"]).output(), 125, &["Nowhere/At_All"]);
}

#[test]
fn shared_memory() {
    let lab = Lab::new();
    let script = "grep ' /dev/shm ' /proc/self/mountinfo | grep -o 'size=[0-9]*k'";
    assert_eq!(lab.see(&[], script), "size=65536k\n");
    assert_eq!(lab.see(&["--shm-size", "1g"], script), "size=1048576k\n");
    assert_eq!(lab.see(&["--ipc", "none"], "grep -c ' /dev/shm ' /proc/self/mountinfo; true"), "0\n");
    fails(
        lab.run(&["--shm-size", "big", "host", "true"]).output(),
        125,
        &["--shm-size", "invalid size: 'big'"],
    );
}

#[test]
fn a_time_and_a_file() {
    let lab = Lab::new();
    // It would sleep for longer than the test may take.
    assert_eq!(lab.run(&["--timeout", "1", "host", "sleep", "1000"]).output().code, 137);
    let file = lab.folder().join("pid");
    let path = file.display().to_string();
    lab.see(&["--pidfile", &path], "true");
    let pid = fs::read_to_string(&file).expect("a number");
    assert!(pid.trim().parse::<u32>().is_ok(), "{pid}");
}

#[test]
fn one_takes_the_place_of_another() {
    let lab = Lab::new();
    let name = lab.container_name();
    let create =
        |more: &[&str]| lab.nagaya(&["create", "--name", &name]).args(more).args(["host", "true"]).output();
    let first = create(&[]).ok();
    assert_eq!(create(&[]).code, 1);
    let second = create(&["--replace"]).ok();
    assert_ne!(first, second);
    lab.nagaya(&["rm", &name]).output().ok();
    let output = lab.nagaya(&["create", "--replace", "host", "true"]).output();
    fails(output, 1, &["cannot replace container without --name being set"]);
}

#[test]
fn what_is_not_ours_is_refused_or_left_out() {
    let lab = Lab::new();
    fails(
        lab.run(&["--runtime", "runsc", "host", "true"]).output(),
        125,
        &["unknown or invalid runtime name: runsc"],
    );
    assert_eq!(
        lab.see(&["--runtime", "nagaya", "--isolation", "default", "--disable-content-trust"], "echo in"),
        "in\n"
    );
    let output = lab.run(&["--kernel-memory", "64m", "host", "true"]).output();
    assert!(output.stderr.contains("--kernel-memory"), "{}", output.stderr);
    output.ok();
    fails(
        lab.run(&["--storage-opt", "size=1g", "host", "true"]).output(),
        125,
        &["overlay over xfs with 'pquota'"],
    );
    fails(lab.run(&["--userns", "keep-id", "host", "true"]).output(), 125, &["--userns keep-id"]);
    fails(lab.run(&["--userns", "x", "host", "true"]).output(), 125, &["invalid USER mode"]);
}
