//! Root folders made to write outside: each is run with a canary where its links point to.
//!
//! runc 1.1.5 is the control of `dev_*`: there it harms the canary (CVE-2026-41579), so the test can see it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lab::{Canary, ConsoleSocket, Container, Lab};
use serde_json::json;

/// Which mounts the config has.
#[derive(Debug, Clone, Copy)]
enum Mounts {
    /// Those of `runc spec`.
    All,
    /// Only `/proc`: the runtime makes its devices in the root folder itself.
    OnlyProc,
}

fn container(lab: &Lab, mounts: Mounts) -> Container<'_> {
    let web = lab.container("web").writable().sh("ls /work > /dev/null; echo fine");
    web.edit(|config| {
        if let Mounts::OnlyProc = mounts {
            config["mounts"] = json!([lab::mount("proc", "proc", "/proc", "")]);
        }
    })
}

/// Puts a link into the root folder, in place of what is there.
fn plant(root: &Path, name: &str, target: &Path) {
    let path = root.join(name);
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(&path).expect("making room");
    } else {
        let _ = fs::remove_file(&path);
    }
    fs::create_dir_all(path.parent().expect("a folder")).expect("its folder");
    symlink(target, &path).expect("the link");
}

/// Runs with the link in place. Either it is refused with the link's path, or the program runs and is heard.
#[track_caller]
fn survives(name: &str, target: &str, mounts: Mounts) {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let control = container(&lab, mounts);
    control.after_nonce(&control.run().ok());
    fs::remove_dir_all(control.rootfs()).expect("a fresh root folder");
    let web = container(&lab, mounts);
    plant(&web.rootfs(), name, &aim(&canary, &web.rootfs(), target));
    let output = web.run();
    canary.unharmed();
    output.no_crash();
    if output.code == 0 {
        assert_eq!(web.after_nonce(&output.stdout), "fine\n", "{name} -> {target}, {mounts:?}");
    } else {
        let word = format!("/{name}");
        output.refused_naming(&[&word]);
    }
    canary.unharmed();
}

/// `/canary/null` as an absolute path, or `../../..` up and down again.
fn aim(canary: &Canary, root: &Path, target: &str) -> PathBuf {
    let path = canary.folder().join(target.trim_start_matches("../"));
    if target.starts_with("../") {
        let up = "../".repeat(root.components().count() + 3);
        return PathBuf::from(up).join(path.strip_prefix("/").expect("an absolute path"));
    }
    path
}

#[track_caller]
fn survives_all(name: &str, targets: &[&str]) {
    for target in targets {
        for mounts in [Mounts::All, Mounts::OnlyProc] {
            survives(name, target, mounts);
        }
    }
}

#[test]
fn dev_is_a_link() {
    survives_all("dev", &["", "../", "missing"]);
}

#[test]
fn dev_null_is_a_link() {
    survives_all("dev/null", &["null", "../secret", "missing"]);
}

#[test]
fn dev_pts_is_a_link() {
    survives_all("dev/pts", &["pts", "../pts", "missing"]);
}

#[test]
fn dev_console_is_a_link() {
    survives_all("dev/console", &["secret", "missing"]);
}

#[test]
fn dev_ptmx_and_the_streams_are_links() {
    for name in ["dev/ptmx", "dev/stdin", "dev/fd", "dev/shm"] {
        survives_all(name, &["ptmx", "pts"]);
    }
}

#[test]
fn proc_is_a_link() {
    survives_all("proc", &["", "../", "missing"]);
}

#[test]
fn sys_is_a_link() {
    survives_all("sys", &["", "../pts", "missing"]);
}

/// The console's place is the one that is used only with a terminal.
#[test]
fn dev_console_is_a_link_and_there_is_a_terminal() {
    for (name, target) in
        [("dev/console", "secret"), ("dev/console", "missing"), ("dev", ""), ("dev/pts", "pts")]
    {
        let lab = Lab::new();
        let canary = Canary::new(&lab);
        let socket = ConsoleSocket::new(&lab);
        let web = container(&lab, Mounts::OnlyProc).edit(|config| {
            config["process"]["terminal"] = true.into();
            let pts = lab::mount("devpts", "devpts", "/dev/pts", "newinstance,ptmxmode=0666");
            config["mounts"].as_array_mut().unwrap().push(pts);
        });
        plant(&web.rootfs(), name, &canary.folder().join(target));
        let output = web.run_with(&["--detach", "--console-socket", socket.path().to_str().unwrap()]);
        canary.unharmed();
        output.no_crash();
        if output.code == 0 {
            socket.receive().read_until("fine");
        } else {
            output.refused_naming(&["/dev"]);
        }
        canary.unharmed();
    }
}

/// The target of a mount is a link: it must end inside, wherever it points.
#[test]
fn a_mount_on_a_link() {
    for (mount, source) in [("tmpfs", "none"), ("bind", "/etc")] {
        for destination in ["/work/link", "/work/link/deep/er", "/work/link/secret"] {
            let lab = Lab::new();
            let canary = Canary::new(&lab);
            let web = container(&lab, Mounts::All).mount(
                mount,
                source,
                destination,
                if mount == "bind" { "bind" } else { "" },
            );
            plant(&web.rootfs(), "work/link", canary.folder());
            let output = web.run();
            canary.unharmed();
            output.no_crash();
            if output.code == 0 {
                assert_eq!(web.after_nonce(&output.stdout), "fine\n");
            } else {
                output.refused_naming(&["/work/link"]);
            }
        }
    }
}

/// Masking and making read-only must not follow links out either.
#[test]
fn a_masked_path_that_is_a_link() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    for field in ["maskedPaths", "readonlyPaths"] {
        let web = container(&lab, Mounts::All)
            .edit(|config| config["linux"][field] = json!(["/work/link", "/work/up"]));
        plant(&web.rootfs(), "work/link", &canary.folder().join("secret"));
        plant(&web.rootfs(), "work/up", &aim(&canary, &web.rootfs(), "../secret"));
        let output = web.run();
        canary.unharmed();
        if output.code == 0 {
            assert_eq!(web.after_nonce(&output.stdout), "fine\n");
        } else {
            output.refused(&["/work/"]);
        }
    }
}

/// A working folder that is made on the way must be made inside.
#[test]
fn a_working_folder_behind_a_link() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let web = container(&lab, Mounts::All).edit(|config| config["process"]["cwd"] = "/work/link/new".into());
    plant(&web.rootfs(), "work/link", canary.folder());
    let output = web.run();
    canary.unharmed();
    if output.code == 0 {
        assert_eq!(web.after_nonce(&output.stdout), "fine\n");
    } else {
        output.refused_naming(&["/work/link/new"]);
    }
}
