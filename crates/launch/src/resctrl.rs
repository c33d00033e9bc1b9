//! Groups of resctrl: shares of the processors' cache and of the bandwidth to memory.
//!
//! Source: <https://docs.kernel.org/filesystems/resctrl.html>

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use plan::{Group, Step};

/// `RDTGROUP_SUPER_MAGIC`.
const MAGIC: i64 = 0x0765_5821;

/// Where it is mounted, if it is.
pub(crate) fn mounted() -> Option<PathBuf> {
    let path = Path::new("/sys/fs/resctrl");
    is_resctrl(path).then(|| path.to_path_buf())
}

#[expect(clippy::unnecessary_cast, reason = "the field has another type on other architectures")]
fn is_resctrl(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|stat| stat.f_type as i64 == MAGIC)
}

/// The groups that these steps put the container into.
pub(crate) fn groups_of(steps: &[Step]) -> Vec<PathBuf> {
    let groups = steps.iter().find_map(|step| match step {
        Step::JoinResctrl { groups } => Some(groups.clone()),
        _ => None,
    });
    groups.unwrap_or_default()
}

/// Makes a group, or finds it.
pub(crate) fn make(path: &Path, how: Group) -> Result<()> {
    if how == Group::Existing {
        return if path.is_dir() { Ok(()) } else { Err(nobody_made(path)) };
    }
    match fs::create_dir(path) {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists && how == Group::Shared => Ok(()),
        made => told(made, path).doing(|| format!("make resctrl group `{}`", path.display())),
    }
}

fn nobody_made(path: &Path) -> Fault {
    Fault::new(Kind::NotFound, "use `linux.intelRdt.closID`")
        .because(format!(
            "there is no group `{}`, and nothing says which share it is to have",
            path.display()
        ))
        .hint("make it first, or set `linux.intelRdt.schemata`")
}

/// Sets the share of a group, a resource at a time: the kernel says then which of them it does not take.
pub(crate) fn write(path: &Path, lines: &[String], field: &str) -> Result<()> {
    for line in lines {
        let written = fs::write(path.join("schemata"), format!("{line}\n"));
        told(written, path).doing(|| format!("use `{field}`: write `{line}`"))?;
    }
    Ok(())
}

/// Puts a process into groups, the outer one first.
pub(crate) fn join(groups: &[PathBuf], pid: i32) -> Result<()> {
    for path in groups {
        let joined = fs::write(path.join("tasks"), pid.to_string());
        told(joined, path).doing(|| format!("join resctrl group `{}`", path.display()))?;
    }
    Ok(())
}

/// The kernel has more to say about a failure than a number.
fn told(done: io::Result<()>, path: &Path) -> io::Result<()> {
    done.map_err(|err| {
        let top = path.ancestors().find(|path| path.join("info").is_dir());
        let status = top.and_then(|top| fs::read_to_string(top.join("info/last_cmd_status")).ok());
        match status.as_deref().map(str::trim) {
            None | Some("" | "ok") => err,
            Some(status) => io::Error::new(err.kind(), status.to_string()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the files of resctrl that this needs. No kernel without such a processor has the real ones.
    fn folder(name: &str) -> PathBuf {
        let top = std::env::temp_dir().join(format!("nagaya-resctrl-{}-{name}", std::process::id()));
        fs::create_dir_all(top.join("info")).unwrap();
        top
    }

    #[test]
    fn a_named_group_without_a_share_must_be_there() {
        let top = folder("named");
        let gold = top.join("gold");
        let refused = make(&gold, Group::Existing).unwrap_err().sentence();
        assert!(refused.contains("`linux.intelRdt.closID`"), "{refused}");
        make(&gold, Group::Shared).unwrap();
        make(&gold, Group::Shared).unwrap();
        make(&gold, Group::Existing).unwrap();
        assert_eq!(make(&gold, Group::Own).unwrap_err().kind(), Kind::Exists);
        fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn what_the_kernel_says_of_a_failure_is_told() {
        let top = folder("told");
        fs::write(top.join("info/last_cmd_status"), "Mask f000 outside of 7ff\n").unwrap();
        let refused = write(&top.join("missing"), &["L3:0=f000".to_string()], "linux.intelRdt").unwrap_err();
        assert!(refused.sentence().contains("f000 outside of 7ff"), "{refused}");
        fs::write(top.join("info/last_cmd_status"), "ok\n").unwrap();
        let refused = join(&[top.join("missing")], 1).unwrap_err();
        assert!(refused.sentence().contains("no such file"), "{refused}");
        fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn an_ordinary_folder_is_no_resctrl() {
        assert!(!is_resctrl(Path::new("/")));
    }
}
