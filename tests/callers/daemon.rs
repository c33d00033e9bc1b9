//! A dockerd of our own, which nobody else can see and which leaves nothing behind.
//!
//! ```text
//! /tmp/nagaya-docker-PID-N/
//!   data/ exec/ pid      dockerd's own
//!   socket               docker -H unix://...
//!   runtime              a script: notes its arguments, then is nagaya-runtime
//!   calls                the notes: one line per call
//!   rootfs/ config/ tmp/ log
//!   shared/              for containers to bind
//!   scratch/             a tmpfs, in dockerd's mount namespace only
//! ```

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use crate::traces;
use crate::wait::poll;

/// How every container is started.
const RUN: &str = "--runtime nagaya --network none";

/// Seconds after which a `docker` command counts as hung; it then ends with 124.
const COMMAND_SECONDS: &str = "90";

/// Starts dockerd where its traces do not last. dockerd and containerd write to these places whatever their options:
/// `/run/docker/plugins`, `/run/containerd/s`, `/etc/docker/key.json`, `/opt/containerd`.
///
/// dockerd ends with the thread that started it, so also if the test is killed.
const START: &str = r#"set -e
folder=$1; shift
mount -t tmpfs tmpfs "$folder/scratch"
for top in etc opt; do
    mkdir "$folder/scratch/$top" "$folder/scratch/$top.work"
    mount -t overlay -o "lowerdir=/$top,upperdir=$folder/scratch/$top,workdir=$folder/scratch/$top.work" overlay "/$top"
done
mount -t tmpfs tmpfs /run
exec setpriv --pdeathsig TERM dockerd "$@""#;

/// A running dockerd with one image, `box`: a BusyBox.
#[derive(Debug)]
pub(crate) struct Docker {
    folder: PathBuf,
    /// The name of the folder, and of the cgroup above those of all containers.
    name: String,
    daemon: Child,
    /// Mount points that dockerd sees without any container.
    mounts: Vec<String>,
}

