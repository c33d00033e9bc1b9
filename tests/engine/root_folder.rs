//! `--rootfs`: the root folder that `docker export` gives.

use std::fs;

use lab::{Lab, Nagaya};

/// The article's flow: an image's files in a tar, unpacked into a folder.
#[test]
fn an_exported_image_runs() {
    let lab = Lab::new();
    let (image, tar, root) = (lab.rootfs("image"), lab.folder().join("image.tar"), lab.folder().join("root"));
    fs::create_dir(&root).expect("a folder");
    lab.program("tar").arg("-cf").arg(&tar).arg("-C").arg(&image).arg(".").output().ok();
    lab.program("tar").arg("-xf").arg(&tar).arg("-C").arg(&root).output().ok();
    let script = "echo $$; ps > /tmp/all; wc -l < /tmp/all; hostname; id -u; pwd; echo written > /work/file";
    let seen =
        lab.run(&["--hostname", "box", "--rootfs"]).arg(&root).args(["sh", "-c", script]).output().ok();
    assert_eq!(seen, "1\n3\nbox\n0\n/\n");
    assert_eq!(fs::read_to_string(root.join("work/file")).expect("what was written"), "written\n");
    assert_eq!(lab.known(), [""; 0]);
}

#[test]
fn a_relative_path_and_no_command() {
    let lab = Lab::new();
    lab.rootfs("root");
    let script = fs::File::open({
        let path = lab.folder().join("script");
        fs::write(&path, "echo a shell: $0\n").expect("a script");
        path
    })
    .expect("a script");
    let call = lab.run(&["-i", "--rootfs", "./root"]).folder(lab.folder()).stdin(script);
    assert_eq!(call.output().ok(), "a shell: sh\n");
}

#[test]
fn options_behind_the_command_are_its_own() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    let call = lab.run(&["--rootfs"]).arg(&root).args(["echo", "-e", "--rm", "-it", "--", "--name", "x"]);
    assert_eq!(call.output().ok(), "--rm -it -- --name x\n");
}

#[test]
fn read_only() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    let script = "(echo x > /work/file) 2>&1; echo y > /dev/shm/file && cat /dev/shm/file";
    let seen = lab.run(&["--read-only", "--rootfs"]).arg(&root).args(["sh", "-c", script]).output().ok();
    assert!(seen.contains("Read-only file system") && seen.ends_with("y\n"), "{seen}");
    assert!(!root.join("work/file").exists());
    lab.run(&["--rootfs"]).arg(&root).args(["sh", "-c", "echo x > /work/file"]).output().ok();
    assert!(root.join("work/file").exists());
}
