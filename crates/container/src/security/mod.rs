//! `--security-opt`: what holds a container's program back, and what of that is taken away.

mod builtin;
mod calls;
mod profile;

use std::fs;

use fault::{Fault, Result};
use oci::seccomp::Seccomp;
use serde::{Deserialize, Serialize};

use crate::Request;
use crate::machine::Machine;

pub use builtin::builtin;

/// What `--security-opt` said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Security {
    /// Which filter of system calls; nothing means the built-in one, and none with `--privileged`.
    pub seccomp: Option<Filter>,
    /// The `AppArmor` profile; nothing and `unconfined` mean the caller's.
    pub apparmor: Option<String>,
    /// Parts of the `SELinux` label, `type:container_t`, or `disable`.
    pub label: Vec<String>,
    /// Programs with the setuid bit or file capabilities gain nothing.
    pub no_new_privileges: bool,
    /// Nothing of `/proc` and `/sys` is masked or read-only.
    pub open_system_paths: bool,
    /// Paths that are masked as well.
    pub mask: Vec<String>,
    /// Paths that are not masked or read-only, or `ALL`.
    pub unmask: Vec<String>,
    /// The container's own cgroup can be written to.
    pub writable_cgroups: bool,
    /// Options of the mount of `/proc`: `hidepid=2`.
    pub proc_options: Vec<String>,
}

/// A filter of system calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// Ours.
    Builtin,
    /// None.
    Unconfined,
    /// The text of a profile.
    Profile(String),
}

impl Security {
    /// Reads what was typed, in Docker's words and podman's. A file that is named is read now.
    pub fn parse(typed: &[String]) -> Result<Security> {
        let mut security = Security::default();
        typed.iter().try_for_each(|option| security.take(option))?;
        Ok(security)
    }

