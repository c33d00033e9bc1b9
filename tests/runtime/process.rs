//! `process`: what the program finds when it starts.

use std::fs;

use lab::{Container, Lab};
use serde_json::{Value, json};

/// Changes `process`, and returns what a script says inside.
#[track_caller]
fn see(change: impl FnOnce(&mut Value), script: &str) -> String {
    let lab = Lab::new();
    lab.container("web").edit(|config| change(&mut config["process"])).see(script)
}

/// A line of `/proc/self/status`.
#[track_caller]
fn status(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .split_once(':')
        .expect("a colon")
        .1
        .trim()
        .replace('\t', " ")
}

#[test]
fn the_environment_is_the_configs_and_nothing_else() {
    let lab = Lab::new();
    let web = lab
        .container("web")
        .edit(|config| config["process"]["env"] = json!(["PATH=/bin", "A=one=two", "EMPTY=", "SPACE= x "]))
        .args(&["env"]);
    let output = web.call("run", &[]).env("OF_THE_CALLER", "secret").output().ok();
    let mut lines: Vec<_> = output.lines().filter(|line| !line.starts_with("HOME=")).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=one=two", "EMPTY=", "PATH=/bin", "SPACE= x "]);
}

#[test]
fn home_is_set_from_the_containers_passwd() {
    assert_eq!(see(|_| (), "echo $HOME"), "/root\n");
    assert_eq!(see(|process| process["user"] = json!({"uid": 1000, "gid": 1000}), "echo $HOME"), "/tmp\n");
}

#[test]
fn args_arrive_as_they_are() {
    let lab = Lab::new();
    let script = "for arg; do echo \"<$arg>\"; done";
    let web = lab.container("web").args(&["/bin/sh", "-c", script, "sh", "", "a b", "'$HOME'", "ü\n"]);
    assert_eq!(web.run().ok(), "<>\n<a b>\n<'$HOME'>\n<ü\n>\n");
}

#[test]
fn the_program_is_found_in_path() {
    let lab = Lab::new();
    let web = lab.container("web").args(&["echo", "found"]).edit(|config| {
        config["process"]["env"] = json!(["PATH=/nowhere:/etc:/bin"]);
    });
    assert_eq!(web.run().ok(), "found\n");
}

#[test]
fn the_working_folder_is_made_and_entered() {
    assert_eq!(see(|process| process["cwd"] = "/work".into(), "pwd"), "/work\n");
    let lab = Lab::new();
    let web = lab.container("web").writable().edit(|config| config["process"]["cwd"] = "/work/a/b".into());
    assert_eq!(web.see("pwd"), "/work/a/b\n");
}

#[test]
fn the_user_and_all_groups() {
    let user = json!({"uid": 1000, "gid": 1001, "additionalGids": [5, 2000]});
    let seen = see(|process| process["user"] = user, "cat /proc/self/status");
    assert_eq!(status(&seen, "Uid"), "1000 1000 1000 1000");
    assert_eq!(status(&seen, "Gid"), "1001 1001 1001 1001");
    let mut groups: Vec<_> = status(&seen, "Groups").split(' ').map(String::from).collect();
    groups.retain(|group| group != "1001");
    assert_eq!(groups, ["5", "2000"]);
}

#[test]
fn no_groups_of_the_caller_come_along() {
    let seen = see(|_| (), "cat /proc/self/status");
    let groups = status(&seen, "Groups");
    assert!(groups.is_empty() || groups == "0", "{groups}");
}

#[test]
fn the_umask() {
    assert_eq!(see(|process| process["user"]["umask"] = 0o27.into(), "umask"), "0027\n");
    assert_eq!(see(|_| (), "umask"), "0022\n");
}

#[test]
fn rlimits() {
    let limits = json!([
        {"type": "RLIMIT_NOFILE", "soft": 512, "hard": 1024},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 4096},
        {"type": "RLIMIT_CPU", "soft": 1000, "hard": 2000},
    ]);
    let seen = see(|process| process["rlimits"] = limits, "cat /proc/self/limits");
    let find = |name: &str| {
        let line = seen.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(find("Max open files"), "512 1024");
    assert_eq!(find("Max core file size"), "0 4096");
    assert_eq!(find("Max cpu time"), "1000 2000");
}

#[test]
fn no_new_privileges() {
    for (asked, shown) in [(true, "1"), (false, "0")] {
        let seen = see(|process| process["noNewPrivileges"] = asked.into(), "cat /proc/self/status");
        assert_eq!(status(&seen, "NoNewPrivs"), shown);
    }
}

