//! What of the kernel a usual container gets to touch: the config is as docker makes it, and the program is root in it.

use std::collections::BTreeSet;

use lab::{Container, Lab};
use serde_json::json;

use crate::kit::{number, numbers, with_probe};

const PERM: i64 = 1;
const NOSYS: i64 = 38;

/// As docker makes it.
fn usual<'lab>(lab: &'lab Lab, name: &str) -> Container<'lab> {
    with_probe(lab.container(name)).edit(lab::as_docker)
}

/// As docker makes a privileged one: with all capabilities, and nothing filtered, masked or read-only.
fn privileged<'lab>(lab: &'lab Lab, name: &str) -> Container<'lab> {
    let all: Vec<String> = plan::all_capabilities().collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    with_probe(lab.container(name)).capabilities(&all).edit(|config| {
        config["process"]["noNewPrivileges"] = false.into();
        config["linux"]["maskedPaths"] = json!([]);
        config["linux"]["readonlyPaths"] = json!([]);
        for mount in config["mounts"].as_array_mut().expect("a list") {
            if let Some(options) = mount["options"].as_array_mut() {
                options.retain(|option| option != "ro");
            }
        }
    })
}

/// Nothing filtered, and otherwise usual: so the other guards stand alone.
fn unfiltered<'lab>(lab: &'lab Lab, name: &str) -> Container<'lab> {
    usual(lab, name)
        .edit(|config| drop(config["linux"].as_object_mut().expect("an object").remove("seccomp")))
}

/// Runs the probe, with a folder to mount on.
fn ask(web: Container<'_>, words: &[&str]) -> String {
    let args: Vec<&str> = ["/bin/probe"].iter().chain(words).copied().collect();
    web.mount("tmpfs", "tmpfs", "/tmp", "").args(&args).run().ok()
}

/// `CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP`.
const USER_MOUNT_CGROUP: &str = "302120960";

/// CVE-2022-0492: root in a container mounts a hierarchy, and has the host run a program by its `release_agent`.
#[test]
fn sec_cve_2022_0492_nobody_sets_a_release_agent() {
    let lab = Lab::new();
    for flags in ["0", "33554432", USER_MOUNT_CGROUP] {
        let said = ask(usual(&lab, "usual"), &["agent", flags]);
        assert!(said == "mount 1\n" || said == "unshare 1\n", "{flags}: {said}");
        // Without a filter it is the missing capability that forbids it; and of its own cgroup namespace a hierarchy
        // begins at the container's cgroup, which has no such file.
        let said = ask(unfiltered(&lab, "unfiltered"), &["agent", flags]);
        assert!(
            ["mount 1\n", "unshare 1\n", "agent 1\n", "agent 2\n"].contains(&said.as_str()),
            "{flags}: {said}"
        );
    }
    // The control: with all capabilities it is done, and what was there is written back.
    assert_eq!(ask(privileged(&lab, "privileged"), &["agent", "0"]), "agent 0\n");
}

/// The same files, where the runtime itself has mounted the container's cgroups.
#[test]
fn sec_cve_2022_0492_what_is_mounted_of_cgroups_is_read_only() {
    let lab = Lab::new();
    let script = "for f in $(find /sys/fs/cgroup -name release_agent -o -name notify_on_release -o -name devices.allow \
                  -o -name cgroup.procs -o -name tasks); do echo $f; done > /tmp/all
                  /bin/probe writable $(cat /tmp/all)";
    let see = |web: Container<'_>| numbers(&web.mount("tmpfs", "tmpfs", "/tmp", "").see(script));
    let seen = see(usual(&lab, "usual"));
    assert!(seen.len() > 10, "{seen:?}");
    assert!(seen.iter().all(|(_, errno)| *errno == 30), "{seen:?}");
    // It sees its own part only, which has no release_agent: that is a file of the root of a hierarchy.
    assert!(!seen.iter().any(|(path, _)| path.ends_with("release_agent")), "{seen:?}");
    // The control.
    let seen = see(privileged(&lab, "privileged"));
    assert!(seen.iter().any(|(path, errno)| path.ends_with("devices.allow") && *errno == 0), "{seen:?}");
}