/// What a command said, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Docker {
    /// Starts a daemon and gives it the image.
    pub(crate) fn start() -> Docker {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("nagaya-docker-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        make_folder(&folder).expect("a folder for dockerd");
        let daemon = spawn(&folder, &name);
        let mut docker = Docker { folder, name, daemon, mounts: Vec::new() };
        docker.await_ready();
        docker.import();
        docker.mounts = traces::mounts(&docker.daemon.id().to_string());
        docker
    }

    /// `docker run --rm` of a command in the image. `flags` are parted at blanks.
    pub(crate) fn run(&self, flags: &str, command: &[&str]) -> Said {
        self.run_with(&flags.split_whitespace().collect::<Vec<_>>(), command, "")
    }

    /// The same with flags that may hold blanks, and something on stdin.
    pub(crate) fn run_with(&self, flags: &[&str], command: &[&str], input: &str) -> Said {
        let run = ["run", "--rm"].into_iter().chain(RUN.split(' '));
        let args = run.chain(flags.iter().copied()).chain(["box"]).chain(command.iter().copied());
        Said::of(&feed(&mut self.command(&args.collect::<Vec<_>>()), input))
    }

    /// `docker run --rm -t` of a shell line, as typed in a terminal of 33 lines and 77 columns.
    pub(crate) fn run_in_terminal(&self, line: &str) -> Said {
        let docker = format!("docker -H {} run --rm -t {RUN} box sh -c '{line}'", self.host());
        let mut script = self.program("script");
        script.args(["-qec", &format!("stty rows 33 cols 77 && exec {docker}"), "/dev/null"]);
        Said::of(&feed(&mut script, ""))
    }

    /// `docker run --detach` under a name.
    pub(crate) fn detach(&self, name: &str, line: &str) {
        let args = ["run", "--detach", "--name", name].into_iter().chain(RUN.split(' '));
        self.fine(&args.chain(["box", "sh", "-c", line]).collect::<Vec<_>>());
    }

    /// Any `docker` command.
    pub(crate) fn docker(&self, args: &[&str]) -> Said {
        Said::of(&feed(&mut self.command(args), ""))
    }

    /// A `docker` command that must work; its words, trimmed.
    pub(crate) fn fine(&self, args: &[&str]) -> String {
        let said = self.docker(args);
        assert_eq!(said.code, 0, "docker {args:?}: {}\n{}", said.stderr, self.log());
        said.stdout.trim().to_string()
    }

    /// Waits until a container has written `text`.
    pub(crate) fn await_log(&self, name: &str, text: &str) {
        let logs = || self.docker(&["logs", name]).stdout;
        let seen = poll(|| logs().contains(text).then_some(()));
        assert!(seen.is_some(), "`{name}` never said `{text}`: {}\n{}", logs(), self.log());
    }

    /// A folder that containers can bind.
    pub(crate) fn shared(&self) -> PathBuf {
        self.folder.join("shared")
    }

    /// The witness: the verbs that dockerd and its shims called our runtime with, in their order.
    pub(crate) fn verbs(&self) -> Vec<String> {
        let verbs = ["create", "start", "kill", "delete", "exec", "pause", "resume", "ps", "state", "update"];
        let calls = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        let verb = |call: &str| call.split(' ').find(|word| verbs.contains(word)).map(str::to_string);
        calls.lines().filter_map(verb).collect()
    }

    /// Ends the daemon, and proves that our runtime made the containers and that nothing is left of them.
    pub(crate) fn finish(mut self) {
        let verbs = self.verbs();
        assert!(verbs.contains(&"create".into()), "our runtime was never called: {verbs:?}");
        assert_eq!(self.fine(&["ps", "--all", "--quiet"]), "", "containers");
        let left = || Some(self.leftovers()).filter(Vec::is_empty);
        assert!(poll(left).is_some(), "left behind: {:#?}\n{}", self.leftovers(), self.log());
        self.stop();
        let folder = self.folder.display().to_string();
        let gone = poll(|| traces::processes(&folder).is_empty().then_some(()));
        assert!(gone.is_some(), "still running: {:?}", traces::processes(&folder));
    }

    /// What is left of containers while the daemon still runs: paths of mounts, cgroups, and runtime state, and shims.
    fn leftovers(&self) -> Vec<String> {
        let inside = traces::mounts(&self.daemon.id().to_string());
        let new = inside.into_iter().filter(|mount| !self.mounts.contains(mount));
        let outside = traces::mounts("self").into_iter().filter(|mount| mount.contains(&self.name));
        let cgroups = traces::cgroups(&self.name).iter().flat_map(|path| traces::folders(path)).collect();
        let states = traces::folders(&self.folder.join("exec/runtime-runc/moby"));
        let shim = |(_, line): &(i32, String)| line.contains("containerd-shim");
        let shims = traces::processes(&self.folder.display().to_string()).into_iter().filter(shim);
        let paths = [cgroups, states].concat().into_iter().map(|path| path.display().to_string());
        new.chain(outside).chain(paths).chain(shims.map(|(_, line)| line)).collect()
    }

    fn await_ready(&mut self) {
        let ready = poll(|| {
            assert!(matches!(self.daemon.try_wait(), Ok(None)), "dockerd ended:\n{}", self.log());
            (self.docker(&["version"]).code == 0).then_some(())
        });
        assert!(ready.is_some(), "dockerd does not answer:\n{}", self.log());
    }

    /// Makes the image.
    fn import(&self) {
        let rootfs = self.folder.join("rootfs");
        let tar = Command::new("tar").arg("-C").arg(rootfs).args(["-c", "."]).stdout(Stdio::piped()).spawn();
        let mut tar = tar.expect("tar starts");
        let layer = tar.stdout.take().expect("tar's stdout is a pipe");
        let import = self.command(&["import", "-", "box"]).stdin(layer).output().expect("docker starts");
        assert!(import.status.success(), "docker import: {}", String::from_utf8_lossy(&import.stderr));
        assert!(tar.wait().is_ok_and(|status| status.success()), "tar failed");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut docker = self.program("docker");
        docker.args(["-H", &self.host()]).args(args);
        docker
    }

    /// A program that ends in time and knows nothing of the user's own docker settings.
    fn program(&self, name: &str) -> Command {
        let mut timeout = Command::new("timeout");
        timeout.args(["--foreground", "-k", "5", COMMAND_SECONDS, name]);
        timeout.env("DOCKER_CONFIG", self.folder.join("config"));
        for name in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION"] {
            timeout.env_remove(name);
        }
        timeout
    }

    fn host(&self) -> String {
        format!("unix://{}", self.folder.join("socket").display())
    }

    /// The last warnings and errors of dockerd, without the rest of its very long lines.
    pub(crate) fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines = log.lines().filter(|line| !line.contains("level=info"));
        let lines: Vec<String> = lines.map(|line| line.chars().take(400).collect()).collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// Ends dockerd, which ends its containers and its containerd.
    fn stop(&mut self) {
        if let Some(pid) = i32::try_from(self.daemon.id()).ok().and_then(Pid::from_raw)
            && matches!(self.daemon.try_wait(), Ok(None))
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        if poll(|| self.daemon.try_wait().ok().flatten()).is_none() {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
    }
}

