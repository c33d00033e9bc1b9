//! Labels of SELinux.

use std::path::Path;

use fault::{Doing, Result};
use rustix::fs::{OFlags, XattrFlags, fsetxattr};

use super::Hands;
use crate::rootfs::Links;

impl Hands<'_> {
    /// Takes effect when the program is executed, or for the next keyring. A label that the policy does not
    /// have, or does not let us give, is an error: a program never runs with another one.
    ///
    /// Source: <https://docs.kernel.org/admin-guide/LSM/index.html>, `/proc/PID/attr`.
    pub(super) fn set_label(&mut self, label: &str, keyring: bool) -> Result<()> {
        let file = if keyring { "thread-self/attr/keycreate" } else { "thread-self/attr/exec" };
        let written = self.proc()?.write(file, label);
        written.doing(|| format!("use `process.selinuxLabel` `{label}`")).map_err(|fault| {
            match fault.errno() {
                Some(22) => fault.hint("the policy of this machine has no such label: `seinfo -t`"),
                Some(13) => fault.hint("the policy does not let us give it: `ausearch -m avc`"),
                _ => fault,
            }
        })
    }

    /// Labels the root folder of a mount.
    pub(super) fn label_mount(&self, path: &Path, label: &str) -> Result<()> {
        let doing = || format!("use `linux.mountLabel` for `{}`", path.display());
        let folder =
            self.root()?.open(path, OFlags::RDONLY | OFlags::DIRECTORY, Links::Refuse).doing(doing)?;
        fsetxattr(&folder, "security.selinux", label.as_bytes(), XattrFlags::empty()).doing(doing)
    }
}
