//! A dockerd of our own, which nobody else can see and which leaves nothing behind.
//!
//! ```text
//! /tmp/nagaya-docker-PID-N/
//!   data/ exec/ pid      dockerd's own
//!   socket               docker -H unix://...
//!   nagaya runc          scripts: each notes its arguments, then is that runtime
//!   nagaya.calls ...     the notes: one line per call
//!   rootfs/ config/ tmp/ log
//!   shared/              for containers to bind
//!   scratch/             a tmpfs, in dockerd's mount namespace only
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::witness::RUNC;
use crate::{Private, Said, Witness, poll, rootfs, traces};

/// How every container is started.
const RUN: &str = "--runtime nagaya --network none";

/// Seconds after which a `docker` command counts as hung; it then ends with 124.
const COMMAND_SECONDS: &str = "90";

/// What lines of [`Docker::shell`] may use.
const PRELUDE: &str = r#"
# becomes TEMPLATE VALUE: waits until `docker inspect` of the container says so.
becomes() {
    for _ in $(seq 600); do
        last=$(docker inspect --format "$1" $web 2>&1); [ "$last" != "$2" ] || return 0; sleep 0.05
    done; echo "$1 is $last, not $2"; exit 124
}
# says TEXT: waits until the container has written it.
says() {
    for _ in $(seq 600); do docker logs $web 2>&1 | grep -q "$1" && return 0; sleep 0.05; done
    echo "never said $1"; exit 124
}
"#;

/// A running dockerd with one image, `box`: a BusyBox.
#[derive(Debug)]
pub struct Docker {
    folder: PathBuf,
    daemon: Private,
    /// Mount points that dockerd sees without any container.
    mounts: Vec<String>,
    /// Ours, and runc for comparison.
    nagaya: Witness,
    peer: Witness,
}

impl Docker {
    /// Starts a daemon and gives it the image.
    pub fn start() -> Docker {
        Docker::with(&[])
    }

    /// The same with more options of dockerd.
    pub fn with(options: &[&str]) -> Docker {
        Docker::of(options, true)
    }

    /// The same in the machine's network, so that it reaches a registry on 127.0.0.1. It has no bridge and no rules.
    pub fn beside_registries() -> Docker {
        Docker::of(&[], false)
    }

    /// The same in the network namespace that we are in, with its bridge and its rules.
    pub fn with_networks() -> Docker {
        let options = ["--bridge=", "--iptables=true", "--ip-forward=true", "--ip-masq=true"];
        Docker::of(&options, false)
    }

    fn of(options: &[&str], own_network: bool) -> Docker {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("nagaya-docker-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        make_folder(&folder).expect("a folder for dockerd");
        let nagaya = Witness::new(&folder, "nagaya", lab::runtime());
        let peer = Witness::new(&folder, "peer", Path::new(RUNC));
        let daemon = spawn(&folder, &name, options, own_network);
        let mut docker = Docker { folder, daemon, mounts: Vec::new(), nagaya, peer };
        docker.await_ready();
        docker.import();
        docker.mounts = traces::mounts(&docker.daemon.pid().to_string());
        docker
    }

    /// `docker run --rm` of a command in the image. `flags` are parted at blanks.
    pub fn run(&self, flags: &str, command: &[&str]) -> Said {
        self.run_with(&flags.split_whitespace().collect::<Vec<_>>(), command, "")
    }

    /// The same with flags that may hold blanks, and something on stdin.
    pub fn run_with(&self, flags: &[&str], command: &[&str], input: &str) -> Said {
        let run = ["run", "--rm"].into_iter().chain(RUN.split(' '));
        let args = run.chain(flags.iter().copied()).chain(["box"]).chain(command.iter().copied());
        Said::to(&mut self.command(&args.collect::<Vec<_>>()), input)
    }

    /// `docker run --rm -t` of a shell line, as typed in a terminal of 33 lines and 77 columns.
    pub fn run_in_terminal(&self, line: &str) -> Said {
        let docker = format!("docker -H {} run --rm -t {RUN} box sh -c '{line}'", self.host());
        let mut script = self.program("script");
        script.args(["-qec", &format!("stty rows 33 cols 77 && exec {docker}"), "/dev/null"]);
        Said::to(&mut script, "")
    }

    /// `docker run --detach` under a name.
    pub fn detach(&self, name: &str, line: &str) {
        let args = ["run", "--detach", "--name", name].into_iter().chain(RUN.split(' '));
        self.fine(&args.chain(["box", "sh", "-c", line]).collect::<Vec<_>>());
    }

    /// Any `docker` command.
    pub fn docker(&self, args: &[&str]) -> Said {
        Said::to(&mut self.command(args), "")
    }

    /// A `docker` command that must work; its words, trimmed.
    pub fn fine(&self, args: &[&str]) -> String {
        let said = self.docker(args);
        assert_eq!(said.code, 0, "docker {args:?}: {}\n{}", said.stderr, self.log());
        said.stdout.trim().to_string()
    }

    /// Waits until a container has written `text`.
    pub fn await_log(&self, name: &str, text: &str) {
        let logs = || self.docker(&["logs", name]).stdout;
        let seen = poll(|| logs().contains(text).then_some(()));
        assert!(seen.is_some(), "`{name}` never said `{text}`: {}\n{}", logs(), self.log());
    }

    /// A file beside which lines of [`Docker::shell`] run.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("a file for docker");
    }