    fn take(&mut self, option: &str) -> Result<()> {
        let wrong = || {
            let words = "seccomp=, apparmor=, label=, no-new-privileges, systempaths=unconfined, mask=, unmask=, \
                         writable-cgroups=, proc-opts=";
            Fault::invalid("--security-opt", format!("invalid --security-opt: {option:?}"))
                .hint(format!("there are {words}"))
        };
        // With a colon, as docker still takes it.
        let (name, value) = option.split_once('=').or_else(|| option.split_once(':')).unwrap_or((option, ""));
        let said = |value: &str| boolean(value).ok_or_else(wrong);
        match (name, value) {
            ("no-new-privileges", "") if name == option => self.no_new_privileges = true,
            ("disable", "") if name == option => self.label.push("disable".to_string()),
            (_, "") => return Err(wrong()),
            ("no-new-privileges", value) => self.no_new_privileges = said(value)?,
            ("writable-cgroups", value) => self.writable_cgroups = said(value)?,
            ("systempaths", "unconfined") => self.open_system_paths = true,
            ("seccomp", "unconfined") => self.seccomp = Some(Filter::Unconfined),
            ("seccomp", "builtin") => self.seccomp = Some(Filter::Builtin),
            ("seccomp", file) => self.seccomp = Some(Filter::Profile(read(file)?)),
            ("apparmor", profile) => self.apparmor = Some(profile.to_string()),
            ("label", part) => self.label.push(label(part)?),
            ("mask", paths) => self.mask.extend(self::paths(paths, false).ok_or_else(wrong)?),
            ("unmask", paths) => self.unmask.extend(self::paths(paths, true).ok_or_else(wrong)?),
            ("proc-opts", options) => self.proc_options.extend(options.split(',').map(String::from)),
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// The filter of a container with these capabilities.
    pub(crate) fn filter(
        request: &Request,
        capabilities: &[String],
        machine: &Machine,
    ) -> Result<Option<Seccomp>> {
        let facts = profile::Facts { capabilities, kernel: machine.kernel };
        Ok(match &request.security.seccomp {
            Some(Filter::Unconfined) => None,
            Some(Filter::Builtin) => Some(builtin(capabilities)),
            Some(Filter::Profile(text)) => Some(profile::resolve(text, &facts)?),
            None => (!request.privileged).then(|| builtin(capabilities)),
        })
    }

    /// Which of these paths stay covered, and `also`.
    pub(crate) fn covered(&self, usual: Vec<String>, also: &[String]) -> Vec<String> {
        let opened = |path: &String| {
            let given = |one: &String| one == "ALL" || one == path || path.starts_with(&format!("{one}/"));
            self.open_system_paths || self.unmask.iter().any(given)
        };
        let usual = usual.into_iter().filter(|path| !opened(path));
        usual.chain(also.iter().cloned()).collect()
    }

    /// The `AppArmor` profile; empty for the caller's.
    pub(crate) fn apparmor_profile(&self) -> String {
        self.apparmor.clone().filter(|name| name != "unconfined").unwrap_or_default()
    }

    /// The `SELinux` label of the program; empty if nothing was said.
    pub(crate) fn program_label(&self) -> String {
        if self.label.is_empty() || self.label.iter().any(|part| part == "disable") {
            return String::new();
        }
        let part = |name: &str, usual: &str| {
            let said = self.label.iter().rev().find_map(|part| part.strip_prefix(name)?.strip_prefix(':'));
            said.unwrap_or(usual).to_string()
        };
        let (user, role) = (part("user", "system_u"), part("role", "system_r"));
        format!("{user}:{role}:{}:{}", part("type", "container_t"), part("level", "s0"))
    }
}

/// Source: Go's `strconv.ParseBool`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The first two numbers of `uname -r`; old beyond all conditions if it has none.
pub(crate) fn kernel_version(release: &str) -> (u32, u32) {
    profile::version(release).unwrap_or_default()
}

fn read(file: &str) -> Result<String> {
    let wrong = |why: String| Fault::invalid("--security-opt seccomp", why);
    let text = fs::read_to_string(file)
        .map_err(|err| wrong(format!("opening seccomp profile ({file}) failed: {err}")))?;
    let json: serde_json::Value = serde_json::from_str(&text)
        .map_err(|err| wrong(format!("compacting json for seccomp profile ({file}) failed: {err}")))?;
    Ok(json.to_string())
}

fn label(part: &str) -> Result<String> {
    let named =
        |name: &str| part.strip_prefix(name).is_some_and(|rest| rest.len() > 1 && rest.starts_with(':'));
    if part == "disable" || ["user", "role", "type", "level", "filetype"].into_iter().any(named) {
        return Ok(part.to_string());
    }
    Err(Fault::invalid("--security-opt label", format!("Bad label option \"{part}\""))
        .hint("`disable`, or one of `user`, `role`, `type`, `level` and `filetype` with `:` and a value"))
}

fn paths(text: &str, all: bool) -> Option<Vec<String>> {
    let fits = |path: &&str| path.starts_with('/') || all && *path == "ALL";
    let paths: Vec<_> = text.split(':').collect();
    paths.iter().all(fits).then(|| paths.into_iter().map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[&str]) -> Result<Security> {
        Security::parse(&options.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn words() {
        assert!(parse(&["no-new-privileges"]).unwrap().no_new_privileges);
        assert!(parse(&["no-new-privileges:true"]).unwrap().no_new_privileges);
        assert!(!parse(&["no-new-privileges", "no-new-privileges=false"]).unwrap().no_new_privileges);
        assert_eq!(parse(&["seccomp:unconfined"]).unwrap().seccomp, Some(Filter::Unconfined));
        assert_eq!(parse(&["seccomp=builtin"]).unwrap().seccomp, Some(Filter::Builtin));
        assert!(parse(&["writable-cgroups=true"]).unwrap().writable_cgroups);
        assert_eq!(parse(&["proc-opts=hidepid=2,gid=5"]).unwrap().proc_options, ["hidepid=2", "gid=5"]);
        for bad in [
            "",
            "nope",
            "nope=1",
            "seccomp",
            "seccomp=",
            "no-new-privileges=maybe",
            "no-new-privileges=",
            "systempaths=all",
            "writable-cgroups",
            "mask=proc",
            "mask=ALL",
            "unmask=/a:b",
        ] {
            let refused = parse(&[bad]).unwrap_err().to_string();
            assert!(refused.contains(&format!("invalid --security-opt: {bad:?}")), "{refused}");
        }
        assert!(
            parse(&["seccomp=/nowhere"])
                .unwrap_err()
                .to_string()
                .contains("opening seccomp profile (/nowhere)")
        );
        assert!(parse(&["label=type"]).unwrap_err().to_string().contains("Bad label option"));
    }

    #[test]
    fn what_stays_covered() {
        let usual = || vec!["/proc/acpi".to_string(), "/proc/keys".to_string(), "/sys/firmware".to_string()];
        let left = |options: &[&str]| {
            let security = parse(options).unwrap();
            security.covered(usual(), &security.mask).join(" ")
        };
        assert_eq!(left(&[]), "/proc/acpi /proc/keys /sys/firmware");
        assert_eq!(left(&["mask=/proc/x:/y"]), "/proc/acpi /proc/keys /sys/firmware /proc/x /y");
        assert_eq!(left(&["unmask=/proc/keys"]), "/proc/acpi /sys/firmware");
        assert_eq!(left(&["unmask=/proc"]), "/sys/firmware");
        assert_eq!(left(&["unmask=ALL", "mask=/y"]), "/y");
        assert_eq!(left(&["systempaths=unconfined"]), "");
    }

    #[test]
    fn labels() {
        assert_eq!(parse(&[]).unwrap().program_label(), "");
        assert_eq!(parse(&["label=type:a_t", "label:disable"]).unwrap().program_label(), "");
        let some = parse(&["label=type:a_t", "label=level:s0:c1,c2"]).unwrap();
        assert_eq!(some.program_label(), "system_u:system_r:a_t:s0:c1,c2");
    }
}
