//! linux.seccomp: filters of system calls, on real programs. What a filter says about each call is compared with
//! libseccomp in crates/seccomp; here, that it is in force, in whom, and when.

use std::fs;

use lab::{Container, Lab};
use serde_json::{Value, json};

fn filtered(lab: &Lab, seccomp: Value) -> Container<'_> {
    lab.container("web").edit(|config| config["linux"]["seccomp"] = seccomp)
}

/// Forbids one call.
#[expect(clippy::needless_pass_by_value, reason = "it reads better with a literal at hand")]
fn forbids(call: &str, more: Value) -> Value {
    let mut rule = json!({"names": [call], "action": "SCMP_ACT_ERRNO"});
    rule.as_object_mut().expect("a rule").extend(more.as_object().expect("an object").clone());
    json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
}

#[test]
fn a_forbidden_call_fails_with_the_error_that_was_asked_for() {
    let lab = Lab::new();
    let script = "mkdir /tmp/x 2>&1; grep -E '^Seccomp' /proc/self/status";
    let see = |seccomp: Value| {
        let web = filtered(&lab, seccomp).mount("tmpfs", "tmpfs", "/tmp", "").sh(script);
        web.after_nonce(&web.run().stdout)
    };
    let said = see(forbids("mkdir", json!({})));
    assert!(said.contains("Operation not permitted") && said.contains("Seccomp:\t2"), "{said}");
    assert!(see(forbids("mkdir", json!({"errnoRet": 28}))).contains("No space left"), "errnoRet");
    // The controls: another call is forbidden, and none.
    assert!(!see(forbids("rmdir", json!({}))).contains("mkdir:"));
    assert!(see(json!({"defaultAction": "SCMP_ACT_ALLOW"})).contains("Seccomp:\t0"));
}

#[test]
fn arguments_decide() {
    let lab = Lab::new();
    // The second argument of kill(2).
    let args = |op: &str, value: u64| json!({"args": [{"index": 1, "op": op, "value": value}]});
    let see = |more: Value| {
        let script =
            "sleep 100 & kill -10 $! 2>&1 && echo sent 10; kill -12 $! 2>&1 && echo sent 12; kill -9 $!";
        let web = filtered(&lab, forbids("kill", more)).sh(script);
        web.after_nonce(&web.run().stdout)
    };
    let said = see(args("SCMP_CMP_EQ", 10));
    assert!(!said.contains("sent 10") && said.contains("sent 12"), "{said}");
    let said = see(args("SCMP_CMP_GT", 10));
    assert!(said.contains("sent 10") && !said.contains("sent 12"), "{said}");
}

#[test]
fn a_killed_program_has_the_status_of_its_signal() {
    let lab = Lab::new();
    for action in ["SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"] {
        let web =
            filtered(&lab, forbids("mkdir", json!({"action": action}))).mount("tmpfs", "tmpfs", "/tmp", "");
        let web = web.sh("exec mkdir /tmp/x");
        let output = web.run();
        assert_eq!(output.code, 128 + 31, "{action}: {output:?}");
        web.after_nonce(&output.stdout);
    }
}

#[test]
fn with_and_without_new_privileges_and_as_an_ordinary_user() {
    let lab = Lab::new();
    for no_new_privileges in [true, false] {
        for uid in [0, 1000] {
            let web = filtered(&lab, forbids("mkdir", json!({}))).edit(|config| {
                config["process"]["noNewPrivileges"] = no_new_privileges.into();
                config["process"]["user"] = json!({"uid": uid, "gid": uid});
            });
            let said = web
                .mount("tmpfs", "tmpfs", "/tmp", "mode=1777")
                .see("mkdir /tmp/x 2>&1; grep Seccomp: /proc/self/status");
            assert!(
                said.contains("not permitted") && said.contains("\t2"),
                "{no_new_privileges} {uid}: {said}"
            );
        }
    }
}

