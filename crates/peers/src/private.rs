//! A daemon that nobody else can see: in namespaces of its own, and gone with all that it started.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::traces;
use crate::wait::poll;

/// Starts a daemon where its traces do not last. dockerd and containerd write to these places whatever their options:
/// `/run/docker/plugins`, `/run/containerd/s`, `/run/netns`, `/etc/docker/key.json`, `/opt/containerd`.
///
/// There is one mount that is shared with the containers of this daemon: `scratch/told`. And there is a user
/// `remap`, with numbers for users of its own.
///
/// The daemon ends with the thread that started it, so also if the test is killed.
const START: &str = r#"set -e
folder=$1; shift
mount -t tmpfs tmpfs "$folder/scratch"
for top in etc opt; do
    mkdir "$folder/scratch/$top" "$folder/scratch/$top.work"
    mount -t overlay -o "lowerdir=/$top,upperdir=$folder/scratch/$top,workdir=$folder/scratch/$top.work" overlay "/$top"
done
mount -t tmpfs tmpfs /run
mkdir "$folder/scratch/told"
mount --bind "$folder/scratch/told" "$folder/scratch/told"
mount --make-shared "$folder/scratch/told"
echo remap:x:12345:12345::/:/bin/false >> /etc/passwd
echo remap:x:12345: >> /etc/group
echo remap:1000000:65536 | tee -a /etc/subuid >> /etc/subgid
[ -z "$NETWORK" ] || ip link set lo up
exec setpriv --pdeathsig TERM "$@""#;

/// A running daemon, and the folder that all of its processes name on their command lines.
#[derive(Debug)]
pub struct Private {
    folder: PathBuf,
    /// Of the cgroup above those of all its containers.
    cgroup: String,
    process: Child,
}

impl Private {
    /// Starts a program with `scratch`, `tmp` and `log` in this folder.
    pub fn start(folder: &Path, cgroup: &str, network: bool, program: &[&str]) -> Private {
        let log = File::create(folder.join("log")).expect("a log file");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]);
        if network {
            command.arg("--net").env("NETWORK", "own");
        }
        command.args(["--", "sh", "-c", START, "sh"]).arg(folder).args(program);
        // Not /tmp: containerd writes its stacks there when it is slow to end, and shims their console sockets.
        command.env("TMPDIR", folder.join("tmp")).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a second descriptor of the log")).stderr(log);
        let process = command.spawn().expect("`unshare` of util-linux starts");
        Private { folder: folder.into(), cgroup: cgroup.into(), process }
    }

    /// Its process's number.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// It has not ended.
    pub fn runs(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// The last warnings and errors, without the rest of their very long lines.
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines = log.lines().filter(|line| !line.contains("level=info"));
        let lines: Vec<String> = lines.map(|line| line.chars().take(400).collect()).collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// What is left of containers on the machine: mounts, cgroups, and shims.
    pub fn leftovers(&self) -> Vec<String> {
        let folder = self.folder.display().to_string();
        let mounts = traces::mounts("self").into_iter().filter(|mount| mount.starts_with(&folder));
        let cgroups = traces::cgroups(&self.cgroup).into_iter().flat_map(|path| traces::folders(&path));
        let shim = |(_, line): &(i32, String)| line.contains("containerd-shim");
        let shims = traces::processes(&folder).into_iter().filter(shim).map(|(_, line)| line);
        mounts.chain(cgroups.map(|path| path.display().to_string())).chain(shims).collect()
    }

    /// Ends it, and fails if it leaves a process.
    pub fn finish(mut self) {
        self.stop();
        let folder = self.folder.display().to_string();
        let gone = poll(|| traces::processes(&folder).is_empty().then_some(()));
        assert!(gone.is_some(), "still running: {:?}", traces::processes(&folder));
    }

    fn stop(&mut self) {
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
            && self.runs()
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        if poll(|| self.process.try_wait().ok().flatten()).is_none() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Also after a failed test nothing stays. The mounts go with the last process of the daemon's namespace.
impl Drop for Private {
    fn drop(&mut self) {
        self.stop();
        for (pid, _) in traces::processes(&self.folder.display().to_string()) {
            traces::kill(pid);
        }
        for cgroup in traces::cgroups(&self.cgroup) {
            traces::remove_cgroup(&cgroup);
        }
        if std::env::var_os("NAGAYA_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
