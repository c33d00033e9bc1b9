//! podman and buildah on top of ours: the same words under our runtime and under runc, with the same answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use peers::{RUNC, Said, Witness, traces};

use crate::parity;

/// podman's own folders, in one of ours; removed at the end.
struct Podman {
    folder: PathBuf,
    /// The name of the folder, and of the cgroup above those of all containers.
    name: String,
    runtime: Witness,
}

/// How every container is started: no network of its own, and limits that this caller may pass on.
const RUN: &str = "--network none --ulimit nofile=1024:1024 --ulimit nproc=100:100";

impl Podman {
    fn new(name: &str, runtime: &Path) -> Podman {
        let name = format!("nagaya-podman-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        for made in ["image/bin", "image/tmp"] {
            fs::create_dir_all(folder.join(made)).expect("a folder");
        }
        let busybox = Command::new("sh").args(["-c", "command -v busybox"]).output().expect("a shell").stdout;
        let busybox = String::from_utf8(busybox).expect("a path");
        fs::copy(busybox.trim(), folder.join("image/bin/busybox")).expect("busybox: `make packages`");
        for applet in
            ["sh", "echo", "sleep", "id", "cat", "grep", "ls", "touch", "true", "tty", "hostname", "readlink"]
        {
            std::os::unix::fs::symlink("busybox", folder.join("image/bin").join(applet)).expect("a link");
        }
        // The infrastructure of a pod takes no limits on the command line; and ids for `--userns auto`.
        let conf = "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=100:100\"]\n";
        fs::write(folder.join("containers.conf"), conf).expect("a file");
        fs::write(folder.join("subids"), "containers:300000:4096\n").expect("a file");
        let runtime = Witness::new(&folder, "runtime", runtime);
        let podman = Podman { folder, name, runtime };
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
        command.env("CONTAINERS_CONF", self.folder.join("containers.conf"));
        command
    }

    /// `podman WORDS`, as a shell reads them. `RUN` in them stands for the usual flags of those who make a container, `POD`
    /// for those of a pod, and `FLAGS` for the ones that every further `podman` in them needs.
    fn podman(&self, words: &str) -> Said {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let flags = format!(
            "--root {} --runroot {} --tmpdir {} --storage-driver vfs --cgroup-manager cgroupfs \
             --events-backend file --runtime {}",
            at("root"),
            at("runroot"),
            at("tmp"),
            self.runtime.program().display()
        );
        // Else podman makes a cgroup for all of its containers on the machine, and leaves it.
        let words = words
            .replace("RUN", &format!("{RUN} --cgroup-parent /{}", self.name))
            .replace("POD", &format!("--infra-image bb --network none --cgroup-parent /{}", self.name))
            .replace("FLAGS", &flags);
        Said::to(self.program("sh").args(["-c", &format!("podman {flags} {words}")]), "")
    }

    fn fine(&self, words: &str) {
        let said = self.podman(words);
        assert_eq!(said.code, 0, "podman {words}: {said:?}");
    }

    fn finish(self) {
        self.runtime.saw(&["create", "start", "delete"]);
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
        for cgroup in traces::cgroups(&self.name) {
            traces::remove_cgroup(&cgroup);
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
    let runc = Podman::new("runc", Path::new(RUNC));
    parity::same(&WORDS, |words| ours.podman(words), |words| runc.podman(words));
    ours.finish();
    runc.finish();
}

/// The same of pods, of health, of terminals and of users.
///
/// What runs in a terminal waits before it ends: podman may let go of the terminal before its last words came, whatever
/// the runtime (seen once with runc).
const MORE_WORDS: [&str; 26] = [
    "pod create --name pod POD --infra-command 'sleep 1000' --hostname pod > /dev/null",
    "run -d --pod pod --name web bb sleep 1000 > /dev/null",
    "run --rm --pod pod bb sh -c 'hostname; echo $$; id -u'",
    "inspect web --format '{{.State.Status}} {{.HostConfig.UsernsMode}}'",
    "version > /dev/null; for ns in net ipc uts; do podman FLAGS exec web readlink /proc/1/ns/$ns; \
        podman FLAGS run --rm --pod pod bb readlink /proc/self/ns/$ns; done | sort | uniq -c | grep -c '^ *2 '",
    "pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'",
    "pod top pod args",
    "pod stats --no-stream --format '{{.PIDS}}' pod",
    "pod pause pod > /dev/null",
    "ps --pod --format '{{.PodName}} {{.State}}'",
    "pod unpause pod > /dev/null",
    "pod stop --time 0 pod > /dev/null 2>&1",
    "pod start pod > /dev/null",
    "exec web echo again",
    "pod rm --force --time 0 pod > /dev/null",
    "run -d --name well RUN --health-interval disable --health-cmd 'test -e /tmp/ok' bb sleep 1000 > /dev/null",
    "healthcheck run well",
    "exec well touch /tmp/ok",
    "healthcheck run well",
    "inspect --format '{{.State.Health.Status}} {{len .State.Health.Log}}' well",
    "stats --no-stream --format '{{.Name}} {{.PIDS}}' well",
    "top well args pid user",
    "version > /dev/null; script -qec \"podman FLAGS exec -it well sh -c 'tty; sleep 1; exit 5'\" /dev/null > terminal; \
        echo $?; grep -o '/dev/pts/[0-9]*' terminal",
    "version > /dev/null; script -qec \"podman FLAGS run --rm -it RUN bb sh -c 'tty; sleep 1; exit 6'\" /dev/null > terminal; \
        echo $?; grep -o '/dev/pts/[0-9]*' terminal",
    "version > /dev/null; unshare --mount --propagation private sh -c 'mount --bind subids /etc/subuid && \
        mount --bind subids /etc/subgid && podman FLAGS run --rm RUN --userns auto:size=1024 bb cat /proc/self/uid_map'",
    "rm --force --time 0 well > /dev/null",
];

#[test]
fn pods_and_more_have_the_same_answers_as_with_runc() {
    let ours = Podman::new("more", lab::runtime());
    let runc = Podman::new("more-runc", Path::new(RUNC));
    parity::same(&MORE_WORDS, |words| ours.podman(words), |words| runc.podman(words));
    ours.runtime.saw(&["exec", "pause", "resume"]);
    assert!(ours.runtime.calls().contains("--console-socket"), "{}", ours.runtime.calls());
    // The control: the answers are not both of them failures.
    let shared = MORE_WORDS[4];
    ours.fine("pod create --name pod POD --infra-command 'sleep 1000' > /dev/null");
    ours.fine("run -d --pod pod --name web bb sleep 1000 > /dev/null");
    assert_eq!(ours.podman(shared).stdout, "3\n");
    ours.fine("pod rm --force --time 0 pod > /dev/null");
    assert!(ours.podman(MORE_WORDS[24]).stdout.contains("300000"), "{:?}", ours.podman(MORE_WORDS[24]));
    ours.finish();
    runc.finish();
}

#[test]
fn what_fails_is_said_in_words_that_podman_knows() {
    let ours = Podman::new("words", lab::runtime());
    ours.fine("run -d --name web RUN bb sleep 1000");
    for (words, code, wanted) in [
        ("exec web nope", 127, "executable file not found in $PATH"),
        ("exec web /etc/hostname", 126, "permission denied"),
        ("run --rm RUN bb nope", 127, "executable file not found"),
        ("container checkpoint web", 125, "does not support checkpoint"),
    ] {
        let said = ours.podman(words);
        assert!(said.code == code && said.stderr.contains(wanted), "podman {words}: {said:?}");
    }
    ours.finish();
}
