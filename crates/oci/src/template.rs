//! What `spec` writes: a config to start from.

use crate::{
    Capabilities, IdMapping, Linux, Mount, Namespace, NamespaceKind, Process, Rlimit, Root, Spec, VERSION,
};

/// A config that runs `sh` in `rootfs`. The same as runc's, because people edit it by scripts.
///
/// `rootless`: for someone who is not root; a user namespace, and nothing that it forbids.
pub fn template(rootless: bool) -> Spec {
    let mut spec = Spec {
        oci_version: VERSION.to_string(),
        process: Some(process()),
        root: Some(Root { path: "rootfs".to_string(), readonly: true }),
        hostname: "nagaya".to_string(),
        mounts: mounts(),
        linux: linux(),
        ..Spec::default()
    };
    if rootless {
        without_root(&mut spec);
    }
    spec
}

fn process() -> Process {
    let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"].map(String::from).to_vec();
    Process {
        terminal: true,
        args: vec!["sh".to_string()],
        env: vec![
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_string(),
            "TERM=xterm".to_string(),
        ],
        cwd: "/".to_string(),
        capabilities: Some(Capabilities {
            bounding: capabilities.clone(),
            effective: capabilities.clone(),
            permitted: capabilities,
            ..Capabilities::default()
        }),
        rlimits: vec![Rlimit { kind: "RLIMIT_NOFILE".to_string(), hard: 1024, soft: 1024 }],
        no_new_privileges: true,
        ..Process::default()
    }
}

fn mounts() -> Vec<Mount> {
    vec![
        mount("/proc", "proc", "proc", ""),
        mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
        mount("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
        mount("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),
        mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
        mount("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
        mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
    ]
}

fn mount(destination: &str, kind: &str, source: &str, options: &str) -> Mount {
    Mount {
        destination: destination.to_string(),
        kind: kind.to_string(),
        source: source.to_string(),
        options: options.split(',').filter(|option| !option.is_empty()).map(String::from).collect(),
        ..Mount::default()
    }
}

fn linux() -> Linux {
    use NamespaceKind::*;
    let new = |kind| Namespace { kind, path: String::new() };
    let deny_all = crate::DeviceRule { access: "rwm".to_string(), ..Default::default() };
    Linux {
        namespaces: [Pid, Network, Ipc, Uts, Mount, Cgroup].map(new).to_vec(),
        resources: crate::Resources { devices: vec![deny_all], ..Default::default() },
        masked_paths: paths(
            "/proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list \
             /proc/timer_stats /proc/sched_debug /sys/firmware /proc/scsi",
        ),
        readonly_paths: paths("/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger"),
        ..Linux::default()
    }
}

fn paths(list: &str) -> Vec<String> {
    list.split_whitespace().map(String::from).collect()
}

/// A user namespace instead of root: no network of its own to set up, sysfs bound from outside, and no
/// limits, which need a cgroup that someone delegated.
fn without_root(spec: &mut Spec) {
    let linux = &mut spec.linux;
    linux.namespaces.retain(|namespace| namespace.kind != NamespaceKind::Network);
    linux.namespaces.push(Namespace { kind: NamespaceKind::User, path: String::new() });
    let only_me = |host_id| vec![IdMapping { container_id: 0, host_id, size: 1 }];
    (linux.uid_mappings, linux.gid_mappings) = (only_me(0), only_me(0));
    linux.resources = crate::Resources::default();
    for mount in &mut spec.mounts {
        mount.options.retain(|option| !option.starts_with("gid="));
        if mount.destination == "/sys" {
            *mount = self::mount("/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,ro");
        }
    }
    spec.mounts.retain(|mount| mount.kind != "cgroup");
}
