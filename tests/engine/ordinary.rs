//! `nagaya run` by somebody who is not root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use lab::{Call, Lab, Nagaya, ORDINARY_USER, fails, for_ordinary_user};

fn run(lab: &Lab, words: &[&str]) -> Call {
    for_ordinary_user(lab);
    lab.run(words).user(ORDINARY_USER)
}

/// A root folder of its own.
fn rootfs(lab: &Lab) -> PathBuf {
    let root = lab.rootfs("root");
    own(&root);
    root
}

fn own(path: &Path) {
    lchown(path, Some(ORDINARY_USER), Some(ORDINARY_USER)).expect("an owner");
    if path.is_dir() && !path.is_symlink() {
        fs::read_dir(path).expect("a folder").flatten().for_each(|entry| own(&entry.path()));
    }
}

#[test]
fn a_root_folder() {
    let lab = Lab::new();
    let root = rootfs(&lab);
    let script =
        "echo $$ $(id -u) $(hostname); echo x > /work/file; ls /sys/class/net; cat /proc/self/uid_map";
    let seen = run(&lab, &["-h", "box", "--rootfs"]).arg(&root).args(["sh", "-c", script]).output().ok();
    let lines: Vec<_> =
        seen.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["1 0 box", "lo", &format!("0 {ORDINARY_USER} 1")]);
    assert_eq!(fs::metadata(root.join("work/file")).expect("a file").uid(), ORDINARY_USER);
    assert_eq!(lab.known(), [""; 0]);
}

#[test]
fn the_image_host() {
    let lab = Lab::new();
    let output =
        run(&lab, &["host", "sh", "-c", "id -u; head -1 /etc/passwd; echo x > /etc/x; cat /etc/x"]).output();
    assert!(output.stderr.contains("warning: you are not root"), "{}", output.stderr);
    let passwd = fs::read_to_string("/etc/passwd").expect("accounts");
    assert_eq!(output.ok(), format!("0\n{}\nx\n", passwd.lines().next().expect("a line")));
    assert!(!Path::new("/etc/x").exists());
    // No mount of the machine's root is left in there.
    let table = run(&lab, &["host", "cat", "/proc/self/mountinfo"]).output().ok();
    let root = |line: &&str| line.split(' ').nth(4) == Some("/");
    assert_eq!(table.lines().filter(root).count(), 1, "{table}");
    assert_eq!(lab.known(), [""; 0]);
}

/// The kernel refuses to change what belongs to others, and nothing is changed outside either.
#[test]
fn others_files_stay_as_they_are() {
    let lab = Lab::new();
    let before = fs::read("/etc/passwd").expect("accounts");
    let script = "(echo x >> /etc/passwd) 2>/dev/null || echo refused; rm -rf /usr/share/doc 2>/dev/null; \
                  cat /etc/shadow 2>/dev/null || echo no secrets; ls -A /root /home /tmp | grep -v : | grep .; true";
    let seen = run(&lab, &["host", "sh", "-c", script]).output().ok();
    assert_eq!(seen, "refused\nno secrets\n");
    assert_eq!(fs::read("/etc/passwd").expect("accounts"), before);
}

/// Being root inside opens nothing that the user could not open outside.
#[test]
fn what_it_may_not_read_it_cannot_read() {
    let lab = Lab::new();
    let secret = lab.folder().join("secret");
    fs::write(&secret, "secret").expect("a file");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("a mode");
    let volume = format!("{}:/secret", secret.display());
    let script = "cat /secret 2>&1; cat /etc/hostname >/dev/null && echo alive";
    let seen = run(&lab, &["-v", &volume, "host", "sh", "-c", script]).output().ok();
    assert!(seen.contains("Permission denied") && seen.ends_with("alive\n"), "{seen}");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("a mode");
    let seen = run(&lab, &["-v", &volume, "host", "cat", "/secret"]).output().ok();
    assert_eq!(seen, "secret");
}

