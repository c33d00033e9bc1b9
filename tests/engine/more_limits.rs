//! Limits that few know: as the kernel has them.

use std::fs;
use std::path::Path;

use lab::{Lab, Nagaya, fails};

fn limit(lab: &Lab, options: &[&str], v1: &str, v2: &str) -> String {
    lab.see(options, &format!("cat /sys/fs/cgroup/{v1} 2>/dev/null || cat /sys/fs/cgroup/{v2}"))
        .trim()
        .to_string()
}

#[test]
fn processors() {
    let lab = Lab::new();
    assert_eq!(limit(&lab, &["--cpuset-cpus", "0"], "cpuset/cpuset.cpus", "cpuset.cpus"), "0");
    assert_eq!(limit(&lab, &["--cpuset-mems", "0"], "cpuset/cpuset.mems", "cpuset.mems"), "0");
    let weight = |options: &[&str]| limit(&lab, options, "cpu/cpu.shares", "cpu.weight");
    assert_ne!(weight(&["-c", "512"]), weight(&[]));
    let options = ["--cpu-period", "50000", "--cpu-quota", "25000"];
    let seen = limit(&lab, &options, "cpu/cpu.cfs_quota_us", "cpu.max");
    assert!(seen == "25000" || seen == "25000 50000", "{seen}");
    let both = ["--cpus", "1", "--cpu-quota", "25000", "host", "true"];
    fails(lab.run(&both).output(), 125, &["Conflicting options: Nano CPUs and CPU Quota cannot both be set"]);
    fails(
        lab.run(&["--cpuset-cpus", "x", "host", "true"]).output(),
        125,
        &["Invalid value x for cpuset cpus"],
    );
}

#[test]
fn memory() {
    let lab = Lab::new();
    let options = ["-m", "64m", "--memory-reservation", "32m"];
    assert_eq!(limit(&lab, &options, "memory/memory.soft_limit_in_bytes", "memory.low"), "33554432");
    if Path::new("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").exists() {
        let options = ["-m", "64m", "--memory-swap", "96m"];
        assert_eq!(limit(&lab, &options, "memory/memory.memsw.limit_in_bytes", ""), "100663296");
    }
    fails(
        lab.run(&["--memory-swap", "64m", "host", "true"]).output(),
        125,
        &["always set the Memory limit when using Memoryswap"],
    );
}

#[test]
fn a_parent() {
    let lab = Lab::new();
    let parent = format!("/{}parent", lab.name());
    let script = "cat /proc/self/cgroup";
    let seen = lab.see(&["--cgroupns", "host", "--cgroup-parent", &parent], script);
    assert!(seen.contains(&format!(":{parent}/")), "{seen}");
    assert!(!lab.see(&["--cgroupns", "host"], script).contains(&parent));
    // The parent stays, as with docker.
    for hierarchy in fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
        let _ = fs::remove_dir(hierarchy.path().join(&parent[1..]));
    }
    let _ = fs::remove_dir(Path::new("/sys/fs/cgroup").join(&parent[1..]));
}

#[test]
fn disks() {
    let lab = Lab::new();
    let refused = |option: &str, value: &str, words: &[&str]| {
        fails(lab.run(&[option, value, "host", "true"]).output(), 125, words);
    };
    refused("--blkio-weight", "9", &["Range of blkio weight is from 10 to 1000"]);
    refused("--blkio-weight-device", "/dev/x", &["bad format: /dev/x"]);
    refused("--device-read-bps", "/dev/x:y", &["invalid rate for device: /dev/x:y"]);
    refused("--device-write-iops", "/dev/nowhere-at-all:5", &["/dev/nowhere-at-all"]);
    refused("--device-read-bps", "/dev/null:5", &["no block device"]);
    let Some(disk) = disk() else { return };
    let seen = limit(
        &lab,
        &["--device-read-bps", &format!("{disk}:7mb")],
        "blkio/blkio.throttle.read_bps_device",
        "io.max",
    );
    assert!(seen.contains("7340032"), "{seen}");
}

/// Some whole disk of this machine.
fn disk() -> Option<String> {
    let names = fs::read_dir("/sys/block")
        .ok()?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .map(|name| format!("/dev/{name}"))
        .find(|path| path.contains("vd") || path.contains("sd") && Path::new(path).exists())
}

/// Changed while it runs, and for its next start.
#[test]
fn others_for_one_that_runs() {
    let lab = Lab::new();
    let name = lab.container_name();
    lab.nagaya(&["run", "-d", "--name", &name, "--memory", "64m", "host", "sleep", "1000"]).output().ok();
    let seen = || {
        let script = "cd /sys/fs/cgroup; cat cpu/cpu.shares cpuset/cpuset.cpus memory/memory.soft_limit_in_bytes \
            memory/memory.limit_in_bytes cpu/cpu.cfs_period_us pids/pids.max 2>/dev/null || \
            cat cpu.weight cpuset.cpus memory.low memory.max cpu.max pids.max";
        lab.nagaya(&["exec", &name, "sh", "-c", script]).output().ok()
    };
    let before = seen();
    let change = |options: &[&str]| lab.nagaya(&["update"]).args(options).arg(&name).output();
    let options = [
        "--cpu-shares",
        "512",
        "--cpuset-cpus",
        "0",
        "--memory",
        "48m",
        "--memory-reservation",
        "32m",
        "--cpu-period",
        "50000",
        "--cpu-quota",
        "25000",
        "--pids-limit",
        "33",
    ];
    assert_eq!(change(&options).ok(), format!("{name}\n"));
    let after = seen();
    let lines = |text: &str| text.lines().map(String::from).collect::<Vec<_>>();
    for (old, new) in lines(&before).iter().zip(lines(&after)) {
        assert_ne!(*old, new, "{before}\n{after}");
    }
    assert!(after.contains("33554432\n50331648\n") && after.ends_with("\n33\n"), "{after}");
    for (options, words) in [
        (&["--memory-reservation", "1m"][..], "Minimum memory reservation allowed is 6MB"),
        (&["--cpuset-cpus", "x"], "Invalid value x for cpuset cpus"),
        (&["--cpus", "1", "--cpu-quota", "5000"], "Nano CPUs and CPU Quota cannot both be set"),
        (&["--cpuset-cpus", "999"], "cannot update container"),
    ] {
        let refused = change(options);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    assert_eq!(seen(), after, "what is refused changes nothing");
    lab.nagaya(&["restart", "-t", "0", &name]).output().ok();
    assert_eq!(seen(), after);
    change(&["--pids-limit", "-1"]).ok();
    assert!(seen().ends_with("\nmax\n"));
    lab.nagaya(&["rm", "-f", &name]).output().ok();
}
