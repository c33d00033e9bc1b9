//! The filter of system calls that containers have by default: Docker's, in a table of our own.
//!
//! What it lets pass depends on the capabilities of the container, and on nothing else: Linux 5.14, which we need, is
//! newer than all kernels that moby's profile makes a difference for. `tests/engine/seccomp.rs` compares it with moby's
//! and podman's, call by call.

use oci::seccomp::{Action, Argument, Operator, Seccomp, Syscalls};

use super::calls;

/// Calls that take a capability, one of these. Source: moby/profiles, `seccomp/default_linux.go`.
const WITH: [(&[&str], &str); 14] = [
    (&["CAP_DAC_READ_SEARCH"], "open_by_handle_at"),
    (
        &["CAP_SYS_ADMIN"],
        "clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules \
         lsm_set_self_attr mount mount_setattr move_mount open_tree quotactl quotactl_fd setdomainname sethostname setns \
         umount umount2 unshare",
    ),
    (&["CAP_SYS_ADMIN", "CAP_BPF"], "bpf"),
    (&["CAP_SYS_ADMIN", "CAP_PERFMON"], "perf_event_open"),
    (&["CAP_SYS_ADMIN", "CAP_SYSLOG"], "syslog"),
    (&["CAP_SYS_BOOT"], "reboot"),
    (&["CAP_SYS_CHROOT"], "chroot"),
    (&["CAP_SYS_MODULE"], "delete_module finit_module init_module"),
    (&["CAP_SYS_PACCT"], "acct"),
    (&["CAP_SYS_PTRACE"], "kcmp pidfd_getfd process_madvise"),
    (&["CAP_SYS_RAWIO"], "ioperm iopl"),
    (&["CAP_SYS_TIME"], "clock_settime clock_settime64 settimeofday stime"),
    (&["CAP_SYS_TTY_CONFIG"], "vhangup"),
    (&["CAP_SYS_NICE"], "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
];

/// `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`. That of time is part of a signal here.
const NEW_NAMESPACES: u64 = 0x7e02_0000;

/// `PER_LINUX`, `PER_LINUX32`, both with `UNAME26`, and "which is it?". Source: personality(2).
const PERSONALITIES: [u64; 5] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Families of sockets, as blocks of a first one and how many: a power of two, at a multiple of itself.
///
/// Those that moby lets pass. Not among them: what the kernel no longer has (12, 19, 20, 23, 25, 34, 37); `AF_ALG` (38),
/// by which files in memory could be changed (CVE-2026-31431); `AF_VSOCK` (40), which knows no network namespaces. The
/// `socketcall` of 32-bit programs hides its arguments, and Go's cannot do without: there all families can be had.
const FAMILIES: [(u64, u64); 18] = [
    (0, 8),
    (8, 4),
    (13, 1),
    (14, 2),
    (16, 2),
    (18, 1),
    (21, 1),
    (22, 1),
    (24, 1),
    (26, 2),
    (28, 4),
    (32, 2),
    (35, 1),
    (36, 1),
    (39, 1),
    (41, 1),
    (42, 2),
    (44, 2),
];

/// An `int` has 32 bits: the kernel does not look at the others of its register, and so we do not.
const INT: u64 = 0xffff_ffff;

/// `EPERM` and `ENOSYS`.
const FORBIDDEN: u32 = 1;
const UNKNOWN: u32 = 38;

/// The filter for a container that can have these capabilities.
pub fn builtin(capabilities: &[String]) -> Seccomp {
    let has = |wanted: &&str| capabilities.iter().any(|name| name == wanted);
    let granted = WITH.iter().filter(|(any, _)| any.iter().any(has));
    let names = calls::any().chain(granted.flat_map(|(_, calls)| calls.split_whitespace()));
    let mut syscalls = vec![allow(names.map(String::from).collect(), None)];
    if !has(&"CAP_SYS_ADMIN") {
        syscalls.push(allow(vec!["clone".into()], Some(masked(NEW_NAMESPACES, 0))));
        // Its flags are in memory. The C library then takes the one whose flags can be seen.
        let clone3 = Syscalls {
            action: Action::Errno,
            errno_ret: Some(UNKNOWN),
            ..allow(vec!["clone3".into()], None)
        };
        syscalls.push(clone3);
    }
    let persona = |value| Argument { index: 0, value, value_two: 0, operator: Operator::Equal };
    syscalls.extend(PERSONALITIES.map(|value| allow(vec!["personality".into()], Some(persona(value)))));
    let family = |(first, count): (u64, u64)| masked(INT & !(count - 1), first);
    syscalls.extend(FAMILIES.map(|block| allow(vec!["socket".into()], Some(family(block)))));
    Seccomp {
        default_action: Action::Errno,
        default_errno_ret: Some(FORBIDDEN),
        architectures: ARCHITECTURES.map(String::from).to_vec(),
        flags: None,
        listener_path: String::new(),
        listener_metadata: String::new(),
        syscalls,
    }
}

/// Those whose programs can run on a machine of ours. Those of other machines are void.
const ARCHITECTURES: [&str; 4] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_ARM"];

fn allow(names: Vec<String>, condition: Option<Argument>) -> Syscalls {
    Syscalls { names, action: Action::Allow, errno_ret: None, args: condition.into_iter().collect() }
}

fn masked(mask: u64, rest: u64) -> Argument {
    Argument { index: 0, value: mask, value_two: rest, operator: Operator::MaskedEqual }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(profile: &Seccomp, name: &str) -> usize {
        profile.syscalls.iter().filter(|group| group.names.iter().any(|one| one == name)).count()
    }

    #[test]
    fn capabilities_decide() {
        let plain = builtin(&[]);
        for call in ["mount", "bpf", "reboot", "chroot", "unshare", "keyctl", "io_uring_setup", "userfaultfd"]
        {
            assert_eq!(named(&plain, call), 0, "{call}");
        }
        let all: Vec<_> = plan::all_capabilities().collect();
        let admin = builtin(&all);
        for call in ["mount", "bpf", "reboot", "chroot", "unshare", "clone3"] {
            assert_eq!(named(&admin, call), 1, "{call}");
        }
        assert_eq!(named(&admin, "keyctl"), 0);
        assert_eq!(named(&builtin(&["CAP_BPF".into()]), "bpf"), 1);
    }

    #[test]
    fn no_socket_family_but_those_of_the_blocks() {
        let is_allowed = |family: u64| {
            let of = builtin(&[]).syscalls.into_iter().filter(|group| group.names == ["socket"]);
            of.flat_map(|group| group.args).any(|one| family & one.value == one.value_two)
        };
        let denied = [12, 19, 20, 23, 25, 34, 37, 38, 40];
        for family in 0..64 {
            assert_eq!(is_allowed(family), family < 46 && !denied.contains(&family), "{family}");
        }
        // The kernel sees an `int`: what is above it neither opens nor shuts.
        let dirty = |family: u64| (1 << 32) + family;
        assert!(is_allowed(dirty(2)) && !is_allowed(dirty(38)));
    }

    #[test]
    fn every_name_is_known_to_the_compiler() {
        for capabilities in [Vec::new(), plan::all_capabilities().collect()] {
            let (filter, unknown) =
                seccomp::compile(&builtin(&capabilities), seccomp::Arch::native()).unwrap();
            assert!(filter.is_some() && unknown.is_empty(), "{unknown:?}");
        }
    }
}
