//! A profile of system calls from a file: moby's format, which is the specification's with conditions on top.

use fault::{Fault, Result};
use oci::seccomp::{Action, Argument, Seccomp, Syscalls};
use serde::Deserialize;

/// A whole file. Source: moby/profiles, `seccomp/seccomp.go`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    default_action: Action,
    #[serde(default)]
    default_errno_ret: Option<u32>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    arch_map: Option<Vec<ArchMap>>,
    #[serde(default)]
    flags: Option<Vec<String>>,
    #[serde(default)]
    listener_path: String,
    #[serde(default)]
    listener_metadata: String,
    #[serde(default)]
    syscalls: Option<Vec<Group>>,
}

/// An architecture, and those whose programs also run on it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchMap {
    architecture: String,
    #[serde(default)]
    sub_architectures: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    name: String,
    #[serde(default)]
    names: Option<Vec<String>>,
    action: Action,
    #[serde(default)]
    errno_ret: Option<u32>,
    #[serde(default)]
    args: Option<Vec<Argument>>,
    #[serde(default)]
    includes: Option<When>,
    #[serde(default)]
    excludes: Option<When>,
}

/// When a group is part of the profile.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct When {
    #[serde(default)]
    caps: Option<Vec<String>>,
    #[serde(default)]
    arches: Option<Vec<String>>,
    #[serde(default)]
    min_kernel: Option<String>,
}

/// What the container and the machine are.
pub(crate) struct Facts<'a> {
    /// Capabilities of the bounding set.
    pub(crate) capabilities: &'a [String],
    /// First two numbers of the kernel's version.
    pub(crate) kernel: (u32, u32),
}

/// The name of this architecture, as Go has it, and as the specification has it.
const NATIVE: (&str, &str) = if cfg!(target_arch = "aarch64") {
    ("arm64", "SCMP_ARCH_AARCH64")
} else if cfg!(target_arch = "riscv64") {
    ("riscv64", "SCMP_ARCH_RISCV64")
} else {
    ("amd64", "SCMP_ARCH_X86_64")
};

/// From the text of the file.
pub(crate) fn resolve(text: &str, facts: &Facts) -> Result<Seccomp> {
    let wrong = |why: String| Fault::invalid("--security-opt seccomp", why);
    let profile: Profile =
        serde_json::from_str(text).map_err(|err| wrong(format!("Decoding seccomp profile failed: {err}")))?;
    if profile.architectures.is_some() && profile.arch_map.is_some() {
        return Err(wrong(
            "'architectures' and 'archMap' were specified in the seccomp profile, use either 'architectures' or \
             'archMap'"
                .to_string(),
        ));
    }
    let mut syscalls = Vec::new();
    for group in profile.syscalls.unwrap_or_default() {
        let names = group.names.unwrap_or_default();
        if !group.name.is_empty() && !names.is_empty() {
            return Err(wrong(
                "'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'"
                    .to_string(),
            ));
        }
        let included = group.includes.unwrap_or_default().holds(facts, false).map_err(wrong)?;
        let excluded = group.excludes.unwrap_or_default().holds(facts, true).map_err(wrong)?;
        if !included || excluded {
            continue;
        }
        let names = if group.name.is_empty() { names } else { vec![group.name] };
        let args = group.args.unwrap_or_default();
        syscalls.push(Syscalls { names, action: group.action, errno_ret: group.errno_ret, args });
    }
    Ok(Seccomp {
        default_action: profile.default_action,
        default_errno_ret: profile.default_errno_ret,
        architectures: architectures(profile.architectures, profile.arch_map),
        flags: profile.flags,
        listener_path: profile.listener_path,
        listener_metadata: profile.listener_metadata,
        syscalls,
    })
}

fn architectures(listed: Option<Vec<String>>, map: Option<Vec<ArchMap>>) -> Vec<String> {
    let own = map.unwrap_or_default().into_iter().find(|entry| entry.architecture == NATIVE.1);
    let mapped = own.map(|own| {
        let others = own.sub_architectures.unwrap_or_default();
        [own.architecture].into_iter().chain(others).collect()
    });
    listed.or(mapped).unwrap_or_default()
}

impl When {
    /// Whether what it says holds. To be included all of it must; to be excluded, one of its capabilities or
    /// architectures is enough. As with moby.
    fn holds(&self, facts: &Facts, any: bool) -> std::result::Result<bool, String> {
        let caps = self.caps.as_deref().unwrap_or_default();
        let arches = self.arches.as_deref().unwrap_or_default();
        let has = |name: &String| facts.capabilities.contains(name);
        let here = arches.iter().any(|arch| arch == NATIVE.0);
        let new_enough = match self.min_kernel.as_deref() {
            Some(text) => {
                let least = version(text).ok_or_else(|| format!("invalid kernel version: {text}"))?;
                Some(facts.kernel >= least)
            }
            None => None,
        };
        if any {
            return Ok(caps.iter().any(has) || here || new_enough == Some(true));
        }
        Ok(caps.iter().all(has) && (arches.is_empty() || here) && new_enough != Some(false))
    }
}

/// `MAJOR.MINOR`.
pub(crate) fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                    {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
        "syscalls": [
            {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [], "comment": "", "includes": {}, "excludes": {}},
            {"name": "write", "action": "SCMP_ACT_ALLOW", "args": null},
            {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
            {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["s390_sthyi"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}}]}"#;

    fn names(capabilities: &[&str], kernel: (u32, u32)) -> Vec<String> {
        let capabilities: Vec<_> = capabilities.iter().map(ToString::to_string).collect();
        let profile = resolve(PROFILE, &Facts { capabilities: &capabilities, kernel }).unwrap();
        assert_eq!(profile.architectures.len(), 2);
        profile.syscalls.into_iter().flat_map(|group| group.names).collect()
    }

    #[test]
    fn conditions_of_groups() {
        assert_eq!(names(&[], (6, 1)), ["read", "write", "ptrace", "clone"]);
        assert_eq!(names(&["CAP_SYS_ADMIN"], (4, 4)), ["read", "write", "bpf"]);
    }

    #[test]
    fn contradictions_and_nonsense() {
        let facts = Facts { capabilities: &[], kernel: (6, 1) };
        for (bad, word) in [
            ("{}", "Decoding seccomp profile failed"),
            ("[", "Decoding seccomp profile failed"),
            (r#"{"defaultAction": "SCMP_ACT_NOPE"}"#, "SCMP_ACT_NOPE"),
            (r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": [], "archMap": []}"#, "use either"),
            (
                r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"name": "a", "names": ["b"], "action": "SCMP_ACT_LOG"}]}"#,
                "use either 'name' or 'names'",
            ),
            (
                r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"name": "a", "action": "SCMP_ACT_LOG", "includes": {"minKernel": "x"}}]}"#,
                "invalid kernel version",
            ),
        ] {
            assert!(resolve(bad, &facts).unwrap_err().to_string().contains(word), "{bad}");
        }
    }
}
