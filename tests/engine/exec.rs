//! `exec`.

use std::fs;

use lab::{Call, Lab, Nagaya, Pty, engine, fails, for_ordinary_user};

use crate::inside::Inside;

#[test]
fn it_is_in_the_container_and_its_exit_code_is_ours() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &["-e", "OURS=1", "-w", "/work", "-h", "box"]);
    let output = inside.exec(&[], &["sh", "-c", "echo $OURS $PWD $(hostname); echo err >&2; exit 7"]);
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (7, "1 /work box\n", "err\n"));
    let own = fs::read_link(format!("/proc/{}/ns/pid", inside.pid())).expect("its namespace");
    assert_eq!(inside.sh("readlink /proc/self/ns/pid").trim(), own.to_string_lossy());
    assert_eq!(inside.exec(&[], &["sh", "-c", "kill -9 $$"]).code, 137);
    // Options of the command are the command's.
    assert_eq!(inside.exec(&[], &["echo", "-e", "a", "--", "-i"]).ok(), "a -- -i\n");
}

#[test]
fn input_only_with_i() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let file = lab.folder().join("input");
    fs::write(&file, "typed").expect("a file");
    let cat = |options: &[&str]| {
        let input = fs::File::open(&file).expect("a file");
        inside.call(&[&["exec"], options].concat(), &["cat"]).stdin(input).output().ok()
    };
    assert_eq!(cat(&["-i"]), "typed");
    assert_eq!(cat(&[]), "");
}

#[test]
fn variables_folder_and_user() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &["-e", "A=container", "-e", "B=container"]);
    let file = lab.folder().join("variables");
    fs::write(&file, "# comment\nB=file\nC=file\nMINE\n").expect("a file");
    let call = inside.call(
        &["exec", "--env-file", &file.display().to_string(), "-e", "C=typed", "-w", "/tmp", "-u", "guest"],
        &["sh", "-c", "echo $A $B $C $MINE $PWD $HOME $(id -u):$(id -g)"],
    );
    assert_eq!(call.env("MINE", "m").output().ok(), "container file typed m /tmp /tmp 1000:1000\n");
    // A number stays one, whatever the container's list of users says.
    inside.sh("echo '1001:x:0:0::/:' >> /etc/passwd; echo 'new:x:77:78::/:' >> /etc/passwd");
    assert_eq!(inside.exec(&["-u", "1001"], &["id", "-u"]).ok(), "1001\n");
    assert_eq!(inside.exec(&["-u", "new"], &["sh", "-c", "id -u; id -g"]).ok(), "77\n78\n");
    fails(inside.exec(&["-u", "nobody-knows"], &["true"]), 126, &["nobody-knows", "no matching entries"]);
}

/// The list of users is the container's: a link in its place ends in the container too.
#[test]
fn users_are_not_the_machines() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let machine = lab.folder().join("passwd");
    fs::write(&machine, "victim:x:4242:4242::/:\n").expect("a file");
    // The control: the machine's path leads there.
    assert!(machine.exists());
    inside.sh(&format!("ln -sf {} /etc/passwd", machine.display()));
    fails(inside.exec(&["-u", "victim"], &["true"]), 126, &["victim", "no matching entries"]);
    inside.sh("ln -sf ../../../../../../passwd /etc/passwd; echo 'mine:x:5:5::/:' > /passwd");
    assert_eq!(inside.exec(&["-u", "mine"], &["id", "-u"]).ok(), "5\n");
    // A pipe in its place is none, and nobody waits for it.
    inside.sh("rm /etc/passwd; mkfifo /etc/passwd");
    fails(inside.exec(&["-u", "mine"], &["true"]), 126, &["no matching entries"]);
}

#[test]
fn its_rights_are_the_containers() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &["--cap-drop", "ALL", "--cap-add", "KILL"]);
    let status = |options: &[&str]| {
        let seen = inside.exec(options, &["grep", "-E", "Cap(Eff|Bnd)|Seccomp:", "/proc/self/status"]).ok();
        seen.split_whitespace().map(str::to_string).collect::<Vec<_>>().join(" ")
    };
    let first = fs::read_to_string(format!("/proc/{}/status", inside.pid())).expect("its status");
    let seccomp = first.lines().find(|line| line.starts_with("Seccomp:")).expect("a line").replace('\t', " ");
    let kill = "0000000000000020";
    assert_eq!(status(&[]), format!("CapEff: {kill} CapBnd: {kill} {seccomp}"));
    assert_eq!(status(&["-u", "5"]), format!("CapEff: 0000000000000000 CapBnd: {kill} {seccomp}"));
    // The control: it can be more, if somebody asks for that.
    assert!(!status(&["--privileged"]).contains(kill));
}

