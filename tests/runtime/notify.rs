//! sd_notify(3): a program in a container is a service of the caller's service manager.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use lab::{Container, Lab};

/// Says what it is given, a message for each argument, once there is a file `/go`.
const TALKER: &str = r#"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(int count, char **words) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    strncpy(to.sun_path, getenv("NOTIFY_SOCKET"), sizeof to.sun_path - 1);
    while (access("/go", F_OK)) usleep(5000);
    for (int at = 1; at < count; at++)
        if (sendto(fd, words[at], strlen(words[at]), 0, (void *)&to, sizeof to) < 0) return 9;
    for (;;) pause();
}
"#;

/// A service manager that only listens.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn new(lab: &Lab) -> Manager {
        let path = lab.folder().join("manager.sock");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit");
        Manager { socket, path }
    }

    /// All of what is to be said, in the time that it takes: it is waited for until it has read the last one.
    fn hears_all(&self) -> Vec<String> {
        let mut all = Vec::new();
        lab::until("the manager was told all", || {
            all.extend(self.heard());
            all.last().is_some_and(|last| last == "BARRIER=1")
        });
        all
    }

    /// All that it was told so far.
    fn heard(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut bytes = [0; 4096];
        loop {
            match self.socket.recv(&mut bytes) {
                Ok(length) => all.push(String::from_utf8_lossy(&bytes[..length]).into_owned()),
                Err(err) if err.kind() == ErrorKind::WouldBlock => return all,
                Err(err) => panic!("{err}"),
            }
        }
    }
}

fn talker<'lab>(lab: &'lab Lab, name: &str, words: &[&str]) -> Container<'lab> {
    let web = lab.container(name);
    lab::compile_c(TALKER, &web.rootfs().join("bin/talker"));
    let words: Vec<&str> = ["/bin/talker"].into_iter().chain(words.iter().copied()).collect();
    web.args(&words)
}

fn let_it_talk(web: &Container<'_>) {
    fs::write(web.rootfs().join("go"), "").expect("the sign to talk");
}

/// What a program may have passed on, and what not.
const WORDS: [&str; 3] = ["MAINPID=1", "STATUS=busy", "X=1\nREADY=1\nMAINPID=2"];

#[test]
fn start_waits_until_the_program_is_ready_and_passes_nothing_else_on() {
    let lab = Lab::new();
    let manager = Manager::new(&lab);
    let web = talker(&lab, "web", &WORDS);
    web.call("create", &[]).env("NOTIFY_SOCKET", &manager.path).output().ok();
    let start = lab.runtime(["start", web.id()]).env("NOTIFY_SOCKET", &manager.path).start();
    web.wait_until("running");
    assert_eq!(manager.heard(), [""; 0]);
    assert!(lab::process_exists(start.pid().into()), "start did not wait");
    let pid = web.pid();
    let_it_talk(&web);
    let heard = manager.hears_all();
    start.finish().ok();
    assert_eq!(heard, ["READY=1\n".to_string(), format!("MAINPID={pid}\n"), "BARRIER=1".into()]);
    web.delete_force().ok();
}

#[test]
fn a_program_that_ends_without_a_word_is_waited_for_no_longer() {
    let lab = Lab::new();
    let manager = Manager::new(&lab);
    let web = lab.container("web").sh("true");
    web.call("create", &[]).env("NOTIFY_SOCKET", &manager.path).output().ok();
    lab.runtime(["start", web.id()]).env("NOTIFY_SOCKET", &manager.path).output().ok();
    assert_eq!(manager.heard(), [""; 0]);
}

#[test]
fn run_in_the_background_waits_too() {
    let lab = Lab::new();
    let manager = Manager::new(&lab);
    let web = talker(&lab, "web", &WORDS);
    let_it_talk(&web);
    let run = web.call("run", &["--detach"]).env("NOTIFY_SOCKET", &manager.path).start();
    let heard = manager.hears_all();
    run.finish().ok();
    assert_eq!(heard[..2], ["READY=1\n".to_string(), format!("MAINPID={}\n", web.pid())]);
    web.delete_force().ok();
}

/// In the foreground we stay, so we are the process to watch.
#[test]
fn run_in_the_foreground_is_the_service_itself() {
    let lab = Lab::new();
    let manager = Manager::new(&lab);
    let web = talker(&lab, "web", &WORDS);
    let_it_talk(&web);
    let run = web.call("run", &[]).env("NOTIFY_SOCKET", &manager.path).start();
    let heard = manager.hears_all();
    assert_eq!(heard, ["READY=1\n".to_string(), format!("MAINPID={}\n", run.pid()), "BARRIER=1".into()]);
    web.kill("KILL").ok();
    assert_eq!(run.finish().code, 137);
}

/// The container sees the socket and nothing else of the folder of the runtime; without a manager, not even that.
#[test]
fn what_is_seen_inside() {
    let lab = Lab::new();
    let manager = Manager::new(&lab);
    let script = "echo $NOTIFY_SOCKET; ls /run/notify 2>/dev/null; touch /run/notify/x 2>/dev/null && echo written; true";
    let web = lab.container("web").writable().sh(script);
    let output = web.call("run", &[]).env("NOTIFY_SOCKET", &manager.path).output();
    assert_eq!(web.after_nonce(&output.ok()), "/run/notify/notify.sock\nnotify.sock\n");
    fs::remove_dir_all(web.rootfs().join("run/notify")).unwrap();
    assert_eq!(lab.container("web").writable().see(script), "\n");
}

#[test]
fn a_manager_that_is_not_there_is_an_error_with_its_name() {
    if !lab::is_nagaya() {
        return; // runc starts the container and then fails.
    }
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let output = web.call("run", &[]).env("NOTIFY_SOCKET", "/nowhere/manager").output();
    assert!(!output.stdout.contains("alive"), "{output:?}");
    output.refused(&["/nowhere/manager"]);
}