#[test]
fn limits_that_cannot_be_had_are_named() {
    let lab = Lab::new();
    let output = run(&lab, &["-m", "64m", "--pids-limit", "9", "host", "true"]).output();
    assert!(output.stderr.contains("warning: limits are left out"), "{}", output.stderr);
    assert!(output.stderr.contains("memory") && output.stderr.contains("pids"), "{}", output.stderr);
    output.ok();
}

#[test]
fn network_host_and_privileged() {
    let lab = Lab::new();
    let root = rootfs(&lab);
    let own = lab::namespace_of("self", "net");
    let call = run(&lab, &["--network", "host", "--rootfs"]).arg(&root);
    let seen = call.args([
        "sh",
        "-c",
        "readlink /proc/self/ns/net; (echo > /sys/x) 2>&1 | grep -c .; ls /sys/class/net",
    ]);
    let seen = seen.output().ok();
    assert!(seen.starts_with(&format!("{own}\n1\n")) && seen.contains("lo"), "{seen}");
    let call =
        run(&lab, &["--privileged", "--rootfs"]).arg(&root).args(["grep", "CapEff", "/proc/self/status"]);
    assert!(call.output().ok().contains("1ffffffffff"));
}

#[test]
fn a_user_that_it_cannot_be() {
    let lab = Lab::new();
    fails(run(&lab, &["-u", "5", "host", "id"]).output(), 125, &["user 5", "/etc/subuid", "newuidmap"]);
}

#[test]
fn a_folder_that_is_not_its_own() {
    let lab = Lab::new();
    fs::create_dir(lab.engine_root()).expect("root's folder");
    let output = lab.run(&["host", "true"]).user(ORDINARY_USER).output();
    fails(output, 125, &["permission denied", "--root"]);
}

/// As the root of a user namespace that somebody else has made: in a container of an ordinary user's.
#[test]
fn inside_a_user_namespace() {
    let lab = Lab::new();
    for_ordinary_user(&lab);
    let root = rootfs(&lab);
    let inner = |call: Call| call.under(["unshare", "-Urm"]).user(ORDINARY_USER).output();
    let output = inner(lab.run(&["host", "sh", "-c", "id -u; echo x > /etc/x && cat /etc/x; ls -A /root"]));
    assert!(output.stderr.contains("warning:"), "{}", output.stderr);
    assert_eq!(output.ok(), "0\nx\n");
    let output = inner(lab.run(&["-t", "--rootfs"]).arg(&root).args(["sh", "-c", "id -u; tty"]));
    assert_eq!(output.ok(), "0\r\n/dev/pts/0\r\n");
    assert_eq!(lab.known(), [""; 0]);
}

/// In a mount namespace of its own, where this user has a range of ids.
#[test]
fn more_ids_by_newuidmap() {
    if !Path::new("/usr/bin/newuidmap").exists() {
        eprintln!("SKIPPED: this machine has no newuidmap");
        return;
    }
    let lab = Lab::new();
    for_ordinary_user(&lab);
    let root = rootfs(&lab);
    let ranges = lab.folder().join("ranges");
    fs::write(&ranges, format!("{ORDINARY_USER}:200000:65536\n")).expect("ranges");
    let script = format!(
        "mount --bind {0} /etc/subuid && mount --bind {0} /etc/subgid && exec setpriv --reuid {1} --regid {1} \
         --clear-groups \"$@\"",
        ranges.display(),
        ORDINARY_USER
    );
    let inside =
        "echo $(id -u) $(id -g); echo x > /work/file; cat /proc/self/uid_map; stat -c %g /dev/pts/ptmx";
    let call = lab.run(&["-u", "guest", "--rootfs"]).arg(&root).args(["sh", "-c", inside]);
    let seen = call.under(["unshare", "-m", "sh", "-c", &script, "sh"]).output().ok();
    let lines: Vec<_> =
        seen.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["1000 1000", "0 1000 1", "1 200000 65536", "0"]);
    assert_eq!(fs::metadata(root.join("work/file")).expect("a file").uid(), 200_999);
}
