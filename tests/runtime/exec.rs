//! exec: one more process in a container that runs.

use std::fs;

use lab::{ConsoleSocket, Container, Lab, Output, Pty};
use serde_json::{Value, json};

/// What makes a good `process.json` a bad one.
type Change = fn(&mut Value);

/// `exec FLAGS ID COMMAND`.
fn exec(web: &Container<'_>, flags: &[&str], command: &[&str]) -> Output {
    web.lab().runtime(["exec"]).args(flags).arg(web.id()).args(command).output()
}

fn sh(web: &Container<'_>, flags: &[&str], script: &str) -> String {
    exec(web, flags, &["/bin/sh", "-c", script]).ok()
}

/// A `process.json` like the container's own process, with changes.
fn process(web: &Container<'_>, change: impl FnOnce(&mut Value)) -> String {
    let mut process = web.config()["process"].clone();
    change(&mut process);
    let path = web.lab().folder().join("process.json");
    fs::write(&path, process.to_string()).expect("process.json");
    path.to_str().expect("a path of ours").to_string()
}

/// What a process sees of where and what it is.
const ABOUT: &str = "for kind in cgroup ipc mnt net pid uts user; do readlink /proc/self/ns/$kind; done
    cat /proc/self/cgroup; grep -E '^(Cap|NoNewPrivs|Groups|Seccomp:)' /proc/self/status; umask; ulimit -n; pwd";

#[test]
fn it_is_like_the_containers_own_process() {
    let lab = Lab::new();
    let web = lab
        .container("web")
        .sh(&format!("{{ {ABOUT}; }}; echo told; trap 'exit' TERM; while :; do sleep 0.02; done"));
    let web = web.launch();
    web.wait_for("told");
    let own = web.after_nonce(&web.said());
    assert_eq!(sh(&web, &[], ABOUT), own.split_once("told").expect("told").0);
    assert!(own.contains("pid:[") && own.contains("CapBnd"), "{own}");
    web.delete_force().ok();
}

#[test]
fn the_status_is_the_programs() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    assert_eq!(exec(&web, &[], &["/bin/sh", "-c", "exit 7"]).code, 7);
    assert_eq!(exec(&web, &[], &["/bin/sh", "-c", "kill -9 $$"]).code, 137);
    // Our own failures are 255, which no caller takes for the program's.
    let missing = exec(&web, &[], &["nope"]);
    assert_eq!(missing.code, 255);
    assert!(missing.stderr.contains("executable file not found in $PATH"), "{missing:?}");
    let denied = exec(&web, &[], &["/etc"]);
    assert_eq!(denied.code, 255, "{denied:?}");
    web.delete_force().ok();
}

#[test]
fn options_change_one_thing_each() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    assert_eq!(sh(&web, &["--cwd", "/tmp"], "pwd"), "/tmp\n");
    assert_eq!(sh(&web, &["-e", "A=1", "--env", "B=x y"], "echo $A$B"), "1x y\n");
    assert_eq!(sh(&web, &["-u", "1"], "id -u; id -g"), "1\n0\n");
    assert_eq!(
        sh(&web, &["--user=1000:1001", "-g", "7", "--additional-gids", "8"], "id -u; id -g; id -G"),
        "1000\n1001\n1001 7 8\n"
    );
    let caps = |flags: &[&str]| sh(&web, flags, "grep CapEff /proc/self/status");
    assert_ne!(caps(&["--cap", "CAP_SYS_TIME"]), caps(&[]));
    assert!(
        caps(&["--cap", "CAP_SYS_TIME"]).trim().ends_with("2000420"),
        "{}",
        caps(&["-c", "CAP_SYS_TIME"])
    );
    web.delete_force().ok();
}

#[test]
fn ids_are_numbers_and_nothing_else() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    for bad in ["root", "0x3e8", "1e3", " 1", "+1", "-1", "4294967295", "4294967296", "1:", ":1", ""] {
        let output = exec(&web, &["--user", bad], &["true"]);
        assert_eq!(output.code, 255, "{bad}: {output:?}");
        assert!(output.stderr.contains("--user"), "{bad}: {output:?}");
    }
    // The control: this is how a good one looks.
    assert_eq!(sh(&web, &["--user", "4294967294"], "id -u"), "4294967294\n");
    web.delete_force().ok();
}

#[test]
fn a_process_file_with_the_flags_of_containerd() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let file = process(&web, |process| {
        process["args"] = json!(["/bin/sh", "-c", "echo $MARK $(id -u); exit 3"]);
        process["env"] = json!(["PATH=/bin", "MARK=here"]);
        process["user"] = json!({"uid": 5, "gid": 6});
        process["capabilities"] = Value::Null;
    });
    let output = exec(&web, &["--process", &file], &[]);
    assert_eq!((output.code, output.stdout.as_str()), (3, "here 5\n"), "{output:?}");

    let pid_file = lab.folder().join("exec.pid");
    let sleep = process(&web, |process| process["args"] = json!(["sleep", "1000"]));
    let flags = ["--process", &sleep, "--detach", "--pid-file", pid_file.to_str().expect("a path of ours")];
    exec(&web, &flags, &[]).ok();
    let pid: i64 = fs::read_to_string(&pid_file).expect("the pid file").parse().expect("a number");
    let comm = fs::read_to_string(format!("/proc/{pid}/comm")).expect("it runs");
    assert_eq!(comm, "sleep\n");
    web.delete_force().ok();
    assert!(!lab::process_exists(pid), "it outlived its container");
}

