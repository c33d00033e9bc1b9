//! How the program gets processors, disks and memory; the same for who enters later.

use std::fs;

use lab::{Container, Lab};
use serde_json::{Value, json};

/// Fields of `/proc/PID/stat` behind the name, from 0 (the state): sched_setattr(2) is seen in it.
const NICE: usize = 16;
const PRIORITY: usize = 37;
const POLICY: usize = 38;

/// Says a line of the `stat` of this shell.
const STAT: &str = "cat /proc/self/stat";

#[track_caller]
fn fields(stat: &str, which: [usize; 3]) -> [i64; 3] {
    let line = stat.lines().last().unwrap_or_default();
    let (_, rest) = line.rsplit_once(") ").unwrap_or_else(|| panic!("no stat: {stat}"));
    let all: Vec<&str> = rest.split(' ').collect();
    which.map(|at| all[at].parse().expect("a number"))
}

fn process(web: Container<'_>, change: impl FnOnce(&mut Value)) -> Container<'_> {
    web.edit(|config| change(&mut config["process"]))
}

#[test]
fn a_policy_for_batches_with_its_nice_value() {
    let lab = Lab::new();
    let plain = fields(&lab.container("control").see(STAT), [POLICY, NICE, PRIORITY]);
    assert_eq!(plain[0], 0);
    let web = process(lab.container("web"), |process| {
        process["scheduler"] = json!({"policy": "SCHED_BATCH", "nice": 7});
    });
    assert_eq!(fields(&web.see(STAT), [POLICY, NICE, PRIORITY]), [3, 7, 0]);
}

/// What a child of the program has shows what the flag did, and the program itself that it was there.
#[test]
fn a_flag_that_keeps_children_out() {
    let lab = Lab::new();
    let see = |name, flags: Value| {
        let web = process(lab.container(name), |process| {
            process["scheduler"] = json!({"policy": "SCHED_OTHER", "nice": -5, "flags": flags});
        });
        let seen = web.see("cat /proc/1/stat; cat /proc/self/stat | cat");
        let both: Vec<_> = seen.lines().map(|line| fields(line, [POLICY, NICE, PRIORITY])[1]).collect();
        both
    };
    assert_eq!(see("all", json!([])), [-5, -5]);
    assert_eq!(see("first", json!(["SCHED_FLAG_RESET_ON_FORK"])), [-5, 0]);
}

/// Real time and deadlines need a share of the machine, which cgroup v1 may not give; then the kernel's word is told.
#[test]
fn deadlines_and_real_time_are_had_or_refused_by_name() {
    let lab = Lab::new();
    let deadline = json!({"policy": "SCHED_DEADLINE", "runtime": 1_000_000, "deadline": 10_000_000,
        "period": 10_000_000, "flags": ["SCHED_FLAG_RESET_ON_FORK"]});
    let real_time = json!({"policy": "SCHED_FIFO", "priority": 10, "flags": ["SCHED_FLAG_RESET_ON_FORK"]});
    for (name, scheduler, policy) in [("deadline", deadline, 6), ("fifo", real_time, 1)] {
        let web = process(lab.container(name), |process| process["scheduler"] = scheduler);
        let web = web.sh("cat /proc/1/stat");
        let output = web.run();
        if output.code == 0 {
            let seen = web.after_nonce(&output.stdout);
            assert_eq!(fields(&seen, [POLICY, NICE, PRIORITY])[0], policy, "{seen}");
        } else {
            assert!(!output.stdout.contains("alive"), "{output:?}");
            output.refused_naming(&["process.scheduler"]);
        }
    }
}

/// Source: ioprio_get(2), which busybox has as `ionice`.
#[test]
fn the_disks_class_and_level() {
    let lab = Lab::new();
    let see = |name, priority: Value| {
        process(lab.container(name), |process| process["ioPriority"] = priority)
            .see("ionice -p $$")
            .trim()
            .to_string()
    };
    let best = see("best", json!({"class": "IOPRIO_CLASS_BE", "priority": 6}));
    assert!(best.starts_with("best-effort") && best.ends_with('6'), "{best}");
    let idle = see("idle", json!({"class": "IOPRIO_CLASS_IDLE", "priority": 0}));
    assert!(idle.starts_with("idle"), "{idle}");
    let plain = see("control", Value::Null);
    assert!(plain != best && plain != idle, "{plain}");
}

#[test]
fn a_32_bit_kernel_is_shown() {
    let lab = Lab::new();
    let see = |name, domain: &str| {
        let domain = json!({"domain": domain});
        lab.container(name).edit(|config| config["linux"]["personality"] = domain).see("uname -m")
    };
    let here = rustix::system::uname().machine().to_str().unwrap().to_string();
    assert_eq!(see("here", "LINUX").trim(), here);
    let narrow = see("narrow", "LINUX32");
    assert!(["i686", "armv8l"].contains(&narrow.trim()), "{narrow}");
}

#[test]
fn memory_comes_from_the_nodes_that_were_asked_for() {
    if fs::metadata("/proc/self/numa_maps").is_err() {
        let lab = Lab::new();
        let policy = json!({"mode": "MPOL_LOCAL"});
        let web = lab.container("web").edit(|config| config["linux"]["memoryPolicy"] = policy).sh("true");
        web.run().refused_naming(&["linux.memoryPolicy"]);
        return;
    }
    let lab = Lab::new();
    let see = |name, policy: Value| {
        let web = lab.container(name).edit(|config| config["linux"]["memoryPolicy"] = policy);
        let seen = web.see("head -n 1 /proc/self/numa_maps");
        seen.split(' ').nth(1).expect("a policy").to_string()
    };
    assert_eq!(see("default", json!({"mode": "MPOL_DEFAULT"})), "default");
    assert_eq!(see("bind", json!({"mode": "MPOL_BIND", "nodes": "0"})), "bind:0");
    let fixed = json!({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]});
    assert_eq!(see("fixed", fixed), "bind=static:0");
    assert_eq!(see("interleave", json!({"mode": "MPOL_INTERLEAVE", "nodes": "0"})), "interleave:0");
    let nowhere = json!({"mode": "MPOL_BIND", "nodes": "1023"});
    let web = lab.container("nowhere").edit(|config| config["linux"]["memoryPolicy"] = nowhere).sh("true");
    web.run().refused_naming(&["linux.memoryPolicy"]);
}

