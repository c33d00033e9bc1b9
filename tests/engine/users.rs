//! `--user`, as the root's own accounts say.

use std::fs;

use lab::{Lab, Nagaya, fails};

fn ids(lab: &Lab, user: &str) -> String {
    let root = lab.rootfs("root");
    fs::write(root.join("etc/group"), "root:x:0:\nguest:x:1000:\nstaff:x:50:guest\n").expect("groups");
    let script = "echo $(id -u) $(id -g) $(id -G) $HOME";
    lab.run(&["-u", user, "--rootfs"]).arg(&root).args(["sh", "-c", script]).output().ok()
}

#[test]
fn names_numbers_and_groups() {
    let lab = Lab::new();
    assert_eq!(ids(&lab, "guest"), "1000 1000 1000 50 /tmp\n");
    assert_eq!(ids(&lab, "1000"), "1000 1000 1000 50 /tmp\n");
    assert_eq!(ids(&lab, "guest:staff"), "1000 50 50 /tmp\n");
    assert_eq!(ids(&lab, "7:8"), "7 8 8 /\n");
    assert_eq!(ids(&lab, "root"), "0 0 0 /root\n");
}

/// CVE-2016-3697: an account whose name is a number.
#[test]
fn a_number_is_never_a_name() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    fs::write(root.join("etc/passwd"), "1000:x:0:0::/:/bin/sh\n").expect("accounts");
    let call = lab.run(&["-u", "1000", "--rootfs"]).arg(&root).args(["id", "-u"]);
    assert_eq!(call.output().ok(), "1000\n");
}

/// The accounts are the container's: a link in it does not lead to the machine's.
#[test]
fn accounts_are_looked_up_inside() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    let outside = lab.folder().join("passwd");
    fs::write(&outside, "spy:x:4242:4242::/:/bin/sh\n").expect("accounts outside");
    fs::remove_file(root.join("etc/passwd")).expect("no accounts");
    std::os::unix::fs::symlink(&outside, root.join("etc/passwd")).expect("a link to outside");
    let call = lab.run(&["-u", "spy", "--rootfs"]).arg(&root).args(["id", "-u"]);
    fails(call.output(), 125, &["`spy`"]);
    // A pipe in its place is not waited for.
    fs::remove_file(root.join("etc/passwd")).expect("no accounts");
    lab.program("mkfifo").arg(root.join("etc/passwd")).output().ok();
    let call = lab.run(&["-u", "5", "--rootfs"]).arg(&root).args(["echo", "alive"]);
    assert_eq!(call.output().ok(), "alive\n");
}