#[test]
fn what_cannot_be_executed() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    fails(inside.exec(&[], &["no-such-program"]), 127, &["executable file not found in $PATH"]);
    fails(inside.exec(&[], &["/etc/passwd"]), 126, &["permission denied"]);
    fails(inside.exec(&["-w", "/nowhere"], &["true"]), 127, &["/nowhere", "no such file or directory"]);
    fails(inside.exec(&["-w", "relative"], &["true"]), 126, &["absolute path"]);
    fails(inside.exec(&["-d"], &["no-such-program"]), 1, &["executable file not found"]);
    fails(inside.exec(&["-it"], &["true"]), 1, &["the input device is not a TTY"]);
    fails(inside.exec(&["--nonsense"], &["true"]), 125, &["--nonsense"]);
    fails(lab.nagaya(&["exec", "nobody", "true"]).output(), 1, &["No such container: nobody"]);
    // The control: nothing is wrong with the container.
    inside.exec(&[], &["true"]).ok();
}

#[test]
fn paused_and_stopped() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    inside.call(&["pause"], &[]).output().ok();
    fails(inside.exec(&[], &["true"]), 1, &["is paused, unpause the container before exec"]);
    inside.call(&["unpause"], &[]).output().ok();
    inside.exec(&[], &["true"]).ok();
    inside.stop();
    fails(inside.exec(&[], &["true"]), 1, &["is not running"]);
}

#[test]
fn in_the_background() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let script = "[ -t 1 ] || echo none > /tmp/seen; echo lost; sleep 1000";
    assert_eq!(inside.exec(&["-d"], &["sh", "-c", script]).ok(), "");
    lab::until("it has written", || inside.exec(&[], &["test", "-s", "/tmp/seen"]).code == 0);
    assert_eq!(inside.sh("cat /tmp/seen; pgrep -f 'sleep 1000' | wc -l").lines().next(), Some("none"));
    // One with a terminal keeps it.
    let script = "tty > /tmp/tty; echo much; sleep 1; echo more; touch /tmp/after; sleep 1000";
    assert_eq!(inside.exec(&["-dt"], &["sh", "-c", script]).ok(), "");
    lab::until("it goes on", || inside.exec(&[], &["test", "-e", "/tmp/after"]).code == 0);
    assert!(inside.sh("cat /tmp/tty").starts_with("/dev/pts/"));
}

/// In front of somebody, with a terminal of its own.
fn in_front(lab: &Lab, words: &[&str]) -> Call {
    let call =
        lab.program("setsid").args(["--ctty", "--wait", "sh", "-c", "\"$@\" >&0 2>&0; echo code $?", "sh"]);
    call.arg(engine()).arg("--root").arg(lab.engine_root()).args(words)
}

#[test]
fn a_terminal_and_its_size() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let (mut pty, end) = Pty::open();
    pty.resize(33, 77);
    let script = "trap 'echo now; stty size' WINCH; tty; echo $TERM; stty size; read line; echo \"<$line>\"; \
                  until read line; do :; done; exit 3";
    let running = in_front(&lab, &["exec", "-it", &inside.name, "sh", "-c", script]).stdin(end).start();
    let screen = pty.read_until("33 77");
    assert!(screen.contains("/dev/pts/") && screen.contains("xterm"), "{screen}");
    pty.write("typed\r");
    pty.read_until("<typed>");
    pty.resize(10, 20);
    pty.read_until("10 20");
    pty.write("more\r");
    assert_eq!(running.finish().stdout, "code 3\n");
}

