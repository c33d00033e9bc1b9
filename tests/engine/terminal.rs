//! `-t`: a terminal of the container's own.

use lab::{Call, Lab, Nagaya, Pty, engine, fails};

/// `nagaya run` in front of somebody: the terminal is its controlling one, and where its output goes.
fn in_front(lab: &Lab, options: &[&str], script: &str) -> Call {
    lab.program("setsid")
        .args(["--ctty", "--wait", "sh", "-c", "\"$@\" >&0 2>&0; echo code $?", "sh"])
        .arg(engine())
        .arg("--root")
        .arg(lab.engine_root())
        .args(["run", "--rm", "--name", &lab.container_name()])
        .args(options)
        .args(["host", "sh", "-c", script])
}

#[test]
fn size_and_resize_and_keys() {
    let lab = Lab::new();
    let (mut pty, end) = Pty::open();
    pty.resize(33, 77);
    let script = "trap 'echo now; stty size' WINCH; tty; stty size; read line; echo \"<$line>\"; \
                  until read line; do :; done; echo \"<$line>\"; exit 3";
    let running = in_front(&lab, &["-it"], script).stdin(end).start();
    let screen = pty.read_until("33 77");
    assert!(screen.contains("/dev/pts/0"), "{screen}");
    pty.write("typed\r");
    pty.read_until("<typed>");
    pty.resize(10, 20);
    pty.read_until("10 20");
    pty.write("more\r");
    pty.read_until("<more>");
    assert_eq!(running.finish().stdout, "code 3\n");
    assert_eq!(lab.known(), [""; 0]);
}

#[test]
fn keys_become_signals_inside() {
    let lab = Lab::new();
    let (mut pty, end) = Pty::open();
    let script = "trap 'echo interrupted; exit 4' INT; echo $TERM ready; while :; do sleep 0.02; done";
    let running = in_front(&lab, &["-i", "-t"], script).stdin(end).start();
    pty.read_until("xterm ready");
    pty.write("\x03");
    pty.read_until("interrupted");
    assert_eq!(running.finish().stdout, "code 4\n");
}

/// Our own terminal is as it was, however the program has left its own.
#[test]
fn the_callers_terminal_is_put_back() {
    let lab = Lab::new();
    let (pty, end) = Pty::open();
    let before = rustix::termios::tcgetattr(&end).expect("its settings");
    let keep = end.try_clone().expect("its other end");
    let running = in_front(&lab, &["-it"], "stty raw -echo; exit 0").stdin(end).start();
    assert_eq!(running.finish().stdout, "code 0\n");
    let after = rustix::termios::tcgetattr(&keep).expect("its settings");
    assert_eq!(before.local_modes, after.local_modes);
    assert_eq!(before.input_modes, after.input_modes);
    drop(pty);
}

#[test]
fn output_only_without_i() {
    let lab = Lab::new();
    let (mut pty, end) = Pty::open();
    pty.resize(20, 60);
    let script = "[ -t 0 ] && [ -t 1 ] && echo a terminal; stty size; exit 5";
    let running = in_front(&lab, &["-t"], script).stdin(end).start();
    let screen = pty.read_until("20 60");
    assert!(screen.contains("a terminal"), "{screen}");
    assert_eq!(running.finish().stdout, "code 5\n");
}

/// As Docker has it: keys can be passed on from a terminal only.
#[test]
fn keys_from_no_terminal() {
    let lab = Lab::new();
    fails(lab.run(&["-it", "host", "true"]).output(), 1, &["the input device is not a TTY"]);
    assert_eq!(lab.run(&["-t", "host", "sh", "-c", "[ -t 1 ] && echo yes"]).output().ok(), "yes\r\n");
}

#[test]
fn without_t_there_is_none() {
    let lab = Lab::new();
    let (_pty, end) = Pty::open();
    let output = in_front(&lab, &["-i"], "(echo x > /dev/tty) 2>/dev/null || exit 6").stdin(end).output();
    assert_eq!(output.stdout, "code 6\n");
}

/// What is read by people fits where they read it; what is read by programs stays whole.
#[test]
fn tables_fit() {
    let lab = Lab::new();
    let long = "sleep 1000000000000000000000000";
    lab.nagaya(&["create", "--name", &lab.container_name(), "host", "sh", "-c", long]).output().ok();
    let (mut pty, end) = Pty::open();
    pty.resize(20, 100);
    let script = "\"$@\" >&0; echo end >&0";
    let call = lab.program("sh").args(["-c", script, "sh"]).arg(engine());
    call.arg("--root").arg(lab.engine_root()).args(["ps", "-a"]).stdin(end).output().ok();
    let screen = pty.read_until("end");
    let lines: Vec<_> = screen.lines().map(str::trim_end).collect();
    assert!(lines[0].starts_with("CONTAINER ID") && lines[1].contains(&lab.container_name()), "{screen}");
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{screen}");
    let piped = lab.nagaya(&["ps", "-a"]).output().ok();
    assert!(piped.lines().any(|line| line.chars().count() > 100), "{piped}");
    lab.nagaya(&["rm", &lab.container_name()]).output().ok();
}
