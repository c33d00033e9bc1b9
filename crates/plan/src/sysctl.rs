//! Settings of the kernel: which belong to a container.

use fault::{Fault, Result};
use oci::NamespaceKind;

use crate::namespaces::Namespaces;

/// Settings of System V IPC. Source: ipc_namespaces(7).
const OF_IPC: [&str; 11] = [
    "msgmax",
    "msgmnb",
    "msgmni",
    "msg_next_id",
    "sem",
    "sem_next_id",
    "shmall",
    "shmmax",
    "shmmni",
    "shm_next_id",
    "shm_rmid_forced",
];

/// The file below `/proc/sys`. Dots part the names; once there is a slash, slashes do, and dots are part of a name.
///
/// Source: sysctl(8).
pub fn sysctl_path(key: &str) -> String {
    match (key.find('.'), key.find('/')) {
        (Some(dot), Some(slash)) if dot < slash => key.chars().map(swapped).collect(),
        (_, Some(_)) => key.to_string(),
        _ => key.replace('.', "/"),
    }
}

fn swapped(letter: char) -> char {
    match letter {
        '.' => '/',
        '/' => '.',
        other => other,
    }
}

/// Only settings that belong to a namespace of the container's own; all others are the machine's. What is looked at is
/// the path that is written to.
pub(crate) fn check(key: &str, namespaces: &Namespaces) -> Result<()> {
    let field = format!("linux.sysctl[{key}]");
    let path = sysctl_path(key);
    if path.split('/').any(|name| matches!(name, "" | "." | "..")) {
        return Err(Fault::invalid(field, "it is not the name of a setting"));
    }
    if path == "kernel/hostname" {
        return Err(Fault::invalid(field, "there is a field for it").hint("set `hostname`"));
    }
    let needs = match path.split_once('/') {
        Some(("net", _)) => NamespaceKind::Network,
        Some(("fs", rest)) if rest.starts_with("mqueue/") => NamespaceKind::Ipc,
        Some(("kernel", name)) if OF_IPC.contains(&name) => NamespaceKind::Ipc,
        Some(("kernel", "domainname")) => NamespaceKind::Uts,
        Some(("user", _)) => NamespaceKind::User,
        _ => return Err(Fault::invalid(field, "it belongs to the whole machine, not to a namespace")),
    };
    if namespaces.has_own(needs) {
        return Ok(());
    }
    Err(Fault::invalid(field, format!("it would change the host's: there is no {needs} namespace")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci::{Linux, Namespace};

    fn namespaces(kinds: &[NamespaceKind]) -> Namespaces {
        let new = |kind: &NamespaceKind| Namespace { kind: *kind, path: String::new() };
        Namespaces::of(&Linux { namespaces: kinds.iter().map(new).collect(), ..Linux::default() }, &[])
            .unwrap()
    }

    #[test]
    fn both_spellings_of_a_setting_are_understood() {
        assert_eq!(sysctl_path("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
        assert_eq!(sysctl_path("net/ipv4/ip_forward"), "net/ipv4/ip_forward");
        assert_eq!(sysctl_path("net/ipv4/conf/eth0.1/rp_filter"), "net/ipv4/conf/eth0.1/rp_filter");
        assert_eq!(sysctl_path("net.ipv4.conf.eth0/1.rp_filter"), "net/ipv4/conf/eth0.1/rp_filter");
    }

    /// As with runc: `hostname` could say something else.
    #[test]
    fn the_host_name_is_not_set_in_two_ways() {
        for key in ["kernel.hostname", "kernel/hostname"] {
            let refused = check(key, &namespaces(&[NamespaceKind::Mount, NamespaceKind::Uts])).unwrap_err();
            assert!(refused.sentence().contains(key), "{refused}");
        }
    }

    /// Each with the namespace that makes it the container's, and without.
    #[test]
    fn settings_of_a_namespace_need_that_namespace() {
        use NamespaceKind::*;
        let of = [
            (Network, "net.ipv4.ip_forward net/ipv6/conf/eth0.1/disable_ipv6 net.core.somaxconn net.unix.max_dgram_qlen
                       net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start net.netfilter.nf_conntrack_max"),
            (Ipc, "kernel.msgmax kernel.msgmnb kernel.msgmni kernel.msg_next_id kernel.sem kernel.sem_next_id
                   kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_next_id kernel.shm_rmid_forced
                   fs.mqueue.msg_max fs.mqueue.queues_max fs/mqueue/msgsize_max"),
            (Uts, "kernel.domainname kernel/domainname"),
        ];
        for (kind, keys) in of {
            let (with, without) = (namespaces(&[Mount, kind]), namespaces(&[Mount]));
            for key in keys.split_whitespace() {
                assert!(check(key, &with).is_ok(), "{key}");
                let refused = check(key, &without).unwrap_err().sentence();
                assert!(refused.contains(key) && refused.contains("host's"), "{refused}");
            }
        }
    }

    /// With every namespace that there is.
    #[test]
    fn settings_of_the_machine_are_refused() {
        use NamespaceKind::*;
        let all = namespaces(&[Mount, Network, Ipc, Uts, Pid, Cgroup]);
        let machine = "kernel.core_pattern kernel.modprobe kernel.hotplug kernel.sysrq kernel.panic kernel.poweroff_cmd
            kernel.randomize_va_space kernel.kptr_restrict kernel.dmesg_restrict kernel.perf_event_paranoid
            kernel.unprivileged_bpf_disabled kernel.yama.ptrace_scope kernel.pid_max kernel.threads-max kernel.ns_last_pid
            kernel.hostname.x kernel.shm kernel.msg kernel.shmmax.x kernel.keys.maxkeys kernel.printk vm.swappiness
            vm.drop_caches vm.overcommit_memory fs.file-max fs.suid_dumpable fs.protected_symlinks fs.binfmt_misc.register
            fs.mqueue fs.mqueuex.msg_max fs.inotify.max_user_watches dev.cdrom.autoclose debug.exception-trace abi.vsyscall32
            user.max_user_namespaces netx.ipv4.ip_forward net kernel";
        let crooked = [
            "",
            ".",
            "..",
            "/",
            "net/../kernel/core_pattern",
            "net.ipv4/../../kernel/sysrq",
            "net..core",
            "net/./x",
            "/net/core/somaxconn",
            "net//core",
            "net/ipv4/",
            "net.ipv4.",
            "../net",
            "kernel/../net/core",
        ];
        for key in machine.split_whitespace().chain(crooked) {
            let refused = check(key, &all).unwrap_err().sentence();
            assert!(refused.contains(&format!("linux.sysctl[{key}]")), "{refused}");
        }
    }
}