/// Files by which the kernel is told what to run, or what to do to the machine.
const SINKS: &str = "/proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug \
    /proc/sys/kernel/poweroff_cmd /proc/sys/kernel/sysrq /proc/sys/kernel/panic /proc/sys/kernel/panic_on_oops \
    /proc/sys/kernel/randomize_va_space /proc/sys/kernel/kptr_restrict /proc/sys/kernel/dmesg_restrict \
    /proc/sys/kernel/perf_event_paranoid /proc/sys/kernel/unprivileged_bpf_disabled /proc/sys/kernel/yama/ptrace_scope \
    /proc/sys/kernel/ns_last_pid /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max /proc/sys/kernel/hostname \
    /proc/sys/fs/binfmt_misc/register /proc/sys/fs/file-max /proc/sys/fs/suid_dumpable /proc/sys/fs/protected_symlinks \
    /proc/sys/vm/overcommit_memory /proc/sys/vm/drop_caches /proc/sys/vm/panic_on_oom /proc/sys/vm/mmap_min_addr \
    /proc/sys/vm/swappiness /proc/sys/net/core/bpf_jit_enable /proc/sys/net/ipv4/ip_forward /proc/sys/user/max_user_namespaces \
    /proc/sysrq-trigger /proc/irq/default_smp_affinity /proc/kcore /proc/keys /proc/timer_list /proc/scsi/scsi \
    /proc/mtrr /sys/kernel/uevent_helper /sys/kernel/mm/transparent_hugepage/enabled /sys/module/printk/parameters/time \
    /sys/power/state /sys/power/disk /sys/firmware/memmap /sys/kernel/security/lockdown /sys/kernel/kexec_crash_size \
    /sys/devices/system/cpu/cpu1/online /sys/bus/pci/rescan /sys/fs/cgroup/release_agent";

