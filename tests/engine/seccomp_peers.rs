//! Our filter of system calls against moby's and podman's, call by call.

use std::collections::BTreeMap;
use std::fs;

use peers::{Docker, poll};
use serde_json::{Value, json};

/// What happens to each call: all that is said about it, in one text.
type Calls = BTreeMap<String, String>;

/// Where we let something else pass than an older moby or podman, and why. Our table is that of moby in 2026, and each
/// is in it.
const MEANT: [(&str, &str); 7] = [
    ("socket", "families instead of anything (20.10), or of all but AF_VSOCK (28): AF_ALG is CVE-2026-31431"),
    (
        "io_uring_enter io_uring_register io_uring_setup",
        "taken away in moby 25: too many holes in the kernel",
    ),
    (
        "cachestat clock_settime64 fchmodat2 futex_requeue futex_wait futex_waitv futex_wake getxattrat listmount listxattrat \
         map_shadow_stack mseal process_mrelease quotactl_fd removexattrat set_mempolicy_home_node setxattrat statmount \
         uretprobe lsm_get_self_attr lsm_list_modules lsm_set_self_attr memfd_secret landlock_add_rule \
         landlock_create_ruleset landlock_restrict_self",
        "calls that are newer than that moby, or that podman",
    ),
    (
        "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls riscv_flush_icache riscv_hwprobe arch_prctl \
         modify_ldt",
        "only some architectures have them, and on the others the name means nothing: no condition is needed",
    ),
    ("name_to_handle_at", "moby 23: it tells a number, and to open it takes CAP_DAC_READ_SEARCH"),
    ("pkey_alloc pkey_free pkey_mprotect", "moby 24: keys of one's own memory"),
    (
        "process_vm_readv process_vm_writev ptrace bpf perf_event_open",
        "moby 23 and 24: processes of the same container; CAP_BPF and CAP_PERFMON are enough",
    ),
];

/// podman forbids the first ones, moby does not; and podman lists calls of old 32-bit programs, and two that never were.
const ONLY_PODMANS: &str = "io_pgetevents io_pgetevents_time64 vmsplice clock_adjtime \
    readdir sigaction signal sigpending sigsuspend syscall timerfd";

fn meant() -> Vec<&'static str> {
    MEANT.iter().flat_map(|(names, _)| names.split_whitespace()).collect()
}

fn calls(profile: &Value) -> Calls {
    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for group in profile["syscalls"].as_array().expect("groups") {
        let errno = group["errnoRet"].as_u64().map_or(String::new(), |errno| format!(" {errno}"));
        let args: Vec<_> = group["args"].as_array().into_iter().flatten().map(argument).collect();
        let what = format!("{}{errno} {}", group["action"].as_str().expect("an action"), args.join(" and "));
        for name in group["names"].as_array().expect("names") {
            calls
                .entry(name.as_str().expect("a name").to_string())
                .or_default()
                .push(what.trim_end().to_string());
        }
    }
    let one = |(name, mut rules): (String, Vec<String>)| {
        rules.sort();
        rules.dedup();
        // What is allowed without a condition is allowed.
        let free = rules.contains(&"SCMP_ACT_ALLOW".to_string());
        (name, if free { "SCMP_ACT_ALLOW".to_string() } else { rules.join("; ") })
    };
    calls.into_iter().map(one).collect()
}

fn argument(one: &Value) -> String {
    let number = |name: &str| one[name].as_u64().unwrap_or(0);
    let (index, value, two) = (number("index"), number("value"), number("valueTwo"));
    format!("{index} {} {value:#x} {two:#x}", one["op"].as_str().expect("an operator"))
}

fn ours(capabilities: &Value) -> Value {
    let names: Vec<String> = serde_json::from_value(capabilities.clone()).unwrap_or_default();
    serde_json::to_value(container::builtin(&names)).expect("JSON")
}

/// Names of what differs.
fn differences(one: &Calls, other: &Calls) -> Vec<String> {
    let names = one.keys().chain(other.keys()).collect::<std::collections::BTreeSet<_>>();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

/// The config that docker gives to a runtime.
fn config(docker: &Docker, options: &[&str]) -> Value {
    let run = [&["run", "--detach", "--runtime", "nagaya", "--network", "none"][..], options];
    let id = docker.fine(&[&run.concat()[..], &["box", "sh", "-c", "sleep 1000"]].concat());
    let bundle = |calls: String| {
        let line = calls.lines().find(|line| line.contains("--bundle") && line.ends_with(&id))?.to_string();
        line.split(' ').skip_while(|word| *word != "--bundle").nth(1).map(String::from)
    };
    let path = poll(|| bundle(docker.ours().calls())).expect("a bundle");
    let text = fs::read_to_string(format!("{path}/config.json")).expect("a config");
    docker.fine(&["rm", "--force", &id]);
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn as_dockers() {
    let docker = Docker::start();
    for options in [
        &[][..],
        &["--cap-drop", "ALL"],
        &["--cap-add", "SYS_ADMIN"],
        &[
            "--cap-add",
            "SYS_PTRACE",
            "--cap-add",
            "SYS_NICE",
            "--cap-add",
            "SYSLOG",
            "--cap-add",
            "DAC_READ_SEARCH",
        ],
        &[
            "--cap-add",
            "SYS_BOOT",
            "--cap-add",
            "SYS_TIME",
            "--cap-add",
            "SYS_MODULE",
            "--cap-add",
            "SYS_RAWIO",
        ],
        &["--cap-add", "SYS_PACCT", "--cap-add", "SYS_TTY_CONFIG"],
    ] {
        let config = config(&docker, options);
        let theirs = &config["linux"]["seccomp"];
        let ours = ours(&config["process"]["capabilities"]["bounding"]);
        assert_eq!(theirs["defaultAction"], ours["defaultAction"]);
        // What is not said is EPERM.
        assert_eq!(theirs["defaultErrnoRet"].as_u64().unwrap_or(1), 1);
        let (theirs, ours) = (calls(theirs), calls(&ours));
        assert!(theirs.len() > 300, "{theirs:?}");
        let mut found = differences(&theirs, &ours);
        found.retain(|name| !meant().contains(&name.as_str()));
        let told: Vec<_> = found.iter().map(|name| (name, theirs.get(name), ours.get(name))).collect();
        assert_eq!(told, [], "{options:?}");
    }
    docker.finish();
}

/// What is left of podman's profile without its gifts, which `lab` lists, is docker's.
#[test]
fn as_podmans() {
    let theirs = calls(&lab::profile().expect("podman's: `make packages`"));
    let usual = config_of_docker();
    let mut found = differences(&theirs, &calls(&ours(&usual)));
    found.retain(|name| !meant().contains(&name.as_str()));
    found.retain(|name| !ONLY_PODMANS.split_whitespace().any(|other| other == name));
    assert_eq!(found, [""; 0]);
}

/// What a container has by default.
fn config_of_docker() -> Value {
    let mut config = json!({"process": {}, "linux": {"namespaces": []}});
    lab::as_docker(&mut config);
    config["process"]["capabilities"]["bounding"].clone()
}

/// The control: a call that is missing, and one that is let pass for less, are both seen.
#[test]
fn a_difference_is_noticed() {
    let whole = ours(&json!([]));
    let mut less = whole.clone();
    less["syscalls"][0]["names"].as_array_mut().expect("names").retain(|name| name != "read");
    assert_eq!(differences(&calls(&whole), &calls(&less)), ["read"]);
    let admin = ours(&json!(["CAP_SYS_ADMIN"]));
    assert!(differences(&calls(&whole), &calls(&admin)).contains(&"clone".to_string()));
}