/// Whoever enters is scheduled as the container's program is, unless its own `process.json` says otherwise.
#[test]
fn whoever_enters_is_like_the_program() {
    if !lab::is_nagaya() {
        return; // Debian's runc knows none of these yet.
    }
    let lab = Lab::new();
    let web = lab.container("web").sleeping().edit(|config| {
        config["process"]["scheduler"] = json!({"policy": "SCHED_BATCH", "nice": 5});
        config["process"]["ioPriority"] = json!({"class": "IOPRIO_CLASS_BE", "priority": 7});
        config["linux"]["personality"] = json!({"domain": "LINUX32"});
    });
    let web = web.launch();
    let script = "cat /proc/self/stat; ionice -p $$; uname -m";
    let seen = lab.runtime(["exec", web.id(), "/bin/sh", "-c", script]).output().ok();
    let mut lines = seen.lines();
    assert_eq!(fields(lines.next().unwrap(), [POLICY, NICE, PRIORITY]), [3, 5, 0]);
    assert!(lines.next().unwrap().ends_with('7'), "{seen}");
    assert!(["i686", "armv8l"].contains(&lines.next().unwrap()), "{seen}");

    let file = lab.folder().join("process.json");
    let other = json!({"cwd": "/", "args": ["cat", "/proc/self/stat"], "env": ["PATH=/bin"],
        "scheduler": {"policy": "SCHED_IDLE"}});
    fs::write(&file, other.to_string()).unwrap();
    let seen = lab.runtime(["exec", "--process"]).arg(&file).arg(web.id()).output().ok();
    assert_eq!(fields(&seen, [POLICY, NICE, PRIORITY])[0], 5, "{seen}");
}

/// The processors at two times, seen by the program: it inherits what its own start has left.
#[test]
fn processors_of_those_who_enter() {
    if !lab::is_nagaya() {
        return; // Debian's runc does not know it yet.
    }
    let lab = Lab::new();
    let web = lab.container("web").sleeping().edit(|config| {
        config["process"]["execCPUAffinity"] = json!({"initial": "0"});
    });
    let web = web.launch();
    let list = |status: &str| {
        let line = status.lines().find(|line| line.starts_with("Cpus_allowed_list:")).expect("a list");
        line.split_whitespace().nth(1).expect("processors").to_string()
    };
    let first = fs::read_to_string(format!("/proc/{}/status", web.pid())).unwrap();
    let all = list(&fs::read_to_string("/proc/self/status").unwrap());
    assert_eq!(list(&first), all, "it is not for the first process");
    let seen = lab.runtime(["exec", web.id(), "cat", "/proc/self/status"]).output().ok();
    assert_eq!(list(&seen), "0");

    let enter = |affinity: Value| {
        let file = lab.folder().join("process.json");
        let process = json!({"cwd": "/", "args": ["cat", "/proc/self/status"], "env": ["PATH=/bin"],
            "execCPUAffinity": affinity});
        fs::write(&file, process.to_string()).unwrap();
        lab.runtime(["exec", "--process"]).arg(&file).arg(web.id()).output()
    };
    assert_eq!(list(&enter(json!({"initial": "0", "final": all})).ok()), all);
    enter(json!({"final": "0-"})).refused(&["process.execCPUAffinity.final"]);
    enter(json!({"initial": "8191"})).refused(&["process.execCPUAffinity.initial"]);
}

#[test]
fn nonsense_is_refused_by_its_name() {
    let lab = Lab::new();
    let refused = |field: &str, change: fn(&mut Value)| {
        let web = lab.container("web").sh("true").edit(change);
        let output = web.run();
        assert!(!output.stdout.contains("alive"), "{field}: {output:?}");
        output.refused_naming(&[field]);
    };
    if !lab::is_nagaya() {
        return; // Debian's runc leaves out what it does not know.
    }
    refused("process.scheduler.policy", |all| all["process"]["scheduler"] = json!({"policy": "SCHED_NICE"}));
    refused("process.scheduler.policy", |all| all["process"]["scheduler"] = json!({"nice": 1}));
    refused("process.ioPriority.class", |all| all["process"]["ioPriority"] = json!({"class": "x"}));
    refused("process.execCPUAffinity.initial", |all| {
        all["process"]["execCPUAffinity"] = json!({"initial": "x"});
    });
    refused("linux.personality.flags[0]", |all| {
        all["linux"]["personality"] = json!({"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]});
    });
    refused("linux.memoryPolicy.nodes", |all| {
        all["linux"]["memoryPolicy"] = json!({"mode": "MPOL_BIND"});
    });
}