#[test]
fn the_five_sets_of_capabilities() {
    let sets = json!({
        "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
        "permitted": ["CAP_CHOWN", "CAP_KILL"],
        "effective": ["CAP_KILL"],
        "inheritable": ["CAP_CHOWN"],
        "ambient": ["CAP_CHOWN"],
    });
    let user = json!({"uid": 1000, "gid": 1000});
    let seen = see(
        |process| {
            process["capabilities"] = sets;
            process["user"] = user;
        },
        "cat /proc/self/status",
    );
    // An ordinary user keeps across execve what is ambient, and no more.
    let expected = [("CapBnd", 0x2021), ("CapPrm", 1), ("CapEff", 1), ("CapInh", 1), ("CapAmb", 1)];
    for (name, bits) in expected {
        assert_eq!(status(&seen, name), format!("{bits:016x}"), "{name} in {seen}");
    }
}

#[test]
fn root_has_what_was_given_and_no_more() {
    let names = ["CAP_CHOWN", "CAP_SYS_ADMIN"];
    let lab = Lab::new();
    let seen = lab.container("web").capabilities(&names).see("cat /proc/self/status");
    for name in ["CapBnd", "CapPrm", "CapEff"] {
        assert_eq!(status(&seen, name), format!("{:016x}", (1 << 21) | 1), "{name}");
    }
    for name in ["CapInh", "CapAmb"] {
        assert_eq!(status(&seen, name), format!("{:016x}", 0), "{name}");
    }
}

#[test]
fn without_capabilities_there_are_none() {
    let seen = see(
        |process| {
            process.as_object_mut().unwrap().remove("capabilities");
        },
        "cat /proc/self/status",
    );
    for name in ["CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"] {
        assert_eq!(status(&seen, name), format!("{:016x}", 0), "{name} in {seen}");
    }
}

/// The specification: a capability that we do not know is a warning, not an error.
#[test]
fn an_unknown_capability_is_ignored() {
    let lab = Lab::new();
    lab.container("web").capabilities(&["CAP_CHOWN", "CAP_FROM_THE_FUTURE"]).see("true");
}

#[test]
fn the_oom_score() {
    assert_eq!(see(|process| process["oomScoreAdj"] = 100.into(), "cat /proc/self/oom_score_adj"), "100\n");
}

/// Only stdin, stdout and stderr, whatever the caller had open: a leaked folder of the host is a way out.
///
/// CVE-2024-21626.
#[test]
fn no_open_files_of_the_caller_come_along() {
    let lab = Lab::new();
    let web = lab.container("web").sh("ls /proc/self/fd | sort -n | tr '\\n' ' '; ls -l /proc/self/fd >&2");
    let output = web.call("run", &[]).redirect("8</etc 9</etc/passwd 3</").output();
    // The fourth is the folder that `ls` reads.
    assert_eq!(web.after_nonce(&output.stdout), "0 1 2 3 ", "{}", output.stderr);
    assert!(!output.stderr.contains("/etc"), "{}", output.stderr);
}

#[test]
fn files_to_preserve_do_come_along() {
    let lab = Lab::new();
    let file = lab.folder().join("given");
    fs::write(&file, "from the caller\n").unwrap();
    let web = lab.container("web").sh("cat <&3; cat <&4; [ -e /proc/self/fd/5 ] || echo no more");
    let redirections = format!("3<{} 4<{} 5</etc/passwd", file.display(), file.display());
    let output = web.call("run", &["--preserve-fds", "2"]).redirect(&redirections).output();
    assert_eq!(web.after_nonce(&output.ok()), "from the caller\nfrom the caller\nno more\n");
}

/// systemd's way to pass sockets. They are for the process that `LISTEN_PID` names: the runtime.
#[test]
fn files_of_listen_fds_come_along() {
    let lab = Lab::new();
    let web = lab.container("web").sh("head -n 1 <&3; echo $LISTEN_FDS $LISTEN_PID");
    let script = "export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\" 3</etc/passwd";
    let call = web.call("run", &[]).under(["/bin/sh", "-c", script, "sh"]);
    let seen = web.after_nonce(&call.output().ok());
    assert!(seen.starts_with("root:") && seen.ends_with("\n1 1\n"), "{seen}");
}

/// It is the program that knows what to do without one.
#[test]
fn files_of_listen_fds_need_not_be_there() {
    let lab = Lab::new();
    let web = lab.container("web").sh("echo $LISTEN_FDS $LISTEN_PID; [ -e /proc/self/fd/3 ] || echo none");
    let script = "export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\" 3<&-";
    let call = web.call("run", &[]).under(["/bin/sh", "-c", script, "sh"]);
    assert_eq!(web.after_nonce(&call.output().ok()), "1 1\nnone\n");
    // The control: what was counted for us alone must be there.
    let call = web.call("run", &["--preserve-fds", "1"]).redirect("3<&-");
    call.output().refused_naming(&["--preserve-fds"]);
}

