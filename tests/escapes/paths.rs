//! Root folders that are made to lead outside. `tests/runtime/bad_rootfs.rs` has links in every place where a runtime
//! works; here are the old peers that follow them, and what is not a link.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

use lab::{Canary, ConsoleSocket, Container, Lab};
use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Value, json};

use crate::kit::Old;

/// Puts something in a path's place.
type Make = Box<dyn Fn(&Path)>;

/// The runtime makes its devices in the root folder itself.
fn without_dev<'lab>(lab: &'lab Lab, name: &str, script: &str) -> Container<'lab> {
    let web = lab.container(name).writable().sh(script);
    web.edit(|config| config["mounts"] = json!([lab::mount("proc", "proc", "/proc", "")]))
}

fn clear(path: &Path) {
    let _ = fs::remove_file(path);
    let _ = fs::remove_dir_all(path);
}

fn replace_by_link(path: &Path, target: &Path) {
    clear(path);
    symlink(target, path).expect("a link");
}

fn was_changed(canary: &Canary) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| canary.unharmed())).is_err()
}

/// CVE-2026-41579 and CVE-2026-47766: `/dev` is a link, and the host gets devices.
#[test]
fn sec_cve_2026_41579_47766_the_old_peers_make_devices_on_the_host() {
    let lab = Lab::new();
    for old in [None, Some(Old::Runc), Some(Old::Crun)] {
        let canary = Canary::new(&lab);
        let web = without_dev(&lab, "web", "true");
        replace_by_link(&web.rootfs().join("dev"), canary.folder());
        if let Some(old) = old {
            old.run(&web, &[]).ok();
            assert!(was_changed(&canary), "the control: {old:?} makes its devices there");
        } else {
            web.run().refused_naming(&["/dev"]);
            canary.unharmed();
        }
        fs::remove_dir_all(canary.folder()).expect("the canary's end");
    }
}

/// CVE-2026-88265: `/dev/null` is a link, and the container's streams are written to where it leads.
#[test]
fn sec_cve_2026_88265_the_streams_are_those_that_we_were_given() {
    let lab = Lab::new();
    for old in [None, Some(Old::Runc), Some(Old::Crun)] {
        // A root of its own for each: what one has made would be in another's way.
        let web = without_dev(&lab, &old.map_or("ours".into(), |old| format!("{old:?}")), "true");
        let victim = web.rootfs().join("work/victim");
        fs::write(&victim, "SENTINEL, which is longer than what is said\n").expect("a file");
        let before = (fs::read(&victim).expect("a file"), owner(&victim));
        replace_by_link(&web.rootfs().join("dev/null"), Path::new("/work/victim"));
        if let Some(old) = old {
            old.run(&web, &[]).ok();
            let after = (fs::read(&victim).expect("a file"), owner(&victim));
            assert_ne!(after, before, "the control: {old:?} opens the streams again where the link leads");
        } else {
            let _ = web.call("run", &[]).redirect("> /dev/null 2>&1").output();
            assert_eq!((fs::read(&victim).expect("a file"), owner(&victim)), before);
            web.run().refused_naming(&["/dev/null"]);
            // The control: without the link it runs.
            fs::remove_file(web.rootfs().join("dev/null")).expect("the link");
            web.after_nonce(&web.run().ok());
        }
    }
}

fn owner(path: &Path) -> (u32, u32) {
    let file = fs::metadata(path).expect("a file");
    (file.uid(), file.mode())
}

