//! What images are made of: a BusyBox, and a program that only waits.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

/// What a pod's first process does: nothing, until it is told to end, and it buries the dead.
const PAUSE: &str = r"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int s) { (void)s; _exit(0); }
int main(void) {
    struct sigaction a = {.sa_handler = end}, c = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    sigaction(SIGTERM, &a, 0); sigaction(SIGINT, &a, 0); sigaction(SIGCHLD, &c, 0);
    for (;;) pause();
}";

/// Makes the root folder of an image.
pub fn make(rootfs: &Path) -> std::io::Result<()> {
    for name in ["bin", "etc", "tmp"] {
        fs::create_dir_all(rootfs.join(name))?;
    }
    fs::copy("/bin/busybox", rootfs.join("bin/busybox"))?;
    let applets = Command::new("/bin/busybox").arg("--list").output()?;
    for applet in String::from_utf8_lossy(&applets.stdout).lines().filter(|name| *name != "busybox") {
        symlink("busybox", rootfs.join("bin").join(applet))?;
    }
    fs::write(rootfs.join("tmp/plain"), "no program\n")?;
    fs::set_permissions(rootfs.join("tmp"), fs::Permissions::from_mode(0o1777))
}

/// An image as `docker save` writes it, `FOLDER/image.tar`, called `docker.io/library/box:latest`.
pub fn archive(folder: &Path) {
    let rootfs = folder.join("rootfs");
    make(&rootfs).expect("a root folder");
    lab::compile_c(PAUSE, &rootfs.join("pause"));
    fs::write(folder.join("manifest.json"), MANIFEST).expect("a manifest");
    let script = format!(
        "cd '{}' && tar -C rootfs -c . > layer.tar && hash=$(sha256sum < layer.tar | cut -d' ' -f1) &&
         printf '{CONFIG}' $hash > config.json && tar -c manifest.json config.json layer.tar > image.tar",
        folder.display()
    );
    let made = Command::new("sh").args(["-c", &script]).status().expect("a shell");
    assert!(made.success(), "{script}");
}

const MANIFEST: &str = r#"[{"Config": "config.json", "RepoTags": ["box:latest"], "Layers": ["layer.tar"]}]"#;
const CONFIG: &str = r#"{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]},
    "config": {"Cmd": ["/pause"], "Env": ["PATH=/bin"]}}"#;
