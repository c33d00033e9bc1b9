//! Names and settings of the container's own namespaces.

use std::ffi::CString;
use std::fs;

use fault::{Doing, Result};
use plan::Side;

use super::Hands;

impl Hands<'_> {
    /// By proc, as `net/ipv4/ip_forward` and the like.
    pub(super) fn set_sysctl(&mut self, key: &str, value: &str) -> Result<()> {
        let path = format!("sys/{}", plan::sysctl_path(key));
        let field = format!("use `linux.sysctl[{key}]`");
        self.proc()?.write(&path, value).doing(|| field).map_err(|fault| match fault.errno() {
            Some(2) => fault.hint("this kernel has no such setting, or not in this namespace"),
            _ => fault,
        })
    }

    /// Of ourselves, or of the child, whose user namespace would not let it.
    pub(super) fn set_oom_score(&mut self, value: i32, side: Side) -> Result<()> {
        let value = value.to_string();
        let written = match side {
            // Before there is a child it is our own, which the child inherits.
            Side::Host if self.pid == 0 => fs::write("/proc/self/oom_score_adj", value),
            Side::Host => fs::write(format!("/proc/{}/oom_score_adj", self.pid), value),
            Side::Child => self.proc()?.write("self/oom_score_adj", &value),
        };
        written.doing(|| "use `process.oomScoreAdj`").map_err(|fault| match fault.errno() {
            Some(13) => fault.hint("lowering it needs CAP_SYS_RESOURCE, which we do not have"),
            _ => fault,
        })
    }
}

impl Hands<'_> {
    /// Takes effect when the program is executed. Without AppArmor a program never runs unconfined that was to be
    /// confined.
    ///
    /// Source: <https://docs.kernel.org/admin-guide/LSM/index.html>, `/proc/PID/attr`.
    pub(super) fn set_profile(&mut self, name: &str) -> Result<()> {
        let proc = self.proc()?;
        let line = format!("exec {name}");
        let written = match proc.write("thread-self/attr/apparmor/exec", &line) {
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => {
                proc.write("thread-self/attr/exec", &line)
            }
            written => written,
        };
        written.doing(|| format!("use `process.apparmorProfile` `{name}`")).map_err(|fault| {
            match fault.errno() {
                // Linux has the file without it, and takes nothing.
                Some(2) if has_apparmor() => fault.hint("load it first: `apparmor_parser -r FILE`"),
                Some(2 | 22) => fault.because("AppArmor is not enabled on this machine"),
                _ => fault,
            }
        })
    }
}

fn has_apparmor() -> bool {
    fs::exists("/sys/module/apparmor").unwrap_or(false)
}

pub(super) fn set_hostname(name: &str) -> Result<()> {
    rustix::system::sethostname(name.as_bytes()).doing(|| "use `hostname`")
}

pub(super) fn set_domainname(name: &str) -> Result<()> {
    rustix::system::setdomainname(name.as_bytes()).doing(|| "use `domainname`")
}

/// A kernel without keyrings has none to hide.
pub(super) fn new_keyring(name: &str) -> Result<()> {
    let text = CString::new(name).map_err(std::io::Error::from).doing(|| "name a keyring")?;
    match sys::keyring::join_new_session(&text) {
        Err(err) if err.raw_os_error() == Some(38) => Ok(()),
        other => other.doing(|| "join a new session keyring").map_err(|fault| match fault.errno() {
            Some(122) => fault.hint(
                "too many keys: see /proc/key-users, and sysctl kernel.keys.maxkeys; or --no-new-keyring",
            ),
            _ => fault,
        }),
    }
}
