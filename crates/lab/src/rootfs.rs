//! A root folder with busybox in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The programs that tests use. All of busybox's would cost a test more time than its container.
const APPLETS: &str = "ash cat chgrp chmod chown cut dd df echo env false find grep head hostname id ifconfig \
                       ip kill ln ls mkdir mkfifo mknod mount mv nproc od printf ps pwd readlink rm sed sh \
                       sleep sort stat stty tail test touch tr true tty umount uname unshare usleep wc xargs";

const FOLDERS: [&str; 9] = ["bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "work"];

/// Makes it, unless it is there. Busybox is copied, not linked: a runtime or a test that changed it would
/// change the host's.
pub(crate) fn build(root: &Path) {
    if root.exists() {
        return;
    }
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder)).expect("a folder in the root folder");
    }
    fs::copy("/bin/busybox", root.join("bin/busybox"))
        .expect("busybox; Debian: apt-get install busybox-static");
    for applet in APPLETS.split_whitespace() {
        symlink("busybox", root.join("bin").join(applet)).expect("a name for busybox");
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000::/tmp:/bin/sh\n")
        .expect("etc/passwd");
    fs::write(root.join("etc/group"), "root:x:0:\ntty:x:5:\nguest:x:1000:\n").expect("etc/group");
    for folder in ["tmp", "work"] {
        let everyone = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(root.join(folder), everyone).expect("a folder for everyone");
    }
}