/// Without `-t` our terminal is not the program's: it could read what is typed there.
#[test]
fn our_terminal_stays_ours() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let (mut pty, end) = Pty::open();
    let script = "for at in 0 1 2; do [ -t $at ] && echo a terminal; readlink /proc/self/fd/$at; done; echo out; \
                  echo err >&2; read line; echo \"<$line>\"";
    let running = in_front(&lab, &["exec", "-i", &inside.name, "sh", "-c", script]).stdin(end).start();
    let screen = pty.read_until("err");
    assert!(!screen.contains("a terminal") && !screen.contains("pts"), "{screen}");
    assert!(screen.contains("pipe:") && screen.contains("out"), "{screen}");
    pty.write("typed\n");
    pty.read_until("<typed>");
    assert_eq!(running.finish().stdout, "code 0\n");
    // The control: with one, there is one.
    let (mut pty, end) = Pty::open();
    let running = in_front(&lab, &["exec", "-t", &inside.name, "sh", "-c", script]).stdin(end).start();
    pty.read_until("a terminal");
    drop(running);
}

#[test]
fn keys_that_leave_it() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let (mut pty, end) = Pty::open();
    let script = "echo ready; read line; echo \"$line\" > /tmp/line; sleep 1000";
    let words = ["exec", "-it", "--detach-keys", "ctrl-a,x", &inside.name, "sh", "-c", script];
    let running = in_front(&lab, &words).stdin(end).start();
    pty.read_until("ready");
    pty.write("li\x01ne\r");
    lab::until("it has the line", || inside.exec(&[], &["test", "-s", "/tmp/line"]).code == 0);
    assert_eq!(inside.sh("cat /tmp/line"), "li\u{1}ne\n");
    pty.write("\x01x");
    pty.read_until("read escape sequence");
    assert_eq!(running.finish().stdout, "code 1\n");
    // It runs on, with its terminal.
    assert_eq!(inside.sh("ps -o tty,args | grep '[s]leep 1000' | grep -c 136,"), "1\n");
}

#[test]
fn signals_are_passed_on() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let script = "trap 'echo asked; exit 5' TERM; echo ready; while :; do sleep 0.02; done";
    let running = inside.call(&["exec"], &["sh", "-c", script]).start();
    lab::until("it is ready", || running.stdout().contains("ready"));
    running.signal(rustix::process::Signal::TERM);
    let output = running.finish();
    assert_eq!((output.code, output.stdout.as_str()), (5, "ready\nasked\n"));
}

/// Nobody waits for those that it has left behind.
#[test]
fn what_it_leaves_behind_keeps_nobody() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let (mut pty, end) = Pty::open();
    let words = ["exec", &inside.name, "sh", "-c", "sleep 1000 & echo done"];
    let running = in_front(&lab, &words).stdin(end).start();
    pty.read_until("done");
    assert_eq!(running.finish().stdout, "code 0\n");
}

#[test]
fn by_an_ordinary_user() {
    let lab = Lab::new();
    for_ordinary_user(&lab);
    let name = lab.container_name();
    let call = |words: &[&str]| lab.nagaya(words).user(lab::ORDINARY_USER);
    call(&["run", "-d", "--name", &name, "host", "sleep", "1000"]).output().ok();
    assert_eq!(call(&["exec", &name, "sh", "-c", "id -u; exit 4"]).output().stdout, "0\n");
    assert_eq!(call(&["exec", &name, "sh", "-c", "exit 4"]).output().code, 4);
    call(&["rm", "-f", &name]).output().ok();
}

/// No store of images is opened, and our own program is one that nobody in there can write to.
#[test]
fn little_is_done_for_it() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let trace = lab.folder().join("trace");
    let call =
        inside.call(&["exec"], &["true"]).under(["strace", "-f", "-qq", "-o", &trace.display().to_string()]);
    call.output().ok();
    let trace = fs::read_to_string(trace).expect("a trace");
    let calls = trace.lines().filter(|line| !line.contains("resumed>")).count();
    // It was 420 when this was written; the program's own are a part of them.
    assert!(calls < 600, "{calls} system calls");
    assert!(trace.contains("open_tree(") && trace.contains("execveat("), "it was not sealed");
    for place in ["blobs", "images", "layers", "leases"] {
        assert!(!trace.contains(&lab.engine_root().join(place).display().to_string()), "{place}");
    }
    assert!(trace.contains("container.json"), "the control: what it needs is seen");
}
