//! The folder of one bench: bundles, state folders, the floor.
//!
//! ```text
//! /tmp/nagaya-bench-PID/
//!   rootfs/          BusyBox
//!   plain/           config.json from `spec`, with a program that does nothing
//!   docker-N/        the same as docker makes it: its capabilities, and a profile of system calls
//!   sleeping-PEER/   the same with a program that sleeps, for `exec`
//!   floor            floor.c, compiled
//!   state-PEER/      --root of each runtime
//!   stderr, pid, time, strace    of the last start
//! ```

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::Result;
use bench::UNIFIED;
use bench::programs::in_path;
use serde_json::{Value, json};

use crate::peers::RUNTIMES;

/// Containers that are there at the same time.
pub(crate) const MANY: usize = 200;

/// The folder of one bench. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
}

impl Place {
    /// Makes the folder and the bundle in it.
    pub(crate) fn new() -> Result<Place> {
        let path = std::env::temp_dir().join(format!("nagaya-bench-{}", std::process::id()));
        let place = Place { path };
        place.make_rootfs().map_err(|err| format!("cannot make a root folder of BusyBox: {err}"))?;
        Ok(place)
    }

    /// A path in the folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn make_rootfs(&self) -> std::io::Result<()> {
        for folder in ["bin", "dev", "proc", "sys", "tmp"] {
            fs::create_dir_all(self.at("rootfs").join(folder))?;
        }
        let bin = self.at("rootfs/bin");
        fs::copy(in_path("busybox").unwrap_or("/bin/busybox".into()), bin.join("busybox"))?;
        symlink("busybox", bin.join("sleep"))?;
        symlink("busybox", bin.join("true"))
    }

    /// Writes the bundles: config.json as `runtime spec` has it, with what the bench needs on top.
    pub(crate) fn make_bundles(&self, runtime: &Path) -> Result<()> {
        run(Command::new(runtime).arg("spec").current_dir(&self.path))?;
        let text = fs::read_to_string(self.at("config.json")).map_err(|err| err.to_string())?;
        let mut config: Value = serde_json::from_str(&text).map_err(|err| err.to_string())?;
        config["process"]["terminal"] = json!(false);
        config["process"]["args"] = json!(["/bin/true"]);
        config["root"]["path"] = json!(self.at("rootfs"));
        config["linux"]["namespaces"] = ["mount", "pid", "uts", "ipc", "network", "cgroup"]
            .map(|name| json!({ "type": name }))
            .as_slice()
            .into();
        // bubblewrap and the floor have none.
        config["linux"].as_object_mut().and_then(|linux| linux.remove("seccomp"));
        self.write("plain", &mut config)?;
        if lab::profile().is_none() {
            return Err("there is no profile of system calls: it comes with podman".to_string());
        }
        lab::as_docker(&mut config);
        for number in 0..MANY {
            self.write(&format!("docker-{number}"), &mut config)?;
        }
        config["process"]["args"] = json!(["/bin/sleep", "1000"]);
        RUNTIMES.iter().try_for_each(|peer| self.write(&format!("sleeping-{peer}"), &mut config))
    }

    /// One bundle, with a cgroup of its own.
    fn write(&self, name: &str, config: &mut Value) -> Result<()> {
        config["linux"]["cgroupsPath"] = json!(format!("/{}-{name}", self.cgroup()));
        fs::create_dir_all(self.at(name)).map_err(|err| err.to_string())?;
        fs::write(self.at(name).join("config.json"), config.to_string()).map_err(|err| err.to_string())
    }

    /// Compiles `floor.c`.
    pub(crate) fn make_floor(&self) -> Result<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/floor.c");
        run(Command::new("gcc").args(["-O2", "-static", "-o"]).arg(self.at("floor")).arg(source))?;
        Ok(self.at("floor"))
    }

    /// What the name of every cgroup here begins with.
    fn cgroup(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Removes the cgroups that a runtime forgot, and returns their paths.
    pub(crate) fn remove_cgroups(&self) -> Vec<String> {
        let folders =
            |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let root = Path::new("/sys/fs/cgroup");
        let hierarchies = folders(root).chain([root.to_path_buf()]).filter(|path| path != Path::new(UNIFIED));
        let mine = self.cgroup();
        let is_mine =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&mine));
        hierarchies
            .flat_map(|hierarchy| folders(&hierarchy).filter(is_mine).collect::<Vec<_>>())
            .filter(|path| fs::remove_dir(path).is_ok() || path.exists())
            .map(|path| path.display().to_string())
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let out = command.output().map_err(|err| format!("cannot run `{program}`: {err}"))?;
    let said = String::from_utf8_lossy(&out.stderr).trim().to_string();
    if out.status.success() { Ok(()) } else { Err(format!("`{program}` failed: {said}")) }
}
