//! A containerd of our own, which nobody else can see and which leaves nothing behind.
//!
//! ```text
//! /tmp/nagaya-containerd-PID-N/
//!   root/ state/ config.toml socket      containerd's own
//!   nagaya runc nagaya.calls ...         see `witness`
//!   image.tar rootfs/                    the image `docker.io/library/box:latest`, which can also be a pod's pause
//!   cni/                                 pods have a network, in containerd's own network namespace
//!   cri.bin                              what `cri.py` knows of messages
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use peers::{Private, RUNC, Said, Witness, poll, rootfs};
use serde_json::Value;

/// A running containerd with one image in the namespaces `default` (ctr) and `k8s.io` (pods).
pub(crate) struct Containerd {
    folder: PathBuf,
    name: String,
    daemon: Private,
    pub(crate) nagaya: Witness,
    pub(crate) runc: Witness,
}

impl Containerd {
    pub(crate) fn start() -> Containerd {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("nagaya-containerd-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        for made in ["scratch", "tmp", "cni", "logs"] {
            fs::create_dir_all(folder.join(made)).expect("a folder for containerd");
        }
        let nagaya = Witness::new(&folder, "nagaya", lab::runtime());
        let runc = Witness::new(&folder, "runc", Path::new(RUNC));
        rootfs::archive(&folder);
        let at = |text: &str| text.replace("FOLDER", &folder.display().to_string());
        fs::write(folder.join("config.toml"), at(CONFIG)).expect("a config");
        fs::write(folder.join("cni/10-pods.conflist"), at(NETWORK)).expect("a network");
        let daemon =
            Private::start(&folder, &name, true, &["containerd", "--config", &at("FOLDER/config.toml")]);
        let mut containerd = Containerd { folder, name, daemon, nagaya, runc };
        containerd.await_ready();
        containerd
    }

    fn await_ready(&mut self) {
        let mut last = None;
        let ready = poll(|| {
            assert!(self.daemon.runs(), "containerd ended:\n{}", self.daemon.log());
            let said = last.insert(self.shell("nagaya", "$CTR version"));
            (said.code == 0).then_some(())
        });
        assert!(ready.is_some(), "containerd does not answer: {last:?}\n{}", self.daemon.log());
        for namespace in ["default", "k8s.io"] {
            let import = format!("$CTR -n {namespace} images import image.tar");
            let said = self.shell("nagaya", &import);
            assert_eq!(said.code, 0, "{said:?}\n{}", self.daemon.log());
        }
    }

    /// A shell line where containerd runs, under one of the runtimes: `$CTR` is ctr, `$RUN` is `ctr run` up to its
    /// flags, `$BOX` is the image and the container's name, `$web`. That is the same in all answers.
    pub(crate) fn shell(&self, runtime: &str, line: &str) -> Said {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let web = format!("web.{runtime}");
        let ctr = format!("ctr --address {}", at("socket"));
        let run = format!("{ctr} run --runc-binary {} --cgroup /{}/{web}", at(runtime), self.name);
        let mut shell = self.inside("sh");
        shell.args(["-c", line]).env("CTR", ctr).env("RUN", run).env("web", &web);
        shell.env("BOX", format!("docker.io/library/box:latest {web}"));
        Said::to(&mut shell, "in\n").with(&web, "web")
    }

    /// A call of a kubelet, which must work.
    #[track_caller]
    pub(crate) fn cri(&self, method: &str, request: &Value) -> Value {
        let said = self.try_cri(method, request);
        assert_eq!(said.code, 0, "{method} {request}: {said:?}\n{}", self.daemon.log());
        serde_json::from_str(&said.stdout).expect("JSON")
    }

    /// A call of a kubelet.
    pub(crate) fn try_cri(&self, method: &str, request: &Value) -> Said {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/callers");
        let descriptors = self.folder.join("cri.bin");
        if !descriptors.exists() {
            let mut protoc = Command::new("protoc");
            protoc.arg("--proto_path").arg(&sources).arg("--descriptor_set_out").arg(&descriptors);
            let said = Said::to(protoc.arg("cri.proto"), "");
            assert_eq!(said.code, 0, "{said:?}");
        }
        // Debian's: only that one has Debian's grpc.
        let mut client = self.inside("/usr/bin/python3");
        client.arg(sources.join("cri.py")).arg(descriptors).arg(self.folder.join("socket"));
        Said::to(client.args([method, &request.to_string()]), "")
    }

    /// A program in containerd's namespaces.
    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "90", "nsenter", "--mount", "--net", "--target"]);
        command
            .arg(self.daemon.pid().to_string())
            .arg(format!("--wdns={}", self.folder.display()))
            .arg(program);
        command
    }

    /// The cgroup above those of all containers.
    pub(crate) fn cgroup(&self) -> &str {
        &self.name
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it, and proves that our runtime made the containers and that nothing is left of them.
    pub(crate) fn finish(self) {
        self.nagaya.saw(&["create", "start", "delete"]);
        let left = || Some(self.daemon.leftovers()).filter(Vec::is_empty);
        assert!(poll(left).is_some(), "left: {:#?}\n{}", self.daemon.leftovers(), self.daemon.log());
        self.daemon.finish();
    }
}

/// Two runtimes for pods. This machine's root may not lower an out-of-memory score, and so neither may a pod.
const CONFIG: &str = r#"
version = 2
root = "FOLDER/root"
state = "FOLDER/state"
[grpc]
  address = "FOLDER/socket"
[ttrpc]
  address = "FOLDER/socket.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "FOLDER/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/box:latest"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "FOLDER/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "nagaya"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nagaya]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nagaya.options]
        BinaryName = "FOLDER/nagaya"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "FOLDER/runc"
"#;

const NETWORK: &str = r#"{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "ptp", "ipam":
    {"type": "host-local", "dataDir": "FOLDER/ipam", "subnet": "10.123.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}"#;
