//! Words of runc and crun that callers may use: single dashes, `--regex`, `--config`, `--log file:`, `--pidfd-socket`.

use std::fs;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;

use lab::Lab;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

#[test]
fn a_long_name_may_have_a_single_dash() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    web.save();
    let root = format!("-root={}", lab.state_folder().display());
    let call = |args: &[&str]| lab.program(lab::runtime()).arg(&root).args(args).output().ok();
    let pid_file = lab.folder().join("pid");
    call(&[
        "create",
        "-bundle",
        web.bundle().to_str().expect("a path"),
        "-pid-file",
        pid_file.to_str().expect("a path"),
        web.id(),
    ]);
    assert_eq!(fs::read_to_string(&pid_file).expect("the file"), web.pid().to_string());
    assert_eq!(call(&["list", "-quiet"]).trim(), web.id());
    call(&["delete", "-force", web.id()]);
    assert_eq!(web.state(), None);
}

#[test]
fn an_expression_names_several_containers() {
    let lab = Lab::new();
    let all: Vec<_> = ["a1", "a2", "b1"].map(|name| lab.container(name).sleeping()).into();
    for one in &all {
        one.create().ok();
    }
    lab.runtime(["delete", "--force", "--regex", "_a[0-9]$"]).output().ok();
    let left: Vec<_> = all.iter().map(lab::Container::status).collect();
    assert_eq!(left, ["", "", "created"]);
    lab.runtime(["delete", "--regex", "("]).output().refused(&["--regex ("]);
}

#[test]
fn a_config_may_have_another_name_and_a_log_a_prefix() {
    let lab = Lab::new();
    let web = lab.container("web").sh("echo other");
    web.save();
    let other = lab.folder().join("other.json");
    fs::rename(web.bundle().join("config.json"), &other).expect("renamed");
    let said = web.call("run", &["--config", other.to_str().expect("a path")]).output().ok();
    assert!(said.contains("other"), "{said}");
    let log = lab.folder().join("log");
    let target = format!("file:{}", log.display());
    lab.program(lab::runtime())
        .args(["--log", &target, "--root"])
        .arg(lab.state_folder())
        .args(["state", "nobody"])
        .output()
        .refused(&["does not exist"]);
    assert!(fs::read_to_string(&log).expect("the log").contains("does not exist"));
}

#[test]
fn a_caller_gets_a_descriptor_of_the_process() {
    let lab = Lab::new();
    let path = lab.folder().join("pidfd.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let web = lab.container("web").sleeping();
    web.create_with(&["--pidfd-socket", path.to_str().expect("a path")]).ok();
    let (stream, _) = listener.accept().expect("the runtime's connection");
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut text = [0; 64];
    recvmsg(&stream, &mut [IoSliceMut::new(&mut text)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
        .expect("a message");
    let files = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let files: Vec<_> = files.flatten().collect();
    assert_eq!(files.len(), 1);
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", files[0].as_raw_fd())).expect("fdinfo");
    assert!(info.lines().any(|line| line == format!("Pid:\t{}", web.pid())), "{info}");
}