/// Programs take the first of two, and whoever adds one means it.
#[test]
fn of_two_variables_with_one_name_the_last_counts() {
    let lab = Lab::new();
    let env = json!(["TWICE=first", "PATH=/bin", "TWICE=last", "EMPTY="]);
    let web = lab.container("web").edit(|config| config["process"]["env"] = env);
    let web = web.sh("tr '\\0' '\\n' </proc/$$/environ | grep TWICE; sleep 1000").launch();
    web.wait_for("TWICE=");
    assert_eq!(web.after_nonce(&web.said()), "TWICE=last\n");
    let call =
        ["exec", "--env", "TWICE=typed", web.id(), "/bin/sh", "-c", "tr '\\0' '\\n' </proc/$$/environ; true"];
    let seen = lab.runtime(call).output().ok();
    let twice: Vec<_> = seen.lines().filter(|line| line.starts_with("TWICE")).collect();
    assert_eq!(twice, ["TWICE=typed"]);
    web.delete_force().ok();
}

/// CVE-2024-21626: a working folder by way of a descriptor of the host.
#[test]
fn a_working_folder_outside_is_refused() {
    let lab = Lab::new();
    for number in 3..12 {
        let web = lab.container("web").sh("cat ../../../../etc/hostname; ls").edit(|config| {
            config["process"]["cwd"] = format!("/proc/self/fd/{number}").into();
        });
        let output = web.call("run", &[]).redirect("9</ 8</etc").output();
        assert!(!output.stdout.contains("alive"), "{output:?}");
        let error = output.refused(&[]);
        assert!(
            error.contains("cwd") || error.contains("/proc/self/fd") || error.contains("chdir"),
            "{error}"
        );
    }
}

#[test]
fn sysctls_of_its_own_namespaces() {
    let lab = Lab::new();
    let before = fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
    let wanted = if before.trim() == "1" { "0" } else { "1" };
    let web = lab.container("web").edit(|config| {
        config["linux"]["sysctl"] =
            json!({"net.ipv4.ip_forward": wanted, "kernel.shm_rmid_forced": "1", "kernel.msgmax": "4096"});
    });
    let seen = web.see("cd /proc/sys; cat net/ipv4/ip_forward kernel/shm_rmid_forced kernel/msgmax");
    assert_eq!(seen, format!("{wanted}\n1\n4096\n"));
    assert_eq!(fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap(), before);
}

#[test]
fn sysctls_of_the_host_are_refused() {
    let lab = Lab::new();
    let refused = |key: &str, prepare: fn(Container<'_>) -> Container<'_>| {
        let web = prepare(lab.container("web").sh("true"));
        let web = web.edit(|config| config["linux"]["sysctl"] = json!({key: "1"}));
        let output = web.run();
        assert!(!output.stdout.contains("alive"), "{key}: {output:?}");
        output.refused_naming(&[key]);
    };
    for key in [
        "kernel.core_pattern",
        "vm.swappiness",
        "fs.file-max",
        "net/../kernel/sysrq",
        "kernel.hostname.x",
        "kernel.hostname",
    ] {
        refused(key, |web| web);
    }
    refused("net.ipv4.ip_forward", |web| web.edit(|config| lab::without_namespace(config, "network")));
    refused("kernel.msgmax", |web| web.edit(|config| lab::without_namespace(config, "ipc")));
    // By a path, the namespace is still the host's.
    refused("net.ipv4.ip_forward", |web| {
        web.edit(|config| lab::namespace(config, "network", Some("/proc/self/ns/net")))
    });
    refused("kernel.msgmax", |web| {
        web.edit(|config| lab::namespace(config, "ipc", Some("/proc/self/ns/ipc")))
    });
}

#[test]
fn without_apparmor_nothing_runs_that_was_to_be_confined() {
    if fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|on| on.starts_with('Y')) {
        // There it is the machine with AppArmor that tells: tests/vm/suite/apparmor.sh.
        return;
    }
    let lab = Lab::new();
    let profile = |name: &str| {
        let name = json!(name);
        lab.container("web").edit(|config| config["process"]["apparmorProfile"] = name).sh("true")
    };
    profile("docker-default").run().refused_naming(&["process.apparmorProfile", "AppArmor is not enabled"]);
    profile("").run().ok();
}
