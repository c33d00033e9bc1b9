//! The filter of system calls, from inside.

use std::fs;

use lab::{Lab, Nagaya, fails};

/// Makes calls, and prints what each answers.
const CALLS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static void say(const char *name, long got) { printf("%s %d\n", name, got < 0 ? errno : 0); }
int main(void) {
    say("inet", syscall(SYS_socket, 2L, 1L, 0L));
    say("inet-dirty", syscall(SYS_socket, (1L << 32) | 2, 1L, 0L));
    say("alg", syscall(SYS_socket, 38L, 5L, 0L));
    say("alg-dirty", syscall(SYS_socket, (1L << 32) | 38, 5L, 0L));
    say("vsock", syscall(SYS_socket, 40L, 1L, 0L));
    say("keyctl", syscall(SYS_keyctl, 0L, -3L, 0L));
    say("clone3", syscall(SYS_clone3, 0L, 0L));
    say("unshare", syscall(SYS_unshare, 0L));
    say("chroot", syscall(SYS_chroot, "/"));
    say("new", syscall(5000L));
    say("folder", syscall(SYS_mkdir, "/x", 0755));
    return 0;
}"#;

/// `EPERM` and `ENOSYS`.
const FORBIDDEN: i32 = 1;
const UNKNOWN: i32 = 38;

struct Seen(String);

impl Seen {
    fn of(lab: &Lab, options: &[&str]) -> Seen {
        let root = lab.rootfs(&format!("root{}", options.len()));
        lab::compile_c(CALLS, &root.join("calls"));
        let call = lab.run(options).arg("--rootfs").arg(&root).arg("/calls");
        Seen(call.output().ok())
    }

    #[track_caller]
    fn errno(&self, call: &str) -> i32 {
        let of = |line: &str| line.strip_prefix(call)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(of).unwrap_or_else(|| panic!("no `{call}` in {}", self.0))
    }
}

#[test]
fn calls_are_refused_as_dockers_are() {
    let lab = Lab::new();
    let seen = Seen::of(&lab, &[]);
    for fine in ["inet", "inet-dirty", "chroot", "folder"] {
        assert_eq!(seen.errno(fine), 0, "{fine}");
    }
    for refused in ["alg", "alg-dirty", "vsock", "keyctl", "unshare"] {
        assert_eq!(seen.errno(refused), FORBIDDEN, "{refused}");
    }
    for unknown in ["clone3", "new"] {
        assert_eq!(seen.errno(unknown), UNKNOWN, "{unknown}");
    }
}

/// The control: without a filter the same calls answer something else.
#[test]
fn without_a_filter_the_kernel_decides() {
    let lab = Lab::new();
    for options in [&["--security-opt", "seccomp=unconfined"][..], &["--privileged"]] {
        let seen = Seen::of(&lab, options);
        for call in ["alg", "alg-dirty", "vsock", "keyctl", "unshare", "clone3"] {
            assert!(![FORBIDDEN, UNKNOWN].contains(&seen.errno(call)), "{call} in {}", seen.0);
        }
    }
    // It can be had with `--privileged` too.
    let seen = Seen::of(&lab, &["--privileged", "--security-opt", "seccomp=builtin"]);
    assert_eq!((seen.errno("keyctl"), seen.errno("unshare")), (FORBIDDEN, 0));
}

#[test]
fn what_a_capability_is_for_passes_with_it() {
    let lab = Lab::new();
    let seen = Seen::of(&lab, &["--cap-add", "SYS_ADMIN", "--cap-drop", "SYS_CHROOT"]);
    assert_eq!((seen.errno("unshare"), seen.errno("chroot")), (0, FORBIDDEN));
}

#[test]
fn a_profile_of_ones_own() {
    let lab = Lab::new();
    let profile = lab.folder().join("profile.json");
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"name": "chroot", "action": "SCMP_ACT_ERRNO", "errnoRet": 29, "includes": {"minKernel": "4.0"}}]}"#;
    fs::write(&profile, text).expect("a file");
    let option = format!("seccomp={}", profile.display());
    let seen = Seen::of(&lab, &["--security-opt", &option]);
    assert_eq!((seen.errno("folder"), seen.errno("chroot")), (28, 29));
    let seen = Seen::of(&lab, &["--cap-add", "SYS_ADMIN", "--security-opt", &option]);
    assert_eq!((seen.errno("folder"), seen.errno("chroot")), (0, 29));
    fs::write(&profile, "{").expect("a file");
    fails(
        lab.run(&["--security-opt", &option, "host", "true"]).output(),
        125,
        &["compacting json", "failed"],
    );
    let nowhere = ["--security-opt", "seccomp=/nowhere", "host", "true"];
    fails(lab.run(&nowhere).output(), 125, &["opening seccomp profile (/nowhere) failed"]);
}
