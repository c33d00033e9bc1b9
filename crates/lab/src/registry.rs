//! A real registry: Debian's `docker-registry`, for one test.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Scratch, certificates, wait};

/// A registry on 127.0.0.1, with a folder of its own. It ends with the test.
pub struct Registry {
    process: Child,
    port: u16,
    scratch: Scratch,
}

/// How a registry is to be.
#[derive(Debug, Default)]
#[must_use]
pub struct RegistryWish {
    tls: bool,
    users: Vec<(String, String)>,
}

impl Registry {
    /// Without TLS and for everybody.
    pub fn plain() -> Registry {
        Registry::with().start()
    }

    /// One with more to it.
    pub fn with() -> RegistryWish {
        RegistryWish::default()
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A folder as `/etc/docker/certs.d` is, in which this registry has its authority. Empty without TLS.
    pub fn certificates(&self) -> PathBuf {
        self.scratch.path().join("certs.d")
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    /// Puts an image in, by skopeo; `from` is as skopeo has it: `oci:FOLDER`.
    #[track_caller]
    pub fn push(&self, from: &str, name: &str) {
        let to = format!("docker://{}/{name}", self.host());
        skopeo(&["copy", "--preserve-digests", "--dest-tls-verify=false", from, &to]);
    }
}

/// Calls skopeo, which must work. Returns what it said.
#[track_caller]
pub fn skopeo(args: &[&str]) -> String {
    let out = Command::new("skopeo").args(["--insecure-policy"]).args(args).output();
    let out = out.expect("skopeo: `make packages`");
    assert!(out.status.success(), "skopeo {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

impl RegistryWish {
    /// With a certificate of an authority of its own.
    pub fn tls(mut self) -> RegistryWish {
        self.tls = true;
        self
    }

    /// For those alone who know a password.
    pub fn user(mut self, name: &str, password: &str) -> RegistryWish {
        self.users.push((name.to_string(), password.to_string()));
        self
    }

    /// Starts it, and waits until it answers.
    #[track_caller]
    pub fn start(self) -> Registry {
        let scratch = Scratch::new("registry");
        // Between our look and its start somebody else may take the port.
        for _ in 0..5 {
            let port = free_port();
            let mut process = self.spawn(scratch.path(), port);
            let answers = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            let mut ended = false;
            wait::until("the registry answers or ends", || {
                ended = process.try_wait().expect("the registry's state").is_some();
                ended || answers()
            });
            if !ended {
                return Registry { process, port, scratch };
            }
        }
        panic!("no registry: {}", fs::read_to_string(scratch.path().join("log")).unwrap_or_default());
    }

    fn spawn(&self, folder: &Path, port: u16) -> Child {
        let mut config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {0}/data}}, delete: {{enabled: true}}}}\n\
             validation: {{manifests: {{urls: {{allow: ['^http://']}}}}}}\n\
             http:\n  addr: 127.0.0.1:{port}\n  secret: lab\n",
            folder.display()
        );
        // The section `http` goes on.
        if self.tls {
            certificates::make(folder, &format!("127.0.0.1:{port}"), 2);
            let _ =
                writeln!(config, "  tls: {{certificate: {0}/cert.pem, key: {0}/key.pem}}", folder.display());
        }
        if !self.users.is_empty() {
            fs::write(folder.join("htpasswd"), self.passwords()).expect("the file of passwords");
            let _ =
                writeln!(config, "auth: {{htpasswd: {{realm: lab, path: {}/htpasswd}}}}", folder.display());
        }
        let file = folder.join("config.yml");
        fs::write(&file, config).expect("the registry's config");
        let log = File::create(folder.join("log")).expect("the registry's log");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&file).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("the log twice")).stderr(log);
        command.spawn().expect("docker-registry: `make packages`")
    }

    fn passwords(&self) -> String {
        let line = |(name, password): &(String, String)| {
            let out = Command::new("htpasswd").args(["-nbB", "-C", "4", name, password]).output();
            String::from_utf8(out.expect("htpasswd: `make packages`").stdout).expect("a line of htpasswd")
        };
        self.users.iter().map(line).collect()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port of 127.0.0.1 on which nobody listens.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its number").port()
}
