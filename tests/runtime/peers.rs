//! Options that callers of runc and crun use besides the usual ones, and crun's annotations.

use std::fs;
use std::io::{IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::time::Duration;

use lab::{Call, Container, Lab};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Signal, pidfd_send_signal};
use serde_json::json;

/// Sets a receiver of a pidfd up, calls, and returns what came: the words and the descriptor.
#[track_caller]
fn receive(listener: &UnixListener) -> (String, OwnedFd) {
    let ready = poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&Timespec { tv_sec: 10, tv_nsec: 0 }));
    assert_eq!(ready, Ok(1), "nobody connected");
    let (stream, _) = listener.accept().expect("a connection");
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; 64];
    let message =
        recvmsg(&stream, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
            .expect("what the kernel says");
    let length = message.bytes;
    let mut fds = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    let fd = fds.next().expect("a descriptor");
    drop(fds);
    (String::from_utf8_lossy(&bytes[..length]).into_owned(), fd)
}

/// The process that a pidfd is on, as the kernel says.
fn pid_of(pidfd: &OwnedFd) -> i64 {
    use std::os::fd::AsRawFd;
    let info =
        fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).expect("what the kernel says");
    let line = info.lines().find_map(|line| line.strip_prefix("Pid:")).expect("a pidfd");
    line.trim().parse().expect("what the kernel says")
}

#[test]
fn a_pidfd_for_the_caller() {
    if !lab::is_nagaya() {
        return; // Debian's runc is older.
    }
    let lab = Lab::new();
    let path = lab.folder().join("pidfd.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let socket = path.to_str().unwrap();
    let web = lab.container("web").sleeping();
    web.create_with(&["--pidfd-socket", socket]).ok();
    let (words, pidfd) = receive(&listener);
    assert_eq!((words.as_str(), pid_of(&pidfd)), ("standard", web.pid()));
    web.start().ok();
    web.wait_for(&web.nonce());
    let pid_file = lab.folder().join("pid");
    let exec = lab.runtime(["exec", "--detach", "--pidfd-socket", socket, "--pid-file"]).arg(&pid_file);
    exec.args([web.id(), "sleep", "1000"]).output().ok();
    let (words, entered) = receive(&listener);
    let number: i64 = fs::read_to_string(&pid_file).unwrap().parse().unwrap();
    assert_eq!((words.as_str(), pid_of(&entered)), ("setns", number));
    // It is good for what one has it for.
    pidfd_send_signal(&pidfd, Signal::TERM).unwrap();
    web.wait_until("stopped");

    let other = lab.container("other").sleeping();
    other.call("run", &["--detach", "--pidfd-socket", socket]).output().ok();
    assert_eq!(pid_of(&receive(&listener).1), other.pid());
    other.delete_force().ok();
}

#[test]
fn a_pidfd_that_nobody_takes_is_an_error_and_leaves_nothing() {
    if !lab::is_nagaya() {
        return;
    }
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let output = web.call("create", &["--pidfd-socket", "/nowhere/socket"]).output();
    output.refused(&["/nowhere/socket"]);
    assert!(web.state().is_none());
}

#[test]
fn a_pidfd_for_whom_the_config_names() {
    if !lab::is_nagaya() {
        return; // crun's.
    }
    let lab = Lab::new();
    let path = lab.folder().join("pidfd.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let web = lab.container("web").sleeping().edit(|config| {
        config["annotations"] = json!({"run.oci.pidfd_receiver": path});
    });
    let web = web.launch();
    assert_eq!(pid_of(&receive(&listener).1), web.pid());
}

#[test]
fn options_with_one_dash() {
    let lab = Lab::new();
    let web = lab.container("web").sh("echo one dash");
    web.save();
    let bundle = format!("-bundle={}", web.bundle().display());
    let call = lab.program(lab::runtime()).arg("-root").arg(lab.state_folder());
    let output = call.args(["run", &bundle, "-no-pivot", web.id()]).output();
    assert_eq!(web.after_nonce(&output.ok()), "one dash\n");
    // In the command of `exec` they are the command's.
    let sleeper = lab.container("sleeper").sleeping().launch();
    let words = ["exec", "-env", "A=b", sleeper.id(), "/bin/echo", "-root", "-env"];
    assert_eq!(lab.runtime(words).output().ok(), "-root -env\n");
    lab.runtime(["run", "-nonsense", web.id()]).output().refused(&[]);
    lab.runtime(["run", "-bundle"]).output().refused(&["flag needs an argument"]);
}