#[test]
fn a_bad_process_file_is_named() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let cases: [(&str, Change); 6] = [
        ("process.args[0]", |process| process["args"] = json!([7])),
        ("process.args", |process| process["args"] = json!([])),
        ("process.cwd", |process| process["cwd"] = json!("tmp")),
        ("process.user.uid", |process| process["user"]["uid"] = json!(-1)),
        ("process.rlimits[0]", |process| {
            process["rlimits"] = json!([{"type": "RLIMIT_NOPE", "soft": 1, "hard": 1}]);
        }),
        ("process.env[0]", |process| process["env"] = json!(["A=\0"])),
    ];
    for (field, change) in cases {
        let file = process(&web, change);
        let output = exec(&web, &["--process", &file], &[]);
        assert_eq!(output.code, 255, "{field}: {output:?}");
        assert!(output.stderr.contains(field), "{field}: {output:?}");
    }
    for (file, words) in
        [("/nope.json", "no such file"), ("/dev/zero", "not a regular file"), ("/etc/hostname", "as JSON")]
    {
        let output = exec(&web, &["-p", file], &[]);
        assert!(output.code == 255 && output.stderr.contains(words), "{file}: {output:?}");
    }
    web.delete_force().ok();
}

#[test]
fn only_a_container_that_lives_can_be_entered() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    let none = exec(&web, &[], &["true"]);
    assert!(none.code == 255 && none.stderr.contains("container does not exist"), "{none:?}");
    web.create().ok();
    // As with runc: what was created is there already.
    assert_eq!(sh(&web, &[], "echo early"), "early\n");
    web.start().ok();
    web.wait_for(&web.nonce());
    assert_eq!(sh(&web, &[], "echo late"), "late\n");
    web.kill("KILL").ok();
    web.wait_until("stopped");
    let stopped = exec(&web, &[], &["true"]);
    assert!(stopped.code == 255 && stopped.stderr.contains("container not running"), "{stopped:?}");
    web.delete().ok();
}

#[test]
fn no_descriptor_of_the_caller_comes_along() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let list = "ls /proc/self/fd | tr '\\n' ' '";
    let with = |flags: &[&str]| {
        let call = lab.runtime(["exec"]).args(flags).arg(web.id()).args(["/bin/sh", "-c", list]);
        call.redirect("15</etc/hostname 3</etc/passwd").output().ok()
    };
    // The last one is the folder that `ls` reads.
    assert_eq!(with(&[]), "0 1 2 3 ");
    assert_eq!(with(&["--preserve-fds", "1"]), "0 1 2 3 4 ");
    web.delete_force().ok();
}

#[test]
fn sec_cve_2024_21626_cwd_through_a_descriptor_of_the_host() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    for number in 0..32 {
        let cwd = format!("/proc/self/fd/{number}");
        let output = exec(&web, &["--cwd", &cwd], &["/bin/sh", "-c", "echo ran; pwd"]);
        assert_eq!(output.code, 255, "{cwd}: {output:?}");
        assert!(output.stderr.contains("process.cwd"), "{cwd}: {output:?}");
        assert!(!output.stdout.contains("ran"), "{cwd}: {output:?}");
    }
    assert_eq!(sh(&web, &["--cwd", "/proc/self/task"], "echo ran"), "ran\n");
    web.delete_force().ok();
}