#[test]
fn whoever_enters_later_has_the_same_filter() {
    let lab = Lab::new();
    for no_new_privileges in [true, false] {
        let web = filtered(&lab, forbids("mkdir", json!({})))
            .edit(|config| config["process"]["noNewPrivileges"] = no_new_privileges.into())
            .mount("tmpfs", "tmpfs", "/tmp", "")
            .sleeping()
            .launch();
        let exec = |script: &str| lab.runtime(["exec", web.id(), "/bin/sh", "-c", script]).output();
        let said = exec("mkdir /tmp/x 2>&1; grep Seccomp: /proc/self/status").stdout;
        assert!(said.contains("not permitted") && said.contains("\t2"), "{said}");
        // Nobody enters it if the filter is not there.
        let state = lab.state_folder();
        fs::remove_file(std::path::Path::new(&state).join(web.id()).join("seccomp.json"))
            .expect("the filter");
        let refused = exec("echo ran");
        assert!(refused.code == 255 && !refused.stdout.contains("ran"), "{refused:?}");
        assert!(refused.stderr.contains("seccomp.json"), "{refused:?}");
        web.delete_force().ok();
    }
}

#[test]
fn the_profile_that_engines_ship() {
    let lab = Lab::new();
    let text = fs::read_to_string("/usr/share/containers/seccomp.json").expect("it needs podman");
    let mut profile: Value = serde_json::from_str(&text).expect("JSON");
    let groups = profile["syscalls"].as_array_mut().expect("a list");
    groups.retain(|group| {
        group["includes"]["caps"].is_null() && group["includes"]["arches"] != json!(["s390", "s390x"])
    });
    let web = filtered(&lab, profile).sh("unshare -m true 2>&1; echo lived; grep Seccomp: /proc/self/status");
    let said = web.after_nonce(&web.run().ok());
    assert!(said.contains("lived") && said.contains("\t2"), "{said}");
}

#[test]
fn a_name_that_nobody_knows_is_a_warning() {
    let lab = Lab::new();
    let web = filtered(&lab, forbids("not_a_call", json!({}))).sh("true");
    let output = web.run();
    web.after_nonce(&output.stdout);
    assert!(output.code == 0 && output.stderr.contains("not_a_call"), "{output:?}");
    let strict = filtered(&lab, forbids("not_a_call", json!({})))
        .edit(|config| config["annotations"] = json!({"run.oci.seccomp_fail_unknown_syscall": "1"}));
    strict.sh("true").run().refused_naming(&["linux.seccomp.syscalls", "not_a_call"]);
}

#[test]
fn what_cannot_be_a_filter_is_named() {
    let lab = Lab::new();
    let rule = |more: Value| forbids("mkdir", more);
    let arg = |arg: Value| rule(json!({ "args": [arg] }));
    let mut flags = rule(json!({}));
    flags["flags"] = json!(["SECCOMP_FILTER_FLAG_NOPE"]);
    let mut arch = rule(json!({}));
    arch["architectures"] = json!(["SCMP_ARCH_X86", "SCMP_ARCH_NOPE"]);
    let many = (0..900).map(|value| {
        json!({"names": ["mkdir"], "action": "SCMP_ACT_ERRNO",
        "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": value}]})
    });
    let cases = [
        (rule(json!({"action": "SCMP_ACT_NOPE"})), "linux.seccomp.syscalls[0].action"),
        (rule(json!({"errnoRet": 5000})), "linux.seccomp.syscalls[0].errnoRet"),
        (rule(json!({"names": []})), "linux.seccomp.syscalls[0].names"),
        (rule(json!({"action": "SCMP_ACT_ALLOW", "errnoRet": 1})), "linux.seccomp.syscalls[0].errnoRet"),
        (
            arg(json!({"index": 6, "op": "SCMP_CMP_EQ", "value": 0})),
            "linux.seccomp.syscalls[0].args[0].index",
        ),
        (arg(json!({"index": 0, "op": "SCMP_CMP_NOPE", "value": 0})), "linux.seccomp.syscalls[0].args[0].op"),
        (
            arg(json!({"index": 0, "op": "SCMP_CMP_EQ", "value": -1})),
            "linux.seccomp.syscalls[0].args[0].value",
        ),
        (json!({"defaultAction": "SCMP_ACT_NOTIFY"}), "linux.seccomp.defaultAction"),
        (json!({"syscalls": []}), "linux.seccomp"),
        (rule(json!({"action": "SCMP_ACT_NOTIFY"})), "linux.seccomp.listenerPath"),
        (
            json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": many.collect::<Vec<_>>()}),
            "linux.seccomp.syscalls",
        ),
        (flags, "linux.seccomp.flags[0]"),
        (arch, "linux.seccomp.architectures[1]"),
    ];
    for (seccomp, field) in cases {
        filtered(&lab, seccomp).sh("true").run().refused_naming(&[field]);
    }
    // The control: the rule that all of them spoil.
    filtered(&lab, rule(json!({}))).sh("true").run().ok();
}

