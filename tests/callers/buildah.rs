//! buildah on top of ours: images are built by the same words under our runtime and under runc, with the same answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use peers::{RUNC, Said, Witness, rootfs, traces};

use crate::parity;

/// A storage of its own, in a folder of ours.
struct Buildah {
    folder: PathBuf,
    /// The name of the folder, and of the cgroup above those of all containers.
    name: String,
    runtime: Witness,
}

const DOCKERFILE: &str = r#"FROM scratch
COPY image /
ENV A=1
RUN ["/bin/sh", "-c", "echo $A > /made; id -u >> /made"]
RUN echo more >> /made && mkdir /tmp/made && chown 5:6 /tmp/made
USER 5
WORKDIR /tmp/made
RUN echo mine > by-five && ls -ln by-five | cut -c 1-24
CMD ["/bin/cat", "/made"]
"#;

impl Buildah {
    fn new(name: &str, runtime: &Path) -> Buildah {
        let name = format!("nagaya-buildah-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        for made in ["context", "broken", "tmp"] {
            fs::create_dir_all(folder.join(made)).expect("a folder");
        }
        rootfs::make(&folder.join("context/image")).expect("an image");
        fs::write(folder.join("context/Dockerfile"), DOCKERFILE).expect("a file");
        fs::write(folder.join("broken/Dockerfile"), "FROM one\nRUN exit 3\n").expect("a file");
        let runtime = Witness::new(&folder, "runtime", runtime);
        Buildah { folder, name, runtime }
    }

    /// `buildah WORDS`, as a shell reads them. `MAKE` and `RUN` stand for the usual flags of those who make containers and
    /// those who run them. In a mount namespace of its own, with an empty `/run`: buildah names no folder for the
    /// runtime's state.
    fn buildah(&self, words: &str) -> Said {
        let isolation = format!("--isolation oci --runtime {}", self.runtime.program().display());
        let limits = "--ulimit nofile=1024:1024 --ulimit nproc=100:100";
        let make = format!("--isolation oci {limits} --cgroup-parent /{} --pull=false", self.name);
        let words = words
            .replace(
                "BUILD",
                &format!("bud {make} --runtime {} --network none", self.runtime.program().display()),
            )
            .replace("FROM", &format!("from {make}"))
            .replace("RUN", &format!("run {isolation} --network none"));
        let at = |name: &str| self.folder.join(name).display().to_string();
        let flags = format!("--root {} --runroot {} --storage-driver vfs", at("root"), at("runroot"));
        let script = format!("mount -t tmpfs tmpfs /run && buildah {flags} {words}");
        let mut command = Command::new("timeout");
        command.args([
            "--foreground",
            "--kill-after=5",
            "60",
            "unshare",
            "--mount",
            "--propagation",
            "private",
        ]);
        command.args(["sh", "-c", &script]).current_dir(&self.folder).stdin(Stdio::null());
        command.env("TMPDIR", self.folder.join("tmp")).env_remove("XDG_RUNTIME_DIR");
        Said::to(&mut command, "")
    }

    fn finish(self) {
        self.runtime.saw(&["create", "start", "state", "delete"]);
        let left = traces::cgroups(&self.name).into_iter().flat_map(|path| traces::folders(&path));
        let left: Vec<_> = left.collect();
        assert!(left.is_empty(), "cgroups of containers: {left:?}");
    }
}

impl Drop for Buildah {
    fn drop(&mut self) {
        for cgroup in traces::cgroups(&self.name) {
            traces::remove_cgroup(&cgroup);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is said to buildah; the answers must be the same whoever runs the containers.
const WORDS: [&str; 16] = [
    "BUILD --quiet -t one context > /dev/null",
    "BUILD -t two broken 2>&1 | grep -o 'exit status 3' | head -n 1",
    "FROM --name web one",
    "inspect --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.WorkingDir}}' web",
    "RUN web -- cat /made /tmp/made/by-five",
    "RUN web -- sh -c 'id -u; pwd; echo to stderr >&2; exit 7'",
    "RUN --user 5:6 web -- sh -c 'id -u; id -g; id -G'",
    "RUN --user 0 --env B=2 --workingdir /tmp web -- sh -c 'echo $A $B $PWD'",
    "RUN --user 0 web -- sh -c 'grep Cap /proc/self/status; grep NoNewPrivs /proc/self/status'",
    "RUN --user 0 --cap-drop all --cap-add kill web -- grep Cap /proc/self/status",
    "RUN --user 0 -v /etc/hostname:/h:ro web -- sh -c 'touch /h 2>&1; cat /h'",
    "RUN --user 0 --hostname web web -- sh -c 'hostname; echo $$; touch /changed'",
    "RUN web -- sh -c 'kill -9 $$'",
    "RUN web -- nope > /dev/null 2>&1",
    "commit --quiet web three > /dev/null",
    "rm web > /dev/null",
];

#[test]
fn images_are_built_as_with_runc() {
    let ours = Buildah::new("ours", lab::runtime());
    let runc = Buildah::new("runc", Path::new(RUNC));
    parity::same(&WORDS, |words| ours.buildah(words), |words| runc.buildah(words));
    // The control: it did build something, and failures are those of the programs.
    assert_eq!(ours.buildah(WORDS[1]).stdout, "exit status 3\n");
    let seen = ours.buildah("FROM --name new three > /dev/null && buildah --version > /dev/null");
    assert_eq!(seen.code, 0, "{seen:?}");
    assert_eq!(ours.buildah("RUN new -- ls /changed").stdout, "/changed\n");
    let two = ours.runtime.verbs().iter().filter(|verb| *verb == "create").count();
    assert!(two >= 12, "our runtime made {two} containers only");
    ours.finish();
    runc.finish();
}

#[test]
fn a_terminal_is_handed_over() {
    let ours = Buildah::new("terminal", lab::runtime());
    assert_eq!(ours.buildah("BUILD --quiet -t one context > /dev/null").code, 0);
    assert_eq!(ours.buildah("FROM --name web one").code, 0);
    let words = "--version > /dev/null && script -qec \"buildah FLAGS RUN --terminal web -- sh -c 'tty; sleep 1; exit 5'\" /dev/null";
    let at = |name: &str| ours.folder.join(name).display().to_string();
    let flags = format!("--root {} --runroot {} --storage-driver vfs", at("root"), at("runroot"));
    let said = ours.buildah(&words.replace("FLAGS", &flags));
    assert!(said.stdout.contains("/dev/pts/0"), "{said:?}");
    assert!(ours.runtime.calls().contains("--console-socket"), "{}", ours.runtime.calls());
    ours.finish();
}
