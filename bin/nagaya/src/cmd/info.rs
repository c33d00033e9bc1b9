//! `info`: what this is, and what it runs on.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use engine::{Engine, Status};
use fault::Result;
use images::Images;
use serde_json::{Value, json};
use template::Template;

use super::version::arch;
use crate::args::views::Info;
use crate::say;

pub(crate) fn run(typed: &Info, root: &Path) -> Result<u8> {
    let info = of(root)?;
    let text = match typed.format.as_deref() {
        None | Some("") => shown(&info),
        Some("json") => format!("{info}\n"),
        Some(format) => Template::parse(format)?.strict().render(&info)? + "\n",
    };
    say::print(&text).map(|()| 0)
}

/// The shape of Docker's API.
fn of(root: &Path) -> Result<Value> {
    let containers = Engine::at(root).all()?;
    let count = |wanted: &[Status]| containers.iter().filter(|view| wanted.contains(&view.status)).count();
    let running = count(&[Status::Running, Status::Restarting]);
    let paused = count(&[Status::Paused]);
    let machine = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let v2 = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    let mut info = json!({
        "ID": "",
        "Containers": containers.len(),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": containers.len() - running - paused,
        "Images": Images::open(root)?.list()?.len(),
        "Driver": "nagaya",
        "DriverStatus": [],
        "Plugins": { "Volume": ["local"], "Network": ["host", "null"], "Authorization": null,
            "Log": ["journald", "json-file", "none"] },
        "MemoryLimit": true, "SwapLimit": true, "CpuCfsPeriod": true, "CpuCfsQuota": true, "CPUShares": true, "CPUSet": true,
        "PidsLimit": true, "OomKillDisable": !v2,
    });
    let rest = json!({
        "IPv4Forwarding": is_one("/proc/sys/net/ipv4/ip_forward"),
        "Debug": false,
        "SystemTime": container::now(),
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": if v2 { "2" } else { "1" },
        "KernelVersion": text(machine.release()),
        "OperatingSystem": of_release("PRETTY_NAME").unwrap_or_else(|| "Linux".to_string()),
        "OSVersion": of_release("VERSION_ID").unwrap_or_default(),
        "OSType": "linux",
        "Architecture": text(machine.machine()),
        "IndexServerAddress": "https://index.docker.io/v1/",
        "NCPU": std::thread::available_parallelism().map_or(1, usize::from),
        "MemTotal": memory(),
        "DockerRootDir": root,
        "HttpProxy": "", "HttpsProxy": "", "NoProxy": "",
        "Name": text(machine.nodename()),
        "Labels": [],
        "ExperimentalBuild": false,
        "ServerVersion": env!("CARGO_PKG_VERSION"),
        "Runtimes": { "nagaya": { "path": "nagaya" } },
        "DefaultRuntime": "nagaya",
        "Swarm": { "LocalNodeState": "inactive" },
        "LiveRestoreEnabled": true,
        "InitBinary": "",
        "SecurityOptions": security(),
        "Warnings": null,
        "ClientInfo": { "Debug": false, "Version": env!("CARGO_PKG_VERSION"), "Os": "linux", "Arch": arch(),
            "Context": "default", "Plugins": [], "Warnings": null },
    });
    if let (Value::Object(info), Value::Object(rest)) = (&mut info, rest) {
        info.extend(rest);
    }
    Ok(info)
}

fn security() -> Vec<&'static str> {
    let mut options = vec!["name=seccomp,profile=builtin"];
    if !rustix::process::geteuid().is_root() {
        options.push("name=rootless");
    }
    options
}

fn is_one(path: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.trim() == "1")
}

/// Source: os-release(5).
fn of_release(name: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_string())
}

/// Bytes. Source: proc_meminfo(5).
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// What is shown, and its place in the whole.
const LINES: [(&str, &str); 18] = [
    (" Containers", "Containers"),
    ("  Running", "ContainersRunning"),
    ("  Paused", "ContainersPaused"),
    ("  Stopped", "ContainersStopped"),
    (" Images", "Images"),
    (" Server Version", "ServerVersion"),
    (" Storage Driver", "Driver"),
    (" Logging Driver", "LoggingDriver"),
    (" Cgroup Driver", "CgroupDriver"),
    (" Cgroup Version", "CgroupVersion"),
    (" Default Runtime", "DefaultRuntime"),
    (" Kernel Version", "KernelVersion"),
    (" Operating System", "OperatingSystem"),
    (" OSType", "OSType"),
    (" Architecture", "Architecture"),
    (" CPUs", "NCPU"),
    (" Name", "Name"),
    (" Docker Root Dir", "DockerRootDir"),
];

fn shown(info: &Value) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut text =
        format!("Client:\n Version:    {version}\n Context:    default\n Debug Mode: false\n\nServer:\n");
    for (name, field) in LINES {
        let value = &info[field];
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
        let _ = writeln!(text, "{name}: {value}");
    }
    #[expect(clippy::cast_precision_loss, reason = "four digits of it are shown")]
    let gibibytes = info["MemTotal"].as_u64().unwrap_or(0) as f64 / f64::from(1 << 30);
    let _ = writeln!(text, " Total Memory: {gibibytes:.2}GiB");
    text
}
