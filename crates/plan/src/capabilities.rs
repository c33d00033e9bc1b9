//! Capabilities by name and number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A capability, by the kernel's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability(pub u8);

/// In the order of their numbers. Source: capabilities(7), `linux/capability.h`.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// All names, with `CAP_` in front, in the order of their numbers.
pub fn all() -> impl Iterator<Item = String> {
    NAMES.iter().map(|name| format!("CAP_{name}"))
}

/// The capability of this name, with or without `CAP_`, in capitals or not.
pub fn number(name: &str) -> Option<Capability> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("CAP_").unwrap_or(&name);
    NAMES.iter().position(|known| *known == name).and_then(|at| u8::try_from(at).ok()).map(Capability)
}

/// The name, with `CAP_` in front.
pub fn name(capability: Capability) -> String {
    NAMES.get(usize::from(capability.0)).map_or("CAP_?".to_string(), |name| format!("CAP_{name}"))
}

/// The five sets, a bit for each number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sets {
    /// What a program may ever get.
    pub bounding: u64,
    /// What the kernel checks.
    pub effective: u64,
    /// What execve(2) keeps where the file allows it.
    pub inheritable: u64,
    /// What may become effective.
    pub permitted: u64,
    /// What an ordinary user keeps across execve(2).
    pub ambient: u64,
}

impl Sets {
    /// The sets asked for, without what cannot be granted; the names of those, and of the unknown ones.
    pub(crate) fn grant(asked: &oci::Capabilities, grantable: u64) -> (Sets, Vec<String>) {
        let mut left_out = Vec::new();
        let mut set = |names: &[String]| {
            let mut bits = 0;
            for asked in names {
                match number(asked).filter(|_| asked.starts_with("CAP_")) {
                    Some(Capability(at)) if grantable & (1 << at) != 0 => bits |= 1 << at,
                    _ if left_out.contains(asked) => {}
                    _ => left_out.push(asked.clone()),
                }
            }
            bits
        };
        let (bounding, effective) = (set(&asked.bounding), set(&asked.effective));
        let (inheritable, permitted) = (set(&asked.inheritable), set(&asked.permitted));
        let ambient = set(&asked.ambient);
        // The kernel refuses an effective one that is not permitted, and an ambient one that is not both
        // permitted and inheritable; runc leaves those out as well.
        let effective = effective & permitted;
        (
            Sets { bounding, effective, inheritable, permitted, ambient: ambient & permitted & inheritable },
            left_out,
        )
    }
}

impl fmt::Display for Sets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.permitted.count_ones() {
            0 => f.write_str("none"),
            1 => f.write_str("1 capability"),
            count => write!(f, "{count} capabilities"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_granted_is_left_out_and_named() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let asked = oci::Capabilities {
            bounding: names(&["CAP_KILL", "CAP_SYS_RESOURCE", "CAP_NOPE", "kill"]),
            permitted: names(&["CAP_KILL", "CAP_SYS_RESOURCE"]),
            effective: names(&["CAP_KILL", "CAP_CHOWN"]),
            ambient: names(&["CAP_KILL"]),
            ..Default::default()
        };
        let (sets, left_out) = Sets::grant(&asked, !(1 << 24));
        assert_eq!(
            (sets.bounding, sets.permitted, sets.effective, sets.ambient),
            (1 << 5, 1 << 5, 1 << 5, 0)
        );
        assert_eq!(left_out, ["CAP_SYS_RESOURCE", "CAP_NOPE", "kill"]);
    }

    #[test]
    fn names_and_numbers_agree_with_the_kernel() {
        assert_eq!(
            ["CAP_CHOWN", "sys_admin", "CAP_CHECKPOINT_RESTORE"].map(|name| number(name).unwrap().0),
            [0, 21, 40]
        );
        assert_eq!(name(Capability(24)), "CAP_SYS_RESOURCE");
    }
}