/// CVE-2025-31133: what masks a file is the null device, and nothing else that an image has in its place.
#[test]
fn sec_cve_2025_31133_masks_are_the_null_device() {
    let masked = |lab: &Lab, make: &dyn Fn(&Path)| {
        let script = "cat /proc/keys; echo x > /proc/keys; ls -l /proc/keys; echo end";
        let web = without_dev(lab, "web", script);
        let web = web.edit(|config| config["linux"]["maskedPaths"] = json!(["/proc/keys"]));
        let null = web.rootfs().join("dev/null");
        clear(&null);
        make(&null);
        let output = web.run();
        (output.code == 0).then(|| web.after_nonce(&output.stdout)).ok_or(output)
    };
    let lab = Lab::new();
    let node = |kind, major, minor| {
        move |path: &Path| {
            let mode = Mode::from_raw_mode(0o666);
            rustix::fs::mknodat(CWD, path, kind, mode, rustix::fs::makedev(major, minor)).expect("a node");
        }
    };
    let file = |path: &Path| fs::write(path, "root:secret").expect("a file");
    let folder = |path: &Path| fs::create_dir(path).expect("a folder");
    let link = |path: &Path| symlink("/proc/sys/kernel/core_pattern", path).expect("a link");
    let kinds: [(&str, Make); 6] = [
        ("file", Box::new(file)),
        ("folder", Box::new(folder)),
        ("link", Box::new(link)),
        ("pipe", Box::new(node(FileType::Fifo, 0, 0))),
        ("zero", Box::new(node(FileType::CharacterDevice, 1, 5))),
        ("disk", Box::new(node(FileType::BlockDevice, 254, 0))),
    ];
    for (name, make) in kinds {
        let output = masked(&lab, &make).expect_err(name);
        output.refused_naming(&["/dev/null"]);
    }
    // The control: with the null device, and with nothing, it is masked. That can be read from the listing too.
    let good: [Make; 2] = [Box::new(node(FileType::CharacterDevice, 1, 3)), Box::new(|_| {})];
    for make in good {
        let said = masked(&lab, &make).expect("it runs");
        assert!(said.starts_with('c') && said.contains("1,   3") && said.ends_with("end\n"), "{said}");
    }
}

/// CVE-2025-24965: the one file that is read of a root, the list of users, is a trap.
#[test]
fn sec_cve_2025_24965_files_that_are_read_of_the_root() {
    let lab = Lab::new();
    let secret = lab.folder().join("secret");
    fs::write(&secret, "root:x:0:0:root:/stolen:/bin/sh\n").expect("a secret");
    let home = |make: &dyn Fn(&Path)| {
        let web = lab.container("web");
        let passwd = web.rootfs().join("etc/passwd");
        clear(&passwd);
        make(&passwd);
        web.see("echo $HOME")
    };
    let pipe = |path: &Path| {
        rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o666), 0).expect("a pipe");
        assert!(fs::metadata(path).expect("a pipe").file_type().is_fifo());
    };
    let endless = |path: &Path| symlink("/dev/zero", path).expect("a link");
    let sparse =
        |path: &Path| fs::File::create(path).and_then(|file| file.set_len(10 << 30)).expect("a file");
    let outside = |path: &Path| symlink(&secret, path).expect("a link");
    let magic = |path: &Path| {
        symlink(PathBuf::from("/proc/1/root").join(&secret), path).expect("a link");
    };
    let folder = |path: &Path| fs::create_dir(path).expect("a folder");
    let traps: [&dyn Fn(&Path); 6] = [&pipe, &endless, &sparse, &outside, &magic, &folder];
    for trap in traps {
        assert_eq!(home(trap), "/\n");
    }
    // The control: an ordinary one is read.
    let ordinary = |path: &Path| assert!(fs::copy(&secret, path).is_ok());
    assert_eq!(home(&ordinary), "/stolen\n");
}

/// CVE-2026-115521: the root is read-only, whatever it has in the place of the kernel's own files.
#[test]
fn sec_cve_2026_115521_a_read_only_root_with_a_proc_of_its_own() {
    let lab = Lab::new();
    let see = |readonly: bool| {
        let web = lab.container("web").edit(|config| {
            config["root"]["readonly"] = readonly.into();
            config["mounts"] = json!([]);
            for field in ["maskedPaths", "readonlyPaths"] {
                config["linux"].as_object_mut().expect("an object").remove(field);
            }
        });
        fs::create_dir_all(web.rootfs().join("proc/self/fd/7")).expect("a false proc");
        web.see("for f in /new /tmp/new; do (echo x > $f) 2>&1 && echo written; done; true")
    };
    let said = see(true);
    assert!(said.matches("Read-only file system").count() == 2 && !said.contains("written"), "{said}");
    assert_eq!(see(false), "written\nwritten\n", "the control");
}

