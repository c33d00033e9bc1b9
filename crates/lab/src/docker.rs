//! A config as an engine makes it: what most containers of the world look like to a runtime.

use std::fs;

use serde_json::{Value, json};

/// Source: moby, `oci/caps/defaults.go`.
const CAPABILITIES: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// Podman's, whose list of calls is docker's with [`ONLY_PRIVILEGED`] on top.
const PROFILE: &str = "/usr/share/containers/seccomp.json";

/// Calls that docker lets nobody make who has no more than its usual capabilities, and podman does.
/// Source: <https://docs.docker.com/engine/security/seccomp/>
const ONLY_PRIVILEGED: &str = "acct add_key bpf clone clone3 clock_adjtime clock_settime delete_module fanotify_init \
    finit_module fsconfig fsmount fsopen fspick get_mempolicy init_module io_uring_enter io_uring_register \
    io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages mount \
    mount_setattr move_mount move_pages nfsservctl open_by_handle_at open_tree perf_event_open personality \
    pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace query_module quotactl \
    quotactl_fd reboot request_key set_mempolicy setdomainname sethostname setns settimeofday socket stime swapoff \
    swapon syslog umount umount2 unshare userfaultfd uselib ustat vhangup vm86 vm86old";

/// `CLONE_NEW*`, but not that of time, whose bit is part of a signal here.
const NEW_NAMESPACES: u64 = 0x7e02_0000;

/// UNIX, INET, NETLINK, INET6 and PACKET. An argument of 32 bits counts with those only: the kernel forgets the others.
const FAMILIES: [u64; 5] = [1, 2, 16, 10, 17];

/// The profile of system calls that an engine gives to a container with docker's capabilities.
///
/// Nothing, where podman is not installed.
pub fn profile() -> Option<Value> {
    let podmans: Value = serde_json::from_str(&fs::read_to_string(PROFILE).ok()?).ok()?;
    let is_usual = |name: &&Value| {
        name.as_str().is_some_and(|name| !ONLY_PRIVILEGED.split_whitespace().any(|other| other == name))
    };
    // The group that stands without any condition is the long one; the others are for more capabilities, or machines.
    let group = podmans["syscalls"].as_array()?.iter().find(|group| {
        group["action"] == "SCMP_ACT_ALLOW"
            && group["names"].as_array().is_some_and(|names| names.len() > 100)
    })?;
    let names: Vec<_> = group["names"].as_array()?.iter().filter(is_usual).collect();
    let allow = |names: Value, args: Value| json!({"names": names, "action": "SCMP_ACT_ALLOW", "args": args});
    let low = |index: u64, mask: u64, value: u64| json!([{"index": index, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": value}]);
    let mut groups = vec![
        allow(json!(names), json!([])),
        allow(json!(["arch_prctl", "modify_ldt", "chroot"]), json!([])),
        allow(json!(["clone"]), low(0, NEW_NAMESPACES, 0)),
        // The C library then falls back to the one whose flags can be seen.
        json!({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}),
    ];
    groups.extend([0_u64, 8, 0x2_0000, 0x2_0008, 0xffff_ffff].map(|persona| {
        allow(json!(["personality"]), json!([{"index": 0, "op": "SCMP_CMP_EQ", "value": persona}]))
    }));
    groups.extend(FAMILIES.map(|family| allow(json!(["socket"]), low(0, 0xffff_ffff, family))));
    Some(json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": groups,
    }))
}

/// Gives a config docker's capabilities, masks, namespaces and profile of system calls.
///
/// # Panics
/// The profile is podman's, and that is not installed.
pub fn as_docker(config: &mut Value) {
    let names = CAPABILITIES.map(|name| format!("CAP_{name}"));
    config["process"]["capabilities"] = json!({"bounding": names, "effective": names, "permitted": names});
    config["process"]["noNewPrivileges"] = json!(false);
    config["linux"]["seccomp"] = profile().expect("podman's profile of system calls: `make packages`");
    crate::namespace(config, "cgroup", None);
}
