//! What a program finds around it: groups, variables, settings of the kernel, an init.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use oci::{Mount, Personality};
use serde::{Deserialize, Serialize};

use crate::mounts::mount;

/// Where the init is, in the container. Source: moby, `daemon/oci_linux.go`.
const INIT: &str = "/sbin/docker-init";

/// What a program finds around it; nothing means the usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Surroundings {
    /// Groups on top of the user's: names of the container's `/etc/group`, or numbers.
    pub groups: Vec<String>,
    /// It has none of the image's variables.
    pub unset_all: bool,
    /// Settings of the kernel, of its own namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// Annotations of its config.
    pub annotations: BTreeMap<String, String>,
    /// Domain name.
    pub domainname: Option<String>,
    /// Its first process is an init, which buries the dead and passes signals on: this program of the machine.
    pub init: Option<PathBuf>,
    /// Time zone: `local`, or a name.
    pub tz: Option<String>,
    /// Mode bits that new files do not get.
    pub umask: Option<u32>,
    /// How gladly the kernel kills it when memory is short.
    pub oom_score_adj: Option<i32>,
    /// What the program takes the kernel for: `LINUX32`.
    pub personality: Option<String>,
    /// The group of resctrl that it is in.
    pub rdt_class: Option<String>,
    /// The cgroup that its own is made in.
    pub cgroup_parent: Option<String>,
    /// Bytes of `/dev/shm`.
    pub shm_size: Option<i64>,
}

impl Surroundings {
    /// `--sysctl NAME=VALUE`, in docker's words. What belongs to no namespace is refused when the container is planned.
    pub fn sysctl(text: &str) -> Result<(String, String)> {
        let wrong = || Fault::invalid("--sysctl", format!("sysctl '{text}' is not allowed"));
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        if !["net.", "net/", "kernel.", "kernel/", "fs.mqueue.", "fs/mqueue/"]
            .iter()
            .any(|one| name.starts_with(one))
        {
            return Err(wrong().hint("settings of a container's own namespaces: net.*, kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*"));
        }
        Ok((name.to_string(), value.to_string()))
    }

    /// `--umask`, which is octal.
    pub fn umask(text: &str) -> Result<u32> {
        let number = u32::from_str_radix(text, 8).ok().filter(|mask| *mask <= 0o777);
        number.ok_or_else(|| {
            Fault::invalid("--umask", format!("invalid umask {text}")).hint("octal, as in 0022")
        })
    }

    /// `--oom-score-adj`.
    pub fn oom_score(value: i32) -> Result<i32> {
        if (-1000..=1000).contains(&value) {
            return Ok(value);
        }
        let why = format!("Invalid value {value}, range for oom score adj is [-1000, 1000]");
        Err(Fault::invalid("--oom-score-adj", why))
    }

    /// The init of this machine, where docker or podman keeps it. All of these are static programs.
    pub fn find_init() -> Result<PathBuf> {
        const PLACES: [&str; 7] = [
            "/usr/bin/docker-init",
            "/usr/libexec/docker/docker-init",
            "/usr/local/bin/docker-init",
            "/usr/bin/tini-static",
            "/usr/bin/catatonit",
            "/usr/libexec/podman/catatonit",
            "/usr/lib/podman/catatonit",
        ];
        let there = PLACES.iter().find_map(|path| std::fs::canonicalize(path).ok());
        there.ok_or_else(|| {
            Fault::new(Kind::NotFound, "use `--init`")
                .because("exec: \"docker-init\": executable file not found in $PATH")
                .hint("install one: `apt-get install tini`, or catatonit")
        })
    }

    /// Mounts that come with it.
    pub(crate) fn mounts(&self) -> Result<Vec<Mount>> {
        let bind = |at: &str, from: &Path| mount(at, "bind", &from.display().to_string(), "bind,ro,rprivate");
        let mut mounts: Vec<_> = self.init.iter().map(|init| bind(INIT, init)).collect();
        if let Some(tz) = &self.tz {
            mounts.push(bind("/etc/localtime", &zone(tz)?));
        }
        Ok(mounts)
    }

    /// The program and its arguments, with the init in front.
    pub(crate) fn args(&self, args: Vec<String>) -> Vec<String> {
        if self.init.is_none() {
            return args;
        }
        [INIT, "--"].into_iter().map(String::from).chain(args).collect()
    }

    /// What the program takes the kernel for.
    pub(crate) fn personality(&self) -> Option<Personality> {
        let domain = self.personality.as_ref()?.trim_start_matches("PER_").to_ascii_uppercase();
        Some(Personality { domain, ..Personality::default() })
    }
}

/// The file of a time zone.
fn zone(name: &str) -> Result<PathBuf> {
    if name == "local" {
        return Ok(PathBuf::from("/etc/localtime"));
    }
    let path = Path::new("/usr/share/zoneinfo").join(name);
    let inside = !name.starts_with('/') && !name.split('/').any(|part| part == "..");
    if inside && path.is_file() {
        return Ok(path);
    }
    Err(Fault::invalid("--tz", format!("unable to find timezone `{name}`"))
        .hint("names are those of /usr/share/zoneinfo: Europe/Berlin; or `local`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(Surroundings::sysctl("net.core.somaxconn=5").unwrap().1, "5");
        for bad in ["vm.swappiness=1", "net.core.somaxconn", "x"] {
            let refused = Surroundings::sysctl(bad).unwrap_err().to_string();
            assert!(refused.contains(&format!("sysctl '{bad}' is not allowed")), "{refused}");
        }
        assert_eq!(Surroundings::umask("0077").unwrap(), 0o77);
        assert!(Surroundings::umask("8").is_err() && Surroundings::umask("1777").is_err());
        assert!(Surroundings::oom_score(1001).unwrap_err().to_string().contains("[-1000, 1000]"));
        assert!(zone("../etc/passwd").is_err() && zone("/etc/passwd").is_err());
    }
}