#[test]
fn a_config_that_is_somewhere_else() {
    if !lab::is_nagaya() {
        return; // crun's.
    }
    let lab = Lab::new();
    let web = lab.container("web").sh("echo the wrong one");
    web.save();
    let right = lab.container("right").sh("echo the right one");
    right.save();
    let config = right.bundle().join("config.json");
    for flag in ["--config", "-f"] {
        let output = web.call("run", &[flag, config.to_str().unwrap()]).output();
        assert_eq!(right.after_nonce(&output.ok()), "the right one\n", "{flag}");
    }
    web.call("run", &["-f", "/nowhere/config.json"]).output().refused(&["/nowhere/config.json"]);
    let written = lab.folder().join("other.json");
    lab.runtime(["spec", "-f"]).arg(&written).output().ok();
    assert!(fs::read_to_string(&written).unwrap().contains("ociVersion"));
    lab.runtime(["spec", "-f"]).arg(&written).output().refused(&["other.json"]);
}

#[test]
fn several_containers_by_an_expression() {
    if !lab::is_nagaya() {
        return; // crun's.
    }
    let lab = Lab::new();
    let all: Vec<Container<'_>> =
        ["web-1", "web-2", "db-1"].into_iter().map(|name| lab.container(name).sleeping().launch()).collect();
    lab.runtime(["kill", "--regex", "web-[0-9]$", "KILL"]).output().ok();
    all[0].wait_until("stopped");
    all[1].wait_until("stopped");
    assert_eq!(all[2].status(), "running");
    lab.runtime(["delete", "-r", "web-"]).output().ok();
    assert!(all[0].state().is_none() && all[1].state().is_none());
    // One that cannot be deleted is told, and stays.
    lab.runtime(["delete", "--regex", "."]).output().refused(&["is not stopped"]);
    lab.runtime(["delete", "--force", "--regex", "db"]).output().ok();
    assert!(all[2].state().is_none());
    lab.runtime(["kill", "--regex", "("]).output().refused(&["--regex ("]);
    // Nobody fits: nothing to do.
    lab.runtime(["kill", "--regex", "nobody"]).output().ok();
}

/// Calls with these sockets in the places of the journal and of syslog.
fn with_logs(call: Call, lab: &Lab) -> (Call, UnixDatagram, UnixDatagram) {
    let (journal, syslog) = (lab.folder().join("journal.sock"), lab.folder().join("syslog.sock"));
    let bind = |path: &Path| {
        let socket = UnixDatagram::bind(path).expect("a socket in the lab");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket in the lab");
        socket
    };
    let script = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && cd /run && \
        : >systemd/journal/socket && mount --bind \"$1\" systemd/journal/socket && \
        mkdir dev && mount --rbind /dev dev && mount -t tmpfs tmpfs /dev && : >/dev/log && : >/dev/null && \
        mount --bind dev/null /dev/null && mount --bind \"$2\" /dev/log && shift 2 && exec \"$@\"";
    let words = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        script,
        "sh",
        journal.to_str().expect("a socket in the lab"),
        syslog.to_str().expect("a socket in the lab"),
    ];
    let sockets = (bind(&journal), bind(&syslog));
    (call.under(words), sockets.0, sockets.1)
}

#[test]
fn errors_go_to_the_journal_and_to_syslog() {
    if !lab::is_nagaya() {
        return; // crun's.
    }
    let lab = Lab::new();
    let call = |target: &str| lab.runtime(["--log", target, "state", "nobody"]);
    let (to_journal, journal, _) = with_logs(call("journald:web"), &lab);
    to_journal.output().refused(&["container does not exist"]);
    let mut bytes = [0; 4096];
    let length = journal.recv(&mut bytes).expect("a message to the journal");
    let said = String::from_utf8_lossy(&bytes[..length]).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("MESSAGE=") && lines[0].contains("container does not exist"), "{said}");
    assert_eq!(lines[1..], ["PRIORITY=3", "SYSLOG_IDENTIFIER=web"]);

    let lab = Lab::new();
    let call = lab.runtime(["--log", "syslog:web", "state", "nobody"]);
    let (to_syslog, _, syslog) = with_logs(call, &lab);
    to_syslog.output().refused(&["container does not exist"]);
    let length = syslog.recv(&mut bytes).expect("a message to syslog");
    let said = String::from_utf8_lossy(&bytes[..length]).into_owned();
    assert!(said.starts_with("<11>web[") && said.contains("container does not exist"), "{said}");

    let file = lab.folder().join("log");
    let target = format!("file:{}", file.display());
    lab.runtime(["--log", &target, "state", "nobody"]).output().refused(&[]);
    assert!(fs::read_to_string(file).unwrap().contains("container does not exist"));
}