    /// A folder that containers can bind.
    pub fn shared(&self) -> PathBuf {
        self.folder.join("shared")
    }

    /// A shell line, in which `$RUN` and `$START` run a container under the runtime `nagaya` or `peer`, and `$web` is
    /// a name for one of that runtime. The answer has these names without the runtime's.
    pub fn shell(&self, runtime: &str, line: &str) -> Said {
        let web = format!("web.{runtime}");
        let usual = format!("--runtime {runtime} --network none");
        let mut shell = self.program("sh");
        shell.args(["-c", &format!("{PRELUDE}{line}")]).current_dir(&self.folder);
        shell
            .env("DOCKER_HOST", self.host())
            .env("web", &web)
            .env("RUNTIME", runtime)
            .env("RUN", format!("docker run --rm {usual}"));
        shell.env("START", format!("docker run --detach --name {web} {usual}"));
        Said::to(&mut shell, "in\n").with(&web, "web")
    }

    /// The verbs that dockerd and its shims called our runtime with, in their order.
    pub fn verbs(&self) -> Vec<String> {
        self.nagaya.verbs()
    }

    /// Ours, as it was called.
    pub fn ours(&self) -> &Witness {
        &self.nagaya
    }

    /// The runtime that ours is compared with.
    pub fn peer(&self) -> &Witness {
        &self.peer
    }

    /// Ends the daemon, and proves that our runtime made the containers and that nothing is left of them.
    pub fn finish(self) {
        self.nagaya.saw(&["create", "start", "delete"]);
        assert_eq!(self.fine(&["ps", "--all", "--quiet"]), "", "containers");
        let left = || Some(self.leftovers()).filter(Vec::is_empty);
        assert!(poll(left).is_some(), "left behind: {:#?}\n{}", self.leftovers(), self.log());
        self.daemon.finish();
    }

    /// Ends the daemon, which had no containers.
    pub fn stop(self) {
        self.daemon.finish();
    }

    /// What is left of containers while the daemon still runs: paths of mounts, cgroups, and runtime state, and shims.
    fn leftovers(&self) -> Vec<String> {
        let inside = traces::mounts(&self.daemon.pid().to_string());
        // dockerd's name for the machine's network, from the first container in it on.
        let own = |mount: &String| mount.ends_with("/exec/netns/default");
        let new = inside.into_iter().filter(|mount| !self.mounts.contains(mount) && !own(mount));
        let states = traces::folders(&self.folder.join("exec/runtime-runc/moby"));
        let states = states.into_iter().map(|path| path.display().to_string());
        new.chain(states).chain(self.daemon.leftovers()).collect()
    }

    fn await_ready(&mut self) {
        let ready = poll(|| {
            assert!(self.daemon.runs(), "dockerd ended:\n{}", self.log());
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

    /// Any `docker` command, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
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

    /// What all of its processes name on their command lines.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The last warnings and errors of dockerd.
    pub fn log(&self) -> String {
        self.daemon.log()
    }
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    for name in ["scratch", "shared", "tmp"] {
        fs::create_dir_all(folder.join(name))?;
    }
    rootfs::make(&folder.join("rootfs"))?;
    // Not the machine's /etc/docker/daemon.json.
    fs::write(folder.join("daemon.json"), "{}")
}

fn spawn(folder: &Path, name: &str, options: &[&str], own_network: bool) -> Private {
    let at = |name: &str| folder.join(name).display().to_string();
    let own = [
        format!("--config-file={}", at("daemon.json")),
        format!("--data-root={}", at("data")),
        format!("--exec-root={}", at("exec")),
        format!("--pidfile={}", at("pid")),
        format!("--host=unix://{}", at("socket")),
        format!("--cgroup-parent=/{name}"),
        format!("--add-runtime=nagaya={}", at("nagaya")),
        format!("--add-runtime=peer={}", at("peer")),
    ];
    let usual = [
        "dockerd",
        "--bridge=none",
        "--iptables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        "--exec-opt=native.cgroupdriver=cgroupfs",
    ];
    let own = own.iter().map(String::as_str);
    let args: Vec<&str> = usual.into_iter().chain(own).chain(options.iter().copied()).collect();
    Private::start(folder, name, own_network, &args)
}
