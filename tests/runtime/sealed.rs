//! The runtime's own program cannot be changed from inside a container (CVE-2019-5736).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use lab::Lab;
use rustix::fs::{Mode, OFlags};

/// `EROFS`.
const READ_ONLY: i32 = 30;

/// A name for the program of a process, that outlives the process: what an attacker would keep.
fn keep(pid: impl std::fmt::Display) -> OwnedFd {
    rustix::fs::open(format!("/proc/{pid}/exe"), OFlags::PATH, Mode::empty()).expect("its program")
}

/// Opens it for writing, once nobody runs it any more: while it runs, it is busy for everybody.
fn write(kept: &OwnedFd) -> io::Result<File> {
    OpenOptions::new().write(true).open(format!("/proc/self/fd/{}", kept.as_raw_fd()))
}

/// Not by ourselves: a descriptor for writing could be in a child that another test makes right now, and keep
/// the copy from being executed.
fn copy_by_another_process(lab: &Lab, from: &std::path::Path, to: &std::path::Path) {
    lab.program("cp").arg(from).arg(to).output().ok();
}

/// While it waits at the gate, the container's first process still is the runtime.
#[test]
fn what_waits_at_the_gate_can_never_be_written_to() {
    if !lab::is_nagaya() {
        return; // Others copy themselves into memory instead.
    }
    let lab = Lab::new();
    // A copy of its own: other tests keep the one that all share busy.
    let runtime = lab.folder().join("nagaya-runtime");
    copy_by_another_process(&lab, lab::runtime(), &runtime);
    let web = lab.container("web").sh("true");
    web.save();
    let create = lab.program(&runtime).arg("--root").arg(lab.state_folder()).arg("create").arg("--bundle");
    create.arg(web.bundle()).arg(web.id()).output().ok();
    let kept = keep(web.pid());
    let inode =
        |path: &std::path::Path| std::fs::metadata(path).map(|file| (file.dev(), file.ino())).unwrap();
    assert_eq!(inode(format!("/proc/{}/exe", web.pid()).as_ref()), inode(&runtime), "it is somebody else");
    web.delete_force().ok();
    assert_eq!(write(&kept).expect_err("the runtime was opened for writing").raw_os_error(), Some(READ_ONLY));

    // The control: a program that is not sealed is free as soon as it has ended.
    // Its name must begin so: BusyBox looks at it for what to do, and would end at once.
    let copy = lab.folder().join("busybox-copy");
    copy_by_another_process(&lab, "/bin/busybox".as_ref(), &copy);
    let running = lab.program(&copy).args(["sleep", "60"]).start();
    lab::until("the copy runs", || {
        std::fs::read_link(format!("/proc/{}/exe", running.pid())).is_ok_and(|exe| exe == copy)
    });
    let kept = keep(running.pid());
    running.signal(rustix::process::Signal::KILL);
    assert_eq!(running.finish().code, 137);
    write(&kept).expect("nothing keeps it from being written to");
}

/// The attack itself: the program is a script whose interpreter is the runtime.
#[test]
fn a_script_that_is_run_by_the_runtime_cannot_keep_it() {
    let lab = Lab::new();
    let before = std::fs::read(lab::runtime()).unwrap();
    let web = lab.container("web").args(&["/attack"]);
    let attack = web.rootfs().join("attack");
    std::fs::write(&attack, "#!/proc/self/exe\n").unwrap();
    std::fs::set_permissions(&attack, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = web.run();
    output.no_crash();
    assert!(!output.stdout.contains("alive"), "{output:?}");
    assert!(std::fs::read(lab::runtime()).unwrap() == before, "the runtime's file was changed");
}
