//! Terminals: the caller's own, and one that is handed over a socket.

use lab::{ConsoleSocket, Container, Lab, Pty};
use serde_json::json;

fn with_terminal<'lab>(lab: &'lab Lab, script: &str) -> Container<'lab> {
    lab.container("web").edit(|config| config["process"]["terminal"] = true.into()).sh(script)
}

fn flags(socket: &ConsoleSocket) -> [&str; 2] {
    ["--console-socket", socket.path().to_str().expect("a path of ours")]
}

#[test]
fn the_master_is_sent_to_the_console_socket() {
    let lab = Lab::new();
    let socket = ConsoleSocket::new(&lab);
    let web = with_terminal(&lab, "tty; read line; echo \"<$line>\"; stat -c '%t:%T' /dev/console");
    web.create_with(&flags(&socket)).ok();
    let mut pty = socket.receive();
    web.start().ok();
    pty.read_until("/dev/pts/0");
    pty.write("typed\n");
    let screen = pty.read_all();
    assert!(screen.contains(&web.nonce()), "{screen}");
    assert!(screen.contains("<typed>\r\n88:0\r\n"), "{screen}");
    web.wait_until("stopped");
    web.delete().ok();
}

#[test]
fn run_detached_with_a_console_socket() {
    let lab = Lab::new();
    let socket = ConsoleSocket::new(&lab);
    let web = with_terminal(&lab, "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo three terminals");
    web.run_with(&["--detach", flags(&socket)[0], flags(&socket)[1]]).ok();
    socket.receive().read_until("three terminals");
    web.wait_until("stopped");
    web.delete().ok();
}

#[test]
fn the_size_of_the_config_and_of_later() {
    let lab = Lab::new();
    let socket = ConsoleSocket::new(&lab);
    let script = "stty size; trap 'echo now; stty size' WINCH; echo ready; while :; do sleep 0.02; done";
    let web = with_terminal(&lab, script).edit(|config| {
        config["process"]["consoleSize"] = json!({"height": 41, "width": 132});
    });
    web.create_with(&flags(&socket)).ok();
    let mut pty = socket.receive();
    web.start().ok();
    pty.read_until("ready");
    assert_eq!(pty.size(), (41, 132));
    assert!(pty.read_until("ready").contains("41 132"));
    pty.resize(10, 20);
    pty.read_until("10 20");
    web.delete_force().ok();
}

#[test]
fn the_terminal_belongs_to_the_user() {
    let lab = Lab::new();
    let socket = ConsoleSocket::new(&lab);
    let web =
        with_terminal(&lab, "stat -Lc 'owner %u:%g %a' /proc/self/fd/0; echo x > $(tty) && echo opened");
    let web = web.edit(|config| config["process"]["user"] = json!({"uid": 1000, "gid": 1000}));
    web.run_with(&["--detach", flags(&socket)[0], flags(&socket)[1]]).ok();
    let screen = socket.receive().read_until("opened");
    assert!(screen.contains("owner 1000:5 620"), "{screen}");
}

/// The program leads a session of which this is the terminal, or nobody could interrupt it.
#[test]
fn it_is_the_controlling_terminal() {
    let lab = Lab::new();
    let socket = ConsoleSocket::new(&lab);
    let web = with_terminal(
        &lab,
        "trap 'echo interrupted; exit' INT; echo here > /dev/tty; while :; do sleep 0.02; done",
    );
    web.run_with(&["--detach", flags(&socket)[0], flags(&socket)[1]]).ok();
    let mut pty = socket.receive();
    pty.read_until("here");
    pty.write("\x03");
    pty.read_until("interrupted");
    web.wait_until("stopped");
}

#[test]
fn run_in_the_foreground_uses_the_callers_terminal() {
    let lab = Lab::new();
    let (mut pty, end) = Pty::open();
    pty.resize(33, 77);
    let web = with_terminal(&lab, "tty; sleep 0.1; stty size; read line; echo \"<$line>\"; exit 3");
    let running = lab
        .program("setsid")
        .args(["--ctty", "--wait", "sh", "-c", "\"$@\" >&0 2>&0; echo code $?", "sh"])
        .arg(lab::runtime())
        .args(["--root".into(), lab.state_folder(), "run".into(), "--bundle".into()])
        .args([web.bundle().as_os_str(), web.id().as_ref()])
        .stdin(end);
    web.save();
    let running = running.start();
    pty.read_until("33 77");
    pty.write("typed\r");
    let screen = pty.read_until("<typed>");
    assert!(screen.contains(&web.nonce()) && screen.contains("/dev/pts/0"), "{screen}");
    let output = running.finish();
    assert_eq!(output.stdout, "code 3\n");
}

#[test]
fn a_terminal_and_no_socket_is_refused() {
    let lab = Lab::new();
    let web = with_terminal(&lab, "true");
    web.create().refused(&["console"]);
    web.run_with(&["--detach"]).refused(&["console"]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_socket_and_no_terminal_is_refused() {
    let lab = Lab::new();
    let socket = ConsoleSocket::new(&lab);
    let web = lab.container("web").sh("true");
    web.create_with(&flags(&socket)).refused(&["console"]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_socket_where_nobody_listens_is_refused() {
    let lab = Lab::new();
    let web = with_terminal(&lab, "true");
    web.create_with(&["--console-socket", "/nowhere/console.sock"]).refused(&["/nowhere/console.sock"]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

/// CVE-2017-5226: without a terminal of its own it must not type into the caller's.
#[test]
fn without_a_terminal_it_has_no_controlling_terminal() {
    let lab = Lab::new();
    let (_pty, end) = Pty::open();
    let web = lab.container("web").sh("(echo x > /dev/tty) 2>&1 || echo no terminal");
    web.save();
    let output = web.call("run", &[]).under(["setsid", "--ctty", "--wait"]).stdin(end).output();
    assert!(web.after_nonce(&output.ok()).ends_with("no terminal\n"));
}