#[test]
fn sec_cve_2016_9962_nobody_inside_can_look_into_who_comes_in() {
    let lab = Lab::new();
    // With the capability to trace, it looks at every process that it has not seen before, again and again.
    let spy = r#"while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || [ $p = /proc/$$ ] && continue
        case "$(tr '\0' ' ' < $p/environ 2>/dev/null)" in *CANARY*) echo STOLEN;; esac
        for f in $p/fd/*; do case $(readlink $f 2>/dev/null) in */host-only*) echo STOLEN;; esac; done
        done; echo x >> /tmp/rounds; done"#;
    let web = lab.container("web").sh(spy).capabilities(&["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]);
    let web = web.mount("tmpfs", "tmpfs", "/tmp", "").launch();
    let secret = lab.folder().join("host-only");
    fs::write(&secret, "secret").expect("a file");
    for _ in 0..40 {
        let call = lab.runtime(["exec", web.id(), "true"]).env("CANARY", "1");
        call.redirect(&format!("9<{}", secret.display())).output().ok();
    }
    assert!(!web.said().contains("STOLEN"), "{}", web.said());
    let rounds: usize = sh(&web, &[], "wc -l < /tmp/rounds").trim().parse().expect("a number");
    assert!(rounds > 20, "it looked {rounds} times only");
    // The control: what is there to be found is found.
    let found = lab.runtime(["exec", "-e", "CANARY=1", web.id(), "sleep", "1"]).output();
    assert_eq!(found.code, 0, "{found:?}");
    assert!(web.said().contains("STOLEN"), "the spy cannot see");
    web.delete_force().ok();
}

#[test]
fn a_terminal_of_its_own() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let socket = ConsoleSocket::new(&lab);
    let socket_path = socket.path().to_str().expect("a path of ours");
    let file = process(&web, |process| {
        process["terminal"] = true.into();
        process["consoleSize"] = json!({"height": 30, "width": 99});
        process["args"] = json!(["/bin/sh", "-c", "tty; stty size; read line; echo \"<$line>\""]);
    });
    let flags = ["--process", &file, "--console-socket", socket_path, "--detach"];
    exec(&web, &flags, &[]).ok();
    let mut pty = socket.receive();
    pty.read_until("30 99");
    pty.write("typed\n");
    assert!(pty.read_all().contains("<typed>"));
    web.delete_force().ok();
}

#[test]
fn the_callers_own_terminal() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let (mut pty, end) = Pty::open();
    let script = "tty; read line; echo \"<$line>\"; exit 4";
    let running = lab
        .program("setsid")
        .args(["--ctty", "--wait", "sh", "-c", "\"$@\" >&0 2>&0; echo code $?", "sh"])
        .arg(lab::runtime())
        .args(["--root".into(), lab.state_folder(), "exec".into(), "--tty".into()])
        .args([web.id(), "/bin/sh", "-c", script])
        .stdin(end)
        .start();
    pty.read_until("/dev/pts/0");
    pty.write("typed\r");
    pty.read_until("<typed>");
    assert_eq!(running.finish().stdout, "code 4\n");
    let refused = exec(&web, &["--tty", "--detach"], &["true"]);
    assert!(refused.code == 255 && refused.stderr.contains("console socket"), "{refused:?}");
    web.delete_force().ok();
}

#[test]
fn cgroups_below_the_containers_own() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    for outside in ["../x", "/../x", "a/../../b", "pids:../x"] {
        let output = exec(&web, &["--cgroup", outside], &["true"]);
        assert!(output.code == 255 && output.stderr.contains("leads out of"), "{outside}: {output:?}");
    }
    let missing = exec(&web, &["--cgroup", "nope"], &["true"]);
    assert!(missing.code == 255 && missing.stderr.contains("there is no cgroup"), "{missing:?}");
    let own = fs::read_to_string(format!("/proc/{}/cgroup", web.pid())).expect("its cgroups");
    let own = own.lines().find_map(|line| line.split_once(":pids:")).expect("the pids hierarchy").1;
    let below = format!("/sys/fs/cgroup/pids{own}/below");
    fs::create_dir(&below).expect("a cgroup");
    let seen = sh(&web, &["--cgroup", "pids:below"], "grep -E 'pids|memory' /proc/self/cgroup");
    assert!(seen.contains("/below\n") && seen.matches("below").count() == 1, "{seen}");
    web.delete_force().ok();
    assert!(!fs::exists(&below).expect("a look"), "it is still there");
}

#[test]
fn in_a_user_namespace() {
    let lab = Lab::new();
    let map = json!([{"containerID": 0, "hostID": 100_000, "size": 65536}]);
    let web = lab.container("web").sleeping().edit(|config| {
        config["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "user"}));
        config["linux"]["uidMappings"] = map.clone();
        config["linux"]["gidMappings"] = map;
    });
    let web = web.launch();
    assert_eq!(sh(&web, &[], "id -u; cat /proc/self/uid_map | tr -s ' '"), "0\n 0 100000 65536\n");
    assert_eq!(sh(&web, &["-u", "7:8"], "id -u; id -g"), "7\n8\n");
    let unmapped = exec(&web, &["-u", "70000"], &["true"]);
    assert!(unmapped.code == 255 && unmapped.stderr.contains("process.user.uid"), "{unmapped:?}");
    web.delete_force().ok();
}

#[test]
fn the_container_ends_while_others_come_in() {
    let lab = Lab::new();
    for _ in 0..10 {
        let web = lab.container("web").sleeping().launch();
        let running: Vec<_> =
            (0..6).map(|_| lab.runtime(["exec", web.id(), "sleep", "1000"]).start()).collect();
        web.delete_force().ok();
        for one in running {
            let output = one.finish();
            assert_ne!(output.code, 0, "{output:?}");
            output.no_crash();
        }
        assert_eq!(lab.leftovers(), [""; 0]);
    }
}
