//! The folder of one bench: bundle, state folders, the floor.
//!
//! ```text
//! /tmp/nagaya-bench-PID/
//!   config.json    from `spec`, with a program that does nothing
//!   rootfs/        BusyBox
//!   filtered/      the same with docker's capabilities and a profile of system calls
//!   sleeping/      the same, for `exec`
//!   floor          floor.c, compiled
//!   state-PEER/    --root of each runtime
//!   stderr, pid, time, strace    of the last start
//! ```

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::Result;
use crate::machine::UNIFIED;

/// The profile that podman and buildah install: docker's, a little older.
const PROFILE: &str = "/usr/share/containers/seccomp.json";

/// The capabilities that docker gives without being asked.
const DOCKERS: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

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

    /// The bundle.
    pub(crate) fn bundle(&self) -> &Path {
        &self.path
    }

    fn make_rootfs(&self) -> std::io::Result<()> {
        for folder in ["bin", "dev", "proc", "sys", "tmp"] {
            fs::create_dir_all(self.at("rootfs").join(folder))?;
        }
        let bin = self.at("rootfs/bin");
        fs::copy(crate::peers::in_path("busybox").unwrap_or("/bin/busybox".into()), bin.join("busybox"))?;
        symlink("busybox", bin.join("sleep"))?;
        symlink("busybox", bin.join("true"))
    }

    /// Writes config.json as `runtime spec` has it, with what the bench needs on top.
    pub(crate) fn make_config(&self, runtime: &Path) -> Result<()> {
        run(Command::new(runtime).arg("spec").current_dir(&self.path))?;
        let text = fs::read_to_string(self.at("config.json")).map_err(|err| err.to_string())?;
        let mut config: Value = serde_json::from_str(&text).map_err(|err| err.to_string())?;
        config["process"]["terminal"] = json!(false);
        config["process"]["args"] = json!(["/bin/true"]);
        config["linux"]["cgroupsPath"] = json!(Path::new("/").join(self.cgroup()));
        config["linux"]["namespaces"] = ["mount", "pid", "uts", "ipc", "network", "cgroup"]
            .map(|name| json!({ "type": name }))
            .as_slice()
            .into();
        // bubblewrap and the floor have none.
        config["linux"].as_object_mut().and_then(|linux| linux.remove("seccomp"));
        fs::write(self.at("config.json"), config.to_string()).map_err(|err| err.to_string())?;
        self.make_filtered(config)
    }

    /// The same bundle as an engine makes it: with docker's capabilities, and a profile of system calls.
    fn make_filtered(&self, mut config: Value) -> Result<()> {
        let Ok(profile) = fs::read_to_string(PROFILE) else { return Ok(()) };
        let mut profile: Value = serde_json::from_str(&profile).map_err(|err| err.to_string())?;
        let groups = profile["syscalls"].as_array_mut().ok_or("no calls in the profile")?;
        // What an engine leaves out: groups for capabilities that the container does not have, and for machines that
        // this is not.
        let here = |group: &Value| {
            let archs = group["includes"]["arches"].as_array();
            let this = |arch: &Value| matches!(arch.as_str(), Some("amd64" | "x86" | "x32"));
            group["includes"]["caps"].is_null() && archs.is_none_or(|list| list.iter().any(this))
        };
        groups.retain(here);
        for group in groups {
            for key in ["includes", "excludes", "comment", "errno"] {
                group.as_object_mut().and_then(|group| group.remove(key));
            }
        }
        profile["architectures"] = json!(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]);
        for key in ["archMap", "defaultErrno"] {
            profile.as_object_mut().and_then(|profile| profile.remove(key));
        }
        config["linux"]["seccomp"] = profile;
        config["process"]["noNewPrivileges"] = json!(false);
        for set in ["bounding", "effective", "permitted"] {
            config["process"]["capabilities"][set] =
                DOCKERS.map(|name| format!("CAP_{name}")).as_slice().into();
        }
        config["root"]["path"] = json!(self.at("rootfs"));
        for (name, args) in [("filtered", ["/bin/true", ""]), ("sleeping", ["/bin/sleep", "1000"])] {
            let args: Vec<_> = args.iter().filter(|arg| !arg.is_empty()).collect();
            config["process"]["args"] = json!(args);
            fs::create_dir_all(self.at(name)).map_err(|err| err.to_string())?;
            fs::write(self.at(name).join("config.json"), config.to_string())
                .map_err(|err| err.to_string())?;
            // Those that sleep are there all the time.
            config["linux"].as_object_mut().and_then(|linux| linux.remove("cgroupsPath"));
        }
        Ok(())
    }

    /// Compiles `floor.c`.
    pub(crate) fn make_floor(&self) -> Result<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/floor.c");
        run(Command::new("gcc").args(["-O2", "-static", "-o"]).arg(self.at("floor")).arg(source))?;
        Ok(self.at("floor"))
    }

    /// Name of the cgroup of every container here: one after the other, all use the same.
    fn cgroup(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Removes the cgroups that a runtime forgot, and returns their paths.
    pub(crate) fn remove_cgroups(&self) -> Vec<String> {
        let root = Path::new("/sys/fs/cgroup");
        let hierarchies = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
        hierarchies
            .chain([root.to_path_buf()])
            .filter(|hierarchy| hierarchy != Path::new(UNIFIED))
            .map(|hierarchy| hierarchy.join(self.cgroup()))
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