#[test]
fn a_listener_gets_the_calls_and_is_told_whose_they_are() {
    let lab = Lab::new();
    let (program, path) = (lab.folder().join("listens"), lab.folder().join("listener"));
    lab::compile_c(include_str!("listener.c"), &program);
    let listener = lab.program(&program).arg(&path).start();
    lab::until("it listens", || path.exists());
    let web = filtered(
        &lab,
        json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": path,
            "listenerMetadata": "for you",
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
        }),
    );
    // Without it, filters come before the gate.
    let web = web.edit(|config| config["process"]["noNewPrivileges"] = false.into());
    let web = web.mount("tmpfs", "tmpfs", "/tmp", "").sh("mkdir /tmp/x 2>&1; echo answered");
    web.create().ok();
    lab::until("it is told", || listener.stdout().ends_with('\n'));
    let state: Value = serde_json::from_str(&listener.stdout()).expect("JSON");
    assert_eq!(state["fds"], json!(["seccompFd"]));
    assert_eq!(state["metadata"], "for you");
    assert_eq!(state["pid"].as_i64(), Some(web.pid()));
    assert_eq!(state["state"]["id"], web.id());
    web.start().ok();
    web.wait_for("answered");
    assert!(web.said().contains("Link has been severed"), "{}", web.said());
    assert_eq!(listener.finish().code, 0);
    web.wait_until("stopped");
    web.delete().ok();

    let nobody = filtered(
        &lab,
        json!({
            "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/nope",
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
        }),
    );
    nobody.sh("true").run().refused_naming(&["linux.seccomp.listenerPath", "/nope"]);
}

/// As crun has it: in the place of `listenerPath`, and with that it is not looked at.
#[test]
fn who_decides_may_be_named_in_a_note() {
    let lab = Lab::new();
    let (program, path) = (lab.folder().join("listens"), lab.folder().join("listener"));
    lab::compile_c(include_str!("listener.c"), &program);
    let notified = |listener: &str| {
        json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": listener,
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
        })
    };
    for in_config in ["", "/nowhere"] {
        let listener = lab.program(&program).arg(&path).start();
        lab::until("it listens", || path.exists());
        let web = filtered(&lab, notified(in_config)).mount("tmpfs", "tmpfs", "/tmp", "");
        let web = web.edit(|config| config["annotations"] = json!({"run.oci.seccomp.receiver": path}));
        let said = web.see("mkdir /tmp/x 2>&1; true");
        assert!(said.contains("Link has been severed"), "{said}");
        assert_eq!(listener.finish().code, 0);
        fs::remove_file(&path).expect("its socket");
    }
    // The control: without it nobody listens.
    filtered(&lab, notified("/nowhere")).sh("true").run().refused_naming(&["/nowhere"]);
}

/// int 0x80 makes a call of another architecture from a program of 64 bits, by other numbers.
const OTHER_DOOR: &str = r#"
#include <stdio.h>
int main(void) {
    long id;
    __asm__ volatile("int $0x80" : "=a"(id) : "a"(20L) : "memory"); /* getpid of i386 */
    printf("through %ld\n", id);
    return 0;
}"#;

#[test]
fn an_architecture_that_is_not_listed_is_killed() {
    let lab = Lab::new();
    let run = |seccomp: Value| {
        let web = filtered(&lab, seccomp);
        lab::compile_c(OTHER_DOOR, &web.rootfs().join("bin/door"));
        let web = web.sh("door; echo status $?");
        web.after_nonce(&web.run().stdout)
    };
    let mut profile = forbids("mkdir", json!({}));
    assert!(run(profile.clone()).contains("status 159"));
    profile["architectures"] = json!(["SCMP_ARCH_X86"]);
    assert!(run(profile.clone()).contains("through 2"), "{}", run(profile));
}