/// CVE-2025-52565, CVE-2026-88264: the console is put where a link of the image leads, here over a file.
#[test]
fn sec_cve_2025_52565_the_console_is_not_put_where_a_link_leads() {
    let see = |old: bool, link: bool| {
        let lab = Lab::new();
        let socket = ConsoleSocket::new(&lab);
        let path = socket.path().to_str().expect("a path of ours").to_string();
        let web = without_dev(&lab, if old { "old" } else { "web" }, "ls -l /work/victim; echo end");
        let web = web.edit(|config| {
            config["process"]["terminal"] = true.into();
            let pts = lab::mount("devpts", "devpts", "/dev/pts", "newinstance,ptmxmode=0666");
            config["mounts"].as_array_mut().expect("a list").push(pts);
        });
        fs::write(web.rootfs().join("work/victim"), "victim").expect("a file");
        clear(&web.rootfs().join("dev/console"));
        if link {
            replace_by_link(&web.rootfs().join("dev/console"), Path::new("/work/victim"));
        }
        let options = ["--detach", "--console-socket", &path];
        let mut said = String::new();
        let mut hear = || said = socket.receive().read_until("end");
        let output = if old {
            Old::Runc.run_until(&web, &options, &[], hear)
        } else {
            let output = web.run_with(&options);
            if output.code == 0 {
                hear();
            }
            web.delete_force().ok();
            output
        };
        (output, said)
    };
    see(false, true).0.refused_naming(&["/dev/console"]);
    let (_, said) = see(true, true);
    assert!(said.contains("crw"), "the control: runc 1.1.5 has put it there: {said}");
    let (output, said) = see(false, false);
    assert!(
        output.code == 0 && said.contains("-rw") && !said.contains("crw"),
        "without the link: {output:?} {said}"
    );
}

const FORWARD: &str = "net/ipv4/ip_forward";

/// The host's, and what a container wants in its own network instead.
fn forward() -> (String, &'static str) {
    let host = fs::read_to_string(format!("/proc/sys/{FORWARD}")).expect("a setting");
    let other = if host.trim() == "1" { "0" } else { "1" };
    (host, other)
}

fn sets_forward(config: &mut Value) {
    config["linux"]["sysctl"] = json!({"net.ipv4.ip_forward": forward().1});
}

/// CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, CVE-2025-54867: in the place of proc is something of
/// the image's on which nothing can be mounted. Links are in `tests/runtime/bad_rootfs.rs`.
#[test]
fn sec_cve_2019_19921_proc_is_something_else() {
    let lab = Lab::new();
    let file = |path: &Path| fs::write(path, "").expect("a file");
    let pipe = |path: &Path| {
        rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o666), 0).expect("a pipe");
    };
    let kinds: [&dyn Fn(&Path); 2] = [&file, &pipe];
    for name in ["proc", "sys", "dev"] {
        for make in kinds {
            let web = lab.container(&format!("not-{name}")).edit(sets_forward).sh("true");
            let path = web.rootfs().join(name);
            clear(&path);
            make(&path);
            for command in ["run", "create"] {
                let output = web.call(command, &[]).output();
                assert!(!output.stdout.contains("alive"), "{output:?}");
                output.refused_naming(&[&format!("/{name}")]);
            }
        }
    }
    // The control: with folders it runs.
    lab.container("plain").edit(sets_forward).see("true");
}

/// The same with a volume or a tmpfs over it: settings are the kernel's, and not written into what lies there.
#[test]
fn sec_cve_2019_19921_proc_is_covered() {
    let lab = Lab::new();
    let (host, other) = forward();
    let volume = lab.folder().join("volume");
    fs::create_dir_all(volume.join("sys/net/ipv4")).expect("a volume");
    fs::write(volume.join("sys").join(FORWARD), "fake\n").expect("a false setting");
    // Another proc shows the truth.
    let script = format!("cat /work/proc/sys/{FORWARD}; cat /proc/sys/{FORWARD} 2> /dev/null; true");
    let see = |name: &str, cover: Option<Value>| {
        let web = lab.container(name).edit(sets_forward).edit(|config| {
            let mounts = config["mounts"].as_array_mut().expect("a list");
            mounts.push(lab::mount("proc", "proc", "/work/proc", ""));
            mounts.extend(cover);
            for field in ["maskedPaths", "readonlyPaths"] {
                config["linux"][field] = json!([]);
            }
        });
        fs::create_dir_all(web.rootfs().join("work/proc")).expect("a folder");
        web.see(&script)
    };
    let bind = lab::mount("bind", volume.to_str().expect("a path of ours"), "/proc", "bind");
    assert_eq!(see("bind", Some(bind)), format!("{other}\nfake\n"));
    assert_eq!(see("tmpfs", Some(lab::mount("tmpfs", "tmpfs", "/proc", ""))), format!("{other}\n"));
    assert_eq!(fs::read_to_string(volume.join("sys").join(FORWARD)).expect("the file"), "fake\n");
    assert_eq!(forward().0, host);
    // The control: without anything over it both are the kernel's.
    assert_eq!(see("plain", None), format!("{other}\n{other}\n"));
}