/// CVE-2025-52881 and all before it end in one of these.
#[test]
fn no_file_that_commands_the_kernel_can_be_written_to() {
    let lab = Lab::new();
    let words: Vec<&str> = ["writable"].into_iter().chain(SINKS.split_whitespace()).collect();
    let said = ask(usual(&lab, "usual"), &words);
    let seen = numbers(&said);
    assert!(seen.len() > 40, "{said}");
    // Read-only, forbidden, or not there. A mask is the null device, which takes everything and forgets it.
    let masked = |path: &str| ["/proc/kcore", "/proc/keys", "/proc/timer_list"].contains(&path);
    let wrong: Vec<_> = seen
        .iter()
        .filter(|(path, errno)| !(matches!(errno, 30 | 13 | 2 | 1) || *errno == 0 && masked(path)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // The control: in a privileged one many of them can be opened. Nothing is written.
    let open =
        numbers(&ask(privileged(&lab, "privileged"), &words)).iter().filter(|(_, errno)| *errno == 0).count();
    assert!(open > 20, "{open}");
}

/// Each of these would be of use to get out, and is refused by the filter; `clone3` in the way that has the C library
/// fall back to the call whose flags the filter can see.
#[test]
fn calls_that_are_of_no_use_to_a_usual_program_are_refused() {
    let lab = Lab::new();
    let said = ask(usual(&lab, "usual"), &["calls"]);
    let seen = numbers(&said);
    assert!(seen.len() > 50, "{said}");
    let wrong: Vec<_> =
        seen.iter().filter(|(name, errno)| *errno != if name == "clone3" { NOSYS } else { PERM }).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // The control: the kernel itself would have found fault with the nonsense that they are called with.
    let free = numbers(&ask(privileged(&lab, "privileged"), &["calls"]));
    let same: Vec<_> = free.iter().zip(&seen).filter(|(free, seen)| free == seen).collect();
    assert!(same.is_empty(), "refused by the kernel anyhow: {same:?}");
}

#[test]
fn no_user_namespace_can_be_made() {
    let lab = Lab::new();
    assert_eq!(ask(usual(&lab, "usual"), &["namespaces"]), "clone 1\nunshare 1\n");
    assert_eq!(ask(privileged(&lab, "privileged"), &["namespaces"]), "clone 0\nunshare 0\n", "the control");
}

/// CVE-2026-123876 and its class: the kernel looks at the lower half of an argument that is an `int`, a rule at all of it.
#[test]
fn families_of_sockets_are_a_list_whatever_is_in_the_upper_half() {
    const LISTED: [i64; 5] = [1, 2, 10, 16, 17];
    let lab = Lab::new();
    for high in ["0", "1", "2147483647"] {
        let said = ask(usual(&lab, "usual"), &["sockets", high]);
        let seen = numbers(&said);
        assert_eq!(seen.len(), 47, "{said}");
        for (family, errno) in &seen {
            let listed = LISTED.iter().any(|one| one.to_string() == *family);
            assert!(
                (*errno == PERM) != listed || *family == "17",
                "family {family}, upper half {high}: {errno}"
            );
        }
        assert_eq!((number(&said, "1"), number(&said, "40"), number(&said, "38")), (0, PERM, PERM), "{said}");
    }
    // The control: a rule that looks at all 64 bits forbids VSOCK (40), and lets through what the kernel takes for it.
    let narrow = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO",
        "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 40}]}]});
    let narrow = |high| {
        let web = usual(&lab, "narrow").edit(|config| config["linux"]["seccomp"] = narrow.clone());
        number(&ask(web, &["sockets", high]), "40")
    };
    assert_eq!(narrow("0"), PERM);
    assert_ne!(narrow("1"), PERM);
}

/// A second proc would have no masks; and in a user namespace the kernel makes none while the first has some.
#[test]
fn proc_cannot_be_mounted_again_without_its_masks() {
    let lab = Lab::new();
    assert_eq!(ask(usual(&lab, "usual"), &["mount", "proc"]).lines().next(), Some("mount 1"));
    let said = ask(unfiltered(&lab, "unfiltered"), &["mount", "proc"]);
    assert_eq!(
        (number(&said, "mount"), number(&said, "unshare"), number(&said, "inside")),
        (PERM, 0, PERM),
        "{said}"
    );
    assert_eq!(number(&ask(unfiltered(&lab, "sysfs"), &["mount", "sysfs"]), "mount"), PERM);
    // The control: where nothing is masked, it can be.
    let bare = unfiltered(&lab, "bare").edit(|config| {
        config["linux"]["maskedPaths"] = json!([]);
        config["linux"]["readonlyPaths"] = json!([]);
    });
    let said = ask(bare, &["mount", "proc"]);
    assert_eq!((number(&said, "mount"), number(&said, "inside")), (PERM, 0), "{said}");
    assert_eq!(number(&ask(privileged(&lab, "privileged"), &["mount", "proc"]), "mount"), 0);
}

/// Files that everybody may write to are few, and each is known.
#[test]
fn files_of_the_kernel_that_everybody_may_write_to_are_known() {
    let lab = Lab::new();
    // Of the process itself, which it may change as it likes; and those of its own network.
    let script = "find /proc /sys -xdev -type f -perm -0002 2>/dev/null | grep -v '^/proc/[0-9]' | \
                  while read -r file; do /bin/probe writable \"$file\"; done";
    let seen = usual(&lab, "usual").edit(|config| config["process"]["user"]["uid"] = 1000.into()).see(script);
    let open: BTreeSet<String> =
        numbers(&seen).into_iter().filter(|(_, errno)| *errno == 0).map(|(path, _)| path).collect();
    // Pressure is told to whoever asks; a session's own keys are its own.
    let known = ["/proc/pressure/"];
    let unknown: Vec<_> =
        open.iter().filter(|path| !known.iter().any(|known| path.starts_with(known))).collect();
    assert!(unknown.is_empty(), "{unknown:?} of {seen}");
    // The control: there are such files, and they are found.
    assert!(seen.lines().count() > 0, "nothing was found");
}
