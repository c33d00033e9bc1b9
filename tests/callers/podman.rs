//! podman and buildah on top of ours: the same words under our runtime and under runc, with the same answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// podman's own folders, in one of ours; removed at the end.
struct Podman {
    folder: PathBuf,
    runtime: PathBuf,
    /// Our runtime writes a line here each time that it is called.
    calls: PathBuf,
}

/// How every container is started: no network of its own, and limits that this caller may pass on.
const RUN: &str = "--network none --ulimit nofile=1024:1024 --ulimit nproc=100:100";

impl Podman {
    fn new(name: &str, runtime: &Path) -> Podman {
        let folder = std::env::temp_dir().join(format!("nagaya-podman-{name}-{}", std::process::id()));
        for made in ["image/bin", "image/tmp"] {
            fs::create_dir_all(folder.join(made)).expect("a folder");
        }
        let busybox = Command::new("sh").args(["-c", "command -v busybox"]).output().expect("a shell").stdout;
        let busybox = String::from_utf8(busybox).expect("a path");
        fs::copy(busybox.trim(), folder.join("image/bin/busybox")).expect("busybox: `make packages`");
        for applet in ["sh", "echo", "sleep", "id", "cat", "grep", "ls", "touch", "true", "tty", "hostname"] {
            std::os::unix::fs::symlink("busybox", folder.join("image/bin").join(applet)).expect("a link");
        }
        // A runtime that tells that it was called: nothing is proven by a test that another one has passed.
        let (calls, wrapper) = (folder.join("calls"), folder.join("runtime"));
        let script =
            format!("#!/bin/sh\necho \"$*\" >> {}\nexec {} \"$@\"\n", calls.display(), runtime.display());
        fs::write(&wrapper, script).expect("a wrapper");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&wrapper, mode).expect("a mode");
        let podman = Podman { folder, runtime: wrapper, calls };
        let tar = "tar -C image -c . > image.tar";
        assert!(podman.program("sh").args(["-c", tar]).status().is_ok_and(|status| status.success()));
        let image = podman.folder.join("image.tar");
        podman.fine(&format!("import {} bb", image.display()));
        podman
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "60", name]).current_dir(&self.folder).stdin(Stdio::null());
        command.env("XDG_RUNTIME_DIR", self.folder.join("xdg")).env("TMPDIR", &self.folder);
        command
    }

    /// `podman WORDS`, and with quotes for what a shell would take as one.
    fn podman(&self, words: &str) -> (i32, String) {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let flags = format!(
            "--root {} --runroot {} --tmpdir {} --storage-driver vfs --cgroup-manager cgroupfs \
             --events-backend file --runtime {}",
            at("root"),
            at("runroot"),
            at("tmp"),
            self.runtime.display()
        );
        let output =
            self.program("sh").arg("-c").arg(format!("podman {flags} {words}")).output().expect("podman");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code().unwrap_or(-1), said)
    }

    fn fine(&self, words: &str) {
        let (code, said) = self.podman(words);
        assert_eq!(code, 0, "podman {words}: {said}");
    }

    fn finish(self) {
        let calls = fs::read_to_string(&self.calls).unwrap_or_default();
        for verb in ["create", "start", "delete"] {
            assert!(
                calls.contains(&format!(" {verb} ")) || calls.contains(&format!("{verb} ")),
                "{verb}: {calls}"
            );
        }
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.podman("rm --all --force --time 0");
        let _ = self.podman("rmi --all --force");
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let folder = self.folder.display().to_string();
        for mount in
            mounts.lines().filter_map(|line| line.split(' ').nth(4)).filter(|at| at.starts_with(&folder))
        {
            let _ = Command::new("umount").args(["--lazy", mount]).status();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is said to podman; the answers must be the same whoever runs the container. `RUN` stands for the usual flags.
const WORDS: [&str; 30] = [
    "run --rm RUN bb echo hello",
    "run --rm RUN bb sh -c 'exit 7'",
    "run --rm RUN bb sh -c 'kill -9 $$'",
    "run --rm RUN -u 5:6 --cap-drop all bb sh -c 'id -u; id -g; grep Cap /proc/self/status; grep Seccomp: /proc/self/status'",
    "run --rm RUN --cap-add sys_time --security-opt no-new-privileges bb grep -E 'Cap|NoNew' /proc/self/status",
    "run --rm RUN --read-only bb sh -c 'touch /x 2>&1; touch /tmp/x && echo tmp'",
    "run --rm RUN --tmpfs /bin2:ro --hostname web bb sh -c 'hostname; touch /bin2/x 2>&1'",
    "run --rm RUN --memory 64m --pids-limit 40 bb cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max",
    "run --rm RUN -e A=1 -w /tmp bb sh -c 'echo $A $PWD'",
    "run --rm RUN -v /etc/hostname:/h:ro bb sh -c 'touch /h 2>&1; cat /h'",
    "run --rm RUN --security-opt seccomp=unconfined bb grep Seccomp: /proc/self/status",
    "run --rm RUN --privileged bb sh -c 'grep Seccomp: /proc/self/status; ls /dev/null'",
    "run --rm RUN --uidmap 0:100000:1000 --gidmap 0:100000:1000 bb sh -c 'id -u; cat /proc/self/uid_map'",
    "run --rm RUN --pid host --ipc host --uts host bb sh -c '[ $$ -gt 1 ] && echo host'",
    "run --rm RUN --sysctl kernel.msgmax=4242 bb cat /proc/sys/kernel/msgmax",
    "run -d --name web RUN bb sleep 1000 > /dev/null",
    "exec web sh -c 'echo in; exit 3'",
    "exec -u 7 -e B=2 -w /tmp web sh -c 'id -u; echo $B $PWD'",
    "exec -d web sleep 500 > /dev/null",
    "pause web > /dev/null",
    "ps --format '{{.State}}'",
    "exec web true > /dev/null 2>&1",
    "unpause web > /dev/null",
    "top web args",
    "inspect web --format '{{.State.Status}} {{.State.OOMKilled}}'",
    "kill -s KILL web > /dev/null",
    "wait web",
    "start web > /dev/null",
    "stop --time 0 web > /dev/null 2>&1",
    "rm web > /dev/null",
];

#[test]
fn the_same_words_have_the_same_answers_as_with_runc() {
    let ours = Podman::new("ours", lab::runtime());
    let runc = Podman::new("runc", Path::new("/usr/sbin/runc"));
    for words in WORDS {
        let words = words.replace("RUN", RUN);
        assert_eq!(ours.podman(&words), runc.podman(&words), "podman {words}");
    }
    ours.finish();
    runc.finish();
}

#[test]
fn what_fails_is_said_in_words_that_podman_knows() {
    let ours = Podman::new("words", lab::runtime());
    ours.fine(&format!("run -d --name web {RUN} bb sleep 1000"));
    let (code, said) = ours.podman("exec web nope");
    assert!(code == 127 && said.contains("executable file not found in $PATH"), "{code} {said}");
    let (code, said) = ours.podman("exec web /etc/hostname");
    assert!(code == 126, "{code} {said}");
    let (code, said) = ours.podman(&format!("run --rm {RUN} bb nope"));
    assert!(code == 127 && said.contains("executable file not found"), "{code} {said}");
    let (code, said) = ours.podman("container checkpoint web");
    assert!(code == 125 && said.contains("does not support checkpoint"), "{code} {said}");
    ours.finish();
}
