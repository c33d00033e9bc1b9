//! `top` and `stats`: what is looked at from outside.

use lab::{Lab, Nagaya, Pty, engine, fails};

use crate::inside::Inside;

#[test]
fn processes() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let top = |options: &[&str]| inside.call(&["top"], options).output();
    lab::until("its program waits", || top(&[]).stdout.contains("sleep 1000"));
    let usual = top(&[]).ok();
    let head: Vec<_> = usual.lines().next().expect("a head").split_whitespace().collect();
    assert_eq!(head, ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
    assert!(usual.contains(&inside.pid().to_string()), "{usual}");
    let few = top(&["-o", "pid,comm"]).ok();
    assert_eq!(few.lines().next().map(str::trim_end), Some("PID                 COMMAND"));
    assert!(few.lines().count() >= 3 && few.lines().skip(1).all(|line| !line.contains("nagaya")), "{few}");
    fails(top(&["-o", "comm"]), 1, &["Couldn't find PID field"]);
    fails(top(&["--nonsense"]), 1, &["ps"]);
    inside.stop();
    fails(top(&[]), 1, &["is not running"]);
}

/// A container's own `ps` is a program that we do not run.
#[test]
fn nothing_of_it_is_executed() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    inside.sh("rm -f /bin/ps; printf '#!/bin/sh\\necho ran > /ran\\n' > /bin/ps; chmod 755 /bin/ps");
    inside.call(&["top"], &[]).output().ok();
    inside.call(&["stats", "--no-stream"], &[]).output().ok();
    assert_eq!(inside.exec(&[], &["test", "-e", "/ran"]).code, 1);
    // The control: who runs it leaves a trace.
    inside.exec(&[], &["ps"]).ok();
    assert_eq!(inside.exec(&[], &["test", "-e", "/ran"]).code, 0);
}

#[test]
fn what_is_used() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &["--memory", "64m"]);
    inside.exec(&["-d"], &["sh", "-c", "while :; do :; done"]).ok();
    let table = inside.call(&["stats", "--no-stream"], &[]).output().ok();
    let head = "CONTAINER ID   NAME";
    assert!(
        table.starts_with(head) && table.contains("MEM USAGE / LIMIT") && table.contains("/ 64MiB"),
        "{table}"
    );
    assert_eq!(table.lines().count(), 2);
    let json = inside.call(&["stats", "--no-stream", "--format", "json"], &[]).output().ok();
    let row: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let percent = |field: &str| {
        let text = row[field].as_str().and_then(|text| text.strip_suffix('%')).expect("a share");
        text.parse::<f64>().expect("a number")
    };
    assert!(percent("CPUPerc") > 0.0 && percent("MemPerc") > 0.0, "{row}");
    assert!(row["PIDs"].as_str().and_then(|pids| pids.parse::<u32>().ok()) >= Some(3), "{row}");
    assert_eq!(row["NetIO"], "0B / 0B");
    let whole =
        inside.call(&["stats", "--no-stream", "--no-trunc", "--format", "{{.ID}}"], &[]).output().ok();
    assert_eq!(whole.trim().len(), 64);
    inside.stop();
    assert_eq!(lab.nagaya(&["stats", "--no-stream"]).output().ok().lines().count(), 1);
    let all = lab.nagaya(&["stats", "--no-stream", "-a", "--format", "{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}"]);
    assert_eq!(all.output().ok(), "0.00% 0B / 0B 0\n");
    fails(lab.nagaya(&["stats", "--no-stream", "nobody"]).output(), 1, &["No such container: nobody"]);
}

/// On a terminal it is drawn over what was there.
#[test]
fn it_goes_on() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let (mut pty, end) = Pty::open();
    let call = lab.program("sh").args(["-c", "exec \"$@\" >&0", "sh"]).arg(engine());
    let running = call.arg("--root").arg(lab.engine_root()).args(["stats", &inside.name]).stdin(end).start();
    let screen = pty.read_until("PIDS") + &pty.read_until("\x1b[J");
    assert!(screen.contains("\x1b[H"), "{screen:?}");
    pty.read_until("\x1b[J");
    running.signal(rustix::process::Signal::INT);
    let _ = running.finish();
    // The control: without a terminal there are only lines.
    let plain = inside.call(&["stats", "--no-stream"], &[]).output().ok();
    assert!(!plain.contains('\x1b'), "{plain:?}");
}