/// Also after a failed test nothing stays. The mounts go with the last process of dockerd's namespace.
impl Drop for Docker {
    fn drop(&mut self) {
        self.stop();
        for (pid, _) in traces::processes(&self.folder.display().to_string()) {
            traces::kill(pid);
        }
        for cgroup in traces::cgroups(&self.name) {
            traces::remove_cgroup(&cgroup);
        }
        if std::env::var_os("NAGAYA_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Said {
    fn of(output: &Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Said { stdout: text(&output.stdout), stderr: text(&output.stderr), code }
    }
}

/// Runs a command with something on stdin.
fn feed(command: &mut Command, input: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("`timeout` of coreutils starts");
    // A command that does not read may be gone by now.
    let _ = child.stdin.take().expect("stdin is a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the command ends")
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    for name in ["scratch", "shared", "tmp", "rootfs/bin", "rootfs/etc", "rootfs/tmp"] {
        fs::create_dir_all(folder.join(name))?;
    }
    let rootfs = folder.join("rootfs");
    fs::copy("/bin/busybox", rootfs.join("bin/busybox"))?;
    let applets = Command::new("/bin/busybox").arg("--list").output()?;
    for applet in String::from_utf8_lossy(&applets.stdout).lines().filter(|name| *name != "busybox") {
        symlink("busybox", rootfs.join("bin").join(applet))?;
    }
    fs::write(rootfs.join("tmp/plain"), "no program\n")?;
    fs::set_permissions(rootfs.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    // Not the machine's /etc/docker/daemon.json.
    fs::write(folder.join("daemon.json"), "{}")?;
    let (calls, runtime) = (folder.join("calls"), runtime());
    let script =
        format!("#!/bin/sh\necho \"$*\" >> '{}'\nexec '{}' \"$@\"\n", calls.display(), runtime.display());
    fs::write(folder.join("runtime"), script)?;
    fs::set_permissions(folder.join("runtime"), fs::Permissions::from_mode(0o755))
}

/// Our runtime: `NAGAYA_RUNTIME`, or the release build beside this test (`target/TRIPLE/debug/deps/callers-HASH`).
fn runtime() -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().expect("a test has a path");
        test.ancestors().nth(3).unwrap_or(Path::new("/")).join("release/nagaya-runtime")
    };
    let path = std::env::var_os("NAGAYA_RUNTIME").map_or_else(beside, PathBuf::from);
    let how = "build it with `cargo build --release`, or name one in NAGAYA_RUNTIME";
    assert!(path.is_file(), "no runtime at `{}`: {how}", path.display());
    path
}

fn spawn(folder: &Path, name: &str) -> Child {
    let at = |name: &str| folder.join(name).display().to_string();
    let log = fs::File::create(at("log")).expect("a log file");
    Command::new("unshare")
        .args(["--mount", "--propagation", "private", "--", "sh", "-c", START, "sh"])
        .arg(folder)
        .args(["--config-file", &at("daemon.json"), "--data-root", &at("data"), "--exec-root", &at("exec")])
        .args(["--pidfile", &at("pid"), "--host", &format!("unix://{}", at("socket"))])
        .args(["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"])
        .args(["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", &format!("/{name}")])
        .args(["--add-runtime", &format!("nagaya={}", at("runtime"))])
        // Not /tmp: containerd writes its stacks there when it is slow to end, and shims their console sockets.
        .env("TMPDIR", at("tmp"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second descriptor of the log"))
        .stderr(log)
        .spawn()
        .expect("`unshare` of util-linux starts")
}
