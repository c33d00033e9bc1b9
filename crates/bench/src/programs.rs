//! Where programs are, and how podman is called so that it keeps to itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use peers::traces;

use crate::{Result, UNIFIED};

/// podman asks for nothing that this machine may not give; and else it makes a cgroup for all of its containers on the
/// machine, and leaves it.
const PODMAN_RUN: &str =
    "--ulimit nofile=1024:1024 --ulimit nproc=100:100 --cgroup-parent /nagaya-bench-podman";
const PODMAN_CGROUP: &str = "nagaya-bench-podman";

/// Where a program is in PATH.
pub fn in_path(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or(format!("`{name}` is not installed"))
}

/// A program of ours: in `NAGAYA_BIN_DIR`, or the release build beside this bench (`target/TRIPLE/release/deps/BENCH-HASH`).
pub fn ours(name: &str) -> Result<PathBuf> {
    let bench = std::env::current_exe().map_err(|err| err.to_string())?;
    let built = || bench.ancestors().nth(3).unwrap_or(Path::new("/")).join("release");
    let path = std::env::var_os("NAGAYA_BIN_DIR").map_or_else(built, PathBuf::from).join(name);
    if path.is_file() { Ok(path) } else { Err(format!("`{}` is not built", path.display())) }
}

/// podman with all that it keeps in a folder.
pub fn podman(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (option, name) in [("--root", "root"), ("--runroot", "runroot"), ("--tmpdir", "tmp")] {
        command.arg(option).arg(folder.join(name));
    }
    command.args(["--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--events-backend", "file"]);
    command
}

/// What its `run` and `create` have to be told.
pub fn podman_run() -> impl Iterator<Item = &'static str> {
    PODMAN_RUN.split(' ')
}

/// Removes what podman leaves. What it took for the second version of cgroups is a folder in memory, and ours alone.
pub fn after_podman() {
    let cgroups = traces::cgroups(PODMAN_CGROUP).into_iter().filter(|path| !path.starts_with(UNIFIED));
    cgroups.for_each(|path| traces::remove_cgroup(&path));
}
