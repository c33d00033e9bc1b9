//! A root folder and mounts of its own.

use std::fs;

use lab::Lab;

#[test]
fn a_container_sees_its_own_files_and_not_the_hosts() {
    let lab = Lab::new();
    let web = lab.container("web");
    fs::write(web.rootfs().join("etc/only-here"), "from the bundle\n").unwrap();
    let hosts_file = lab.folder().join("hosts-file");
    fs::write(&hosts_file, "of the host").unwrap();
    let script = format!("cat /etc/only-here; ls -a /; cat {} 2>&1 || true", hosts_file.display());
    let seen = web.see(&script);
    assert!(seen.starts_with("from the bundle\n"), "{seen}");
    for folder in ["bin", "dev", "etc", "proc", "sys", "tmp", "work"] {
        assert!(seen.lines().any(|line| line == folder), "no {folder} in {seen}");
    }
    assert!(!seen.contains("of the host"), "{seen}");
    assert!(seen.contains("No such file or directory"), "{seen}");
}

#[test]
fn the_parent_of_the_root_is_the_root() {
    let lab = Lab::new();
    let seen =
        lab.container("up").see("cd ../../../..; pwd; ls -d work; ls -d usr 2>/dev/null || echo no usr");
    assert_eq!(seen, "/\nwork\nno usr\n");
}

#[test]
fn files_written_inside_are_in_the_root_folder_outside() {
    let lab = Lab::new();
    let web = lab.container("web").writable().sh("echo written inside > /work/note; mkdir /made");
    let output = web.run();
    web.after_nonce(&output.ok());
    assert_eq!(fs::read_to_string(web.rootfs().join("work/note")).unwrap(), "written inside\n");
    assert!(web.rootfs().join("made").is_dir());
}

#[test]
fn files_changed_outside_are_changed_inside() {
    let lab = Lab::new();
    let web = lab.container("web").sh("until [ -e /work/note ]; do sleep 0.02; done; cat /work/note");
    let web = web.launch();
    // Renamed into place, so that nobody reads half of it.
    fs::write(web.rootfs().join("tmp/note"), "written outside\n").unwrap();
    fs::rename(web.rootfs().join("tmp/note"), web.rootfs().join("work/note")).unwrap();
    web.wait_for("written outside");
}

#[test]
fn mounts_made_inside_are_not_seen_outside() {
    let lab = Lab::new();
    let web = lab
        .container("web")
        .capabilities(&["CAP_SYS_ADMIN"])
        .sh("mount -t tmpfs none /work && echo secret > /work/file && grep ' /work ' /proc/mounts
             echo mounted; while :; do sleep 0.02; done")
        .launch();
    web.wait_for("mounted");
    assert!(web.said().contains("none /work tmpfs rw"), "it could not mount: {}", web.said());
    assert!(!web.rootfs().join("work/file").exists());
    assert!(!mounts_of_the_host().contains(lab.name()), "{}", mounts_of_the_host());
    web.delete_force().ok();
}

#[test]
fn mounts_made_outside_later_are_not_seen_inside() {
    let lab = Lab::new();
    let web = lab
        .container("web")
        .sh("touch /work/ready; until [ -e /work/go ]; do sleep 0.02; done
        ls /work; echo done")
        .writable()
        .launch();
    let work = web.rootfs().join("work");
    lab.program("unshare")
        .args(["-m", "--propagation", "unchanged", "sh", "-c"])
        .arg("mount -t tmpfs none $0 && touch $0/on-tmpfs && touch $1 && ls $0")
        .args([&work, &lab.folder().join("witness")])
        .output()
        .ok();
    assert!(lab.folder().join("witness").exists(), "the mount outside did not work");
    fs::write(work.join("go"), "").unwrap();
    web.wait_for("done");
    assert!(!web.said().contains("on-tmpfs"), "{}", web.said());
}

fn mounts_of_the_host() -> String {
    fs::read_to_string("/proc/self/mountinfo").expect("the mount table")
}
