//! `--memory`, `--cpus`, `--pids-limit`: as the kernel has them.

use std::path::Path;

use lab::{Lab, Nagaya};

/// The same limit has another name in each version of cgroups.
fn limit(lab: &Lab, options: &[&str], v1: &str, v2: &str) -> String {
    lab.see(options, &format!("cat /sys/fs/cgroup/{v1} 2>/dev/null || cat /sys/fs/cgroup/{v2}"))
}

#[test]
fn memory() {
    let lab = Lab::new();
    let seen = limit(&lab, &["-m", "64m"], "memory/memory.limit_in_bytes", "memory.max");
    assert_eq!(seen.trim(), "67108864");
    let none = limit(&lab, &[], "memory/memory.limit_in_bytes", "memory.max");
    assert_ne!(none, seen);
    if Path::new("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").exists() {
        assert_eq!(
            lab.see(&["-m", "64m"], "cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").trim(),
            "134217728"
        );
    }
}

/// A program that wants more than there is gets killed, and the code says so.
#[test]
fn memory_is_really_limited() {
    let lab = Lab::new();
    let hog = "head -c 200m /dev/zero | tail -c 190m | wc -c";
    assert_eq!(lab.see(&[], hog).trim(), (190 << 20).to_string());
    let output = lab.run(&["-m", "32m", "host", "sh", "-c", hog]).output();
    assert_ne!(output.stdout.trim(), (190 << 20).to_string());
    assert!(
        output.stderr.contains("Killed") || output.stdout.trim() == "0" || output.code == 137,
        "{output:?}"
    );
}

#[test]
fn processors() {
    let lab = Lab::new();
    let seen = limit(&lab, &["--cpus", "1.5"], "cpu/cpu.cfs_quota_us", "cpu.max");
    assert!(seen.starts_with("150000"), "{seen}");
}

#[test]
fn processes() {
    let lab = Lab::new();
    assert_eq!(limit(&lab, &["--pids-limit", "20"], "pids/pids.max", "pids.max"), "20\n");
    assert_eq!(limit(&lab, &["--pids-limit", "-1"], "pids/pids.max", "pids.max"), "max\n");
    let bomb = "n=0; while [ $n -lt 30 ]; do sleep 5 & n=$((n+1)); done; echo all";
    let output = lab.run(&["--pids-limit", "10", "host", "sh", "-c", bomb]).output();
    assert!(!output.stdout.contains("all") && output.stderr.contains("fork"), "{output:?}");
    assert!(lab.see(&["--pids-limit", "60"], bomb).contains("all"));
}
