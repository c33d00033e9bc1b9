//! Profiles to compare by.

use oci::seccomp::{Action, Argument, Operator, Seccomp, Syscalls};
use serde_json::Value;

/// The capabilities that docker gives without being asked.
const DOCKERS: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// The profile that podman and buildah install, which docker's is the older brother of, for docker's default
/// capabilities on x86_64: what an engine writes into a config.
pub(crate) fn of_podman() -> Seccomp {
    let text = std::fs::read_to_string("/usr/share/containers/seccomp.json")
        .expect("it needs podman: `make packages`");
    let mut profile: Value = serde_json::from_str(&text).expect("JSON");
    let groups = profile["syscalls"].as_array().expect("a list").iter().filter(|group| {
        let any = |which: &str, kind: &str, has: &dyn Fn(&str) -> bool| {
            let list = group[which][kind].as_array();
            list.map(|list| list.iter().any(|one| has(one.as_str().expect("a name"))))
        };
        let cap = |name: &str| DOCKERS.contains(&name);
        let arch = |name: &str| matches!(name, "amd64" | "x86" | "x32");
        any("includes", "caps", &cap) != Some(false)
            && any("includes", "arches", &arch) != Some(false)
            && any("excludes", "caps", &cap) != Some(true)
            && any("excludes", "arches", &arch) != Some(true)
    });
    let groups: Vec<Value> = groups.cloned().collect();
    profile["syscalls"] = groups.into();
    profile["architectures"] = serde_json::json!(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]);
    serde_json::from_value(profile).expect("a profile")
}

const OPERATORS: [Operator; 7] = [
    Operator::NotEqual,
    Operator::Less,
    Operator::LessEqual,
    Operator::Equal,
    Operator::GreaterEqual,
    Operator::Greater,
    Operator::MaskedEqual,
];

fn profile(default: Action, syscalls: Vec<Syscalls>) -> Seccomp {
    Seccomp {
        default_action: default,
        default_errno_ret: None,
        architectures: vec!["SCMP_ARCH_X32".into()],
        flags: None,
        listener_path: String::new(),
        listener_metadata: String::new(),
        syscalls,
    }
}

fn call(name: &str, action: Action, args: Vec<Argument>) -> Syscalls {
    Syscalls { names: vec![name.to_string()], action, errno_ret: None, args }
}

/// The same for some calls, by names without what all of them have in front.
pub(crate) fn about(default: &str, verdict: &str, names: &[&str]) -> Seccomp {
    let action = |name: &str| format!("SCMP_ACT_{name}");
    let rules = serde_json::json!([{ "names": names, "action": action(verdict) }]);
    let json = serde_json::json!({
        "defaultAction": action(default), "syscalls": rules, "architectures": ["SCMP_ARCH_X86"],
    });
    serde_json::from_value(json).expect("a profile")
}

/// Each operator, on values at which halves of 32 bits meet, alone and two together.
pub(crate) fn operators() -> Vec<Seccomp> {
    let values = [0, 1, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, u64::MAX - 1, u64::MAX];
    let mut all = Vec::new();
    for operator in OPERATORS {
        for value in values {
            for value_two in if operator == Operator::MaskedEqual { &values[..] } else { &values[..1] } {
                let one = Argument { index: 2, value, value_two: *value_two, operator };
                let other = Argument { index: 4, value: 7, value_two: 0, operator: Operator::LessEqual };
                all.push(profile(Action::Errno, vec![call("read", Action::Allow, vec![one.clone()])]));
                all.push(profile(Action::Allow, vec![call("mmap", Action::Trap, vec![one, other])]));
            }
        }
    }
    all
}

/// A small generator with a seed: the same profiles on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let sides = u64::try_from(from.len()).expect("a short list");
        from[usize::try_from(self.roll(sides)).expect("below its length")]
    }
}

/// Some calls, each with one action: which of two rules wins that both fit and say different things, no
/// specification says, and libseccomp decides by how its tree came to be.
/// At most `most` rules for each.
pub(crate) fn random(seed: u64, most: u64) -> Seccomp {
    const NAMES: [&str; 24] = [
        "read",
        "write",
        "openat",
        "mmap",
        "clone",
        "execve",
        "personality",
        "ioctl",
        "prctl",
        "mkdir",
        "kill",
        "setuid",
        "chmod",
        "unshare",
        "futex",
        "epoll_wait",
        "clone3",
        "openat2",
        "memfd_create",
        "getpid",
        "dup3",
        "statx",
        "ptrace",
        "bpf",
    ];
    let mut dice = Dice(seed);
    let default = dice.pick(&[Action::Errno, Action::Allow, Action::KillProcess, Action::Log, Action::Trap]);
    let mut syscalls = Vec::new();
    for name in NAMES {
        let action = dice.pick(&[
            Action::Allow,
            Action::Errno,
            Action::Kill,
            Action::Trap,
            Action::Log,
            Action::Trace,
        ]);
        for _ in 0..dice.roll(most + 1) {
            let arguments = u32::try_from(dice.roll(3)).expect("below 3");
            let args = (0..arguments).map(|index| {
                let value = dice.pick(&[0, 1, 2, 255, 0x7e02_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX]);
                let value_two = dice.pick(&[0, 1, 0x0002_0000, 0x1_0000_0000]);
                let index = if most > 1 { dice.pick(&[0, 1]) } else { index };
                Argument { index, value, value_two, operator: dice.pick(&OPERATORS) }
            });
            syscalls.push(call(name, action, args.collect()));
        }
    }
    profile(default, syscalls)
}