#[test]
fn no_warnings_where_only_errors_are_wanted() {
    if !lab::is_nagaya() {
        return;
    }
    let lab = Lab::new();
    let web = lab.container("web").capabilities(&["CAP_FROM_THE_FUTURE"]).sh("true");
    web.save();
    let warned = |level: &str| {
        let call = lab.runtime(["--log-level", level, "run", "--bundle"]).arg(web.bundle()).arg(web.id());
        let output = call.output();
        assert!(output.stdout.contains(&web.nonce()), "{output:?}");
        output.stderr.contains("CAP_FROM_THE_FUTURE")
    };
    assert!(warned("warning") && warned("debug") && !warned("error"));
    lab.runtime(["--log-level", "loud", "list"]).output().refused(&["--log-level", "loud"]);
}

#[test]
fn no_cgroup_where_nobody_is_to_make_one() {
    if !lab::is_nagaya() {
        return; // crun's.
    }
    let lab = Lab::new();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap();
    let see = |manager: &str| {
        let web = lab.container("web").sh("cat /proc/self/cgroup").edit(|config| {
            lab::without_namespace(config, "cgroup");
            config["linux"]["resources"] = json!({});
        });
        web.save();
        let call =
            lab.runtime(["--cgroup-manager", manager, "run", "--bundle"]).arg(web.bundle()).arg(web.id());
        web.after_nonce(&call.output().ok())
    };
    assert_eq!(see("disabled"), own);
    assert_ne!(see("cgroupfs"), own);
    let limited = lab.container("limited").sh("true").edit(|config| {
        config["linux"]["resources"] = json!({"memory": {"limit": 67_108_864}});
    });
    limited.save();
    let call = lab.runtime(["--cgroup-manager=disabled", "run", "--bundle"]).arg(limited.bundle());
    call.arg(limited.id()).output().refused(&["linux.resources"]);
    lab.runtime(["--cgroup-manager", "nobody", "list"]).output().refused(&["--cgroup-manager", "nobody"]);
}

#[test]
fn the_callers_groups_are_kept() {
    if !lab::is_nagaya() {
        return; // crun's.
    }
    let lab = Lab::new();
    let see = |keep: &str| {
        let keep = keep.to_string();
        let web = lab.container("web").sh("grep Groups /proc/self/status").edit(|config| {
            config["annotations"] = json!({"run.oci.keep_original_groups": keep});
        });
        let call = web.call("run", &[]).under(["setpriv", "--groups", "4321,4322"]);
        web.after_nonce(&call.output().ok()).replace(['\t', '\n'], " ").trim().to_string()
    };
    assert_eq!(see("1"), "Groups: 4321 4322");
    assert_eq!(see("0"), "Groups:");
    let web = lab.container("web").sh("true").edit(|config| {
        config["annotations"] = json!({"run.oci.keep_original_groups": "maybe"});
    });
    web.run().refused(&["run.oci.keep_original_groups"]);
}

#[test]
fn what_hooks_say_goes_where_the_config_wants_it() {
    if !lab::is_nagaya() {
        return; // crun's.
    }
    let lab = Lab::new();
    let (out, err) = (lab.folder().join("hooks.out"), lab.folder().join("hooks.err"));
    let hook = |name: &str| {
        let script = format!("echo {name}; echo {name} failed >&2");
        json!([{"path": "/bin/sh", "args": ["sh", "-c", script]}])
    };
    let web = lab.container("web").sh("true").edit(|config| {
        config["annotations"] = json!({"run.oci.hooks.stdout": out, "run.oci.hooks.stderr": err});
        for kind in ["createRuntime", "createContainer", "startContainer", "poststart", "poststop"] {
            config["hooks"][kind] = hook(kind);
        }
    });
    web.create().ok();
    web.start().ok();
    web.wait_until("stopped");
    web.delete().ok();
    let lines = |path: &Path| {
        let mut text = String::new();
        fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
        text.lines().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(lines(&out), ["createRuntime", "createContainer", "startContainer", "poststart", "poststop"]);
    assert_eq!(lines(&err).len(), 5);
    let nowhere = lab.container("nowhere").sh("true").edit(|config| {
        config["annotations"] = json!({"run.oci.hooks.stdout": "/nowhere/hooks"});
    });
    nowhere.run().refused(&["run.oci.hooks.stdout"]);
}
