//! A container that prints as fast as it can: nothing is lost, and nobody else is held up.

use std::fs;
use std::time::Duration;

use lab::{Lab, Nagaya, Output};
use rustix::process::Signal;

use crate::inside::tar_of;

/// Prints so many lines of 1,024 bytes, each another one, and ends with 7.
const PRINTER: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
    long lines = atol(argv[1]);
    static char part[64 * 1024];
    for (long at = 0; at < lines; at += 64) {
        for (long line = 0; line < 64; line++) {
            char *to = part + line * 1024;
            memset(to, 'a' + (at + line) % 26, 1023);
            to[sprintf(to, "%ld", at + line)] = ' ';
            to[1023] = '\n';
        }
        for (char *from = part, *end = part + sizeof part; from < end;) {
            ssize_t written = write(1, from, end - from);
            if (written <= 0) return 1;
            from += written;
        }
    }
    return 7;
}
"#;

/// How much is printed, in MiB; more if somebody wants to see more: `NAGAYA_FLOOD_MIB=1024`.
fn mebibytes() -> u64 {
    std::env::var("NAGAYA_FLOOD_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(256)
}

/// An image `printer`, and the program outside.
fn import(lab: &Lab) -> std::path::PathBuf {
    let root = lab.rootfs("printer");
    let program = root.join("bin/printer");
    lab::compile_c(PRINTER, &program);
    lab.nagaya(&["import"]).arg(tar_of(lab, &root)).arg("printer").output().ok();
    program
}

/// The sum of what a shell's command prints.
fn sum(lab: &Lab, script: &str, words: &[String]) -> String {
    let call = lab.program("sh").args(["-c", &format!("{script} | sha256sum"), "sh"]).args(words);
    let output: Output = call.deadline(Duration::from_mins(2)).output();
    assert_eq!(output.stderr, "");
    output.ok()
}

fn events(lab: &Lab) -> String {
    fs::read_to_string(lab.engine_root().join("events.jsonl")).unwrap_or_default()
}

/// A process has something of this kind open, such as the way to a monitor.
fn has_open(pid: u32, kind: &str) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|to| to.to_string_lossy().starts_with(kind))
}

/// Bytes of memory that a process has for itself.
fn memory(pid: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().trim_end_matches(" kB").parse().ok().map(|kibibytes: u64| kibibytes << 10)
}

#[test]
fn nothing_is_lost_and_nobody_waits() {
    let lab = Lab::new();
    let program = import(&lab);
    let (name, other) = (lab.container_name(), format!("{}other", lab.name()));
    let lines = (mebibytes() * 1024).to_string();
    let expected = sum(&lab, "\"$1\" \"$2\"", &[program.display().to_string(), lines.clone()]);
    lab.nagaya(&["run", "-d", "--name", &other, "printer", "sleep", "1000"]).output().ok();
    let begin = format!("while [ ! -e /go ]; do sleep 0.01; done; exec printer {lines}");
    let run = ["run", "-d", "--name", &name, "--log-opt", "max-size=-1", "printer", "sh", "-c", &begin];
    lab.nagaya(&run).output().ok();
    // Two who read nothing of it.
    let stalled = ["logs -f", "attach"].map(|verb| {
        let words: Vec<_> = verb.split(' ').chain([name.as_str()]).collect();
        let reader = lab.nagaya(&words).deadline(Duration::from_mins(2)).start();
        // What is noted of an attach is noted once it has said what it wants.
        let is_there = || match verb {
            "attach" => events(&lab).contains("\"Action\":\"attach\""),
            _ => has_open(reader.pid(), "socket:"),
        };
        lab::until(&format!("{verb} is there"), is_there);
        reader.signal(Signal::STOP);
        (verb, reader)
    });
    let state = |field: &str| {
        let id = fs::read_link(lab.engine_root().join("names").join(&name)).expect("its id");
        let state =
            fs::read(lab.engine_root().join("containers").join(id).join("state.json")).expect("its state");
        let state: serde_json::Value = serde_json::from_slice(&state).expect("JSON");
        state[field].to_string()
    };
    let monitor = state("monitor");
    lab.nagaya(&["exec", &name, "touch", "/go"]).output().ok();
    let (mut peak, mut looks) = (0, 0);
    while state("phase") == "\"running\"" {
        // Meanwhile others do as they do.
        lab.nagaya(&["exec", &other, "true"]).output().ok();
        peak = peak.max(memory(&monitor).unwrap_or(0));
        looks += 1;
    }
    assert_eq!(state("exit_code"), "7", "who prints is not ended by it");
    assert!(looks > 1 && (100_000..4 << 20).contains(&peak), "{looks} looks, {peak} bytes");
    let nagaya = [lab::engine().display().to_string(), lab.engine_root().display().to_string(), name.clone()];
    assert_eq!(sum(&lab, "\"$1\" --root \"$2\" logs \"$3\"", &nagaya), expected);
    // Who stalled hears all of it in the end.
    for (verb, reader) in stalled {
        reader.signal(Signal::CONT);
        assert_eq!(reader.finish().stdout.lines().count().to_string(), lines, "{verb}");
    }
    for name in [name, other] {
        lab.nagaya(&["rm", "-f", &name]).output().ok();
    }
}

/// The control: where there is room for less, the sum is another one.
#[test]
fn what_is_lost_is_seen() {
    let lab = Lab::new();
    let program = import(&lab);
    let name = lab.container_name();
    let expected = sum(&lab, "\"$1\" \"$2\"", &[program.display().to_string(), "8192".to_string()]);
    let options = ["--log-opt", "max-size=1m", "--log-opt", "max-file=2"];
    let run = [&["run", "-d", "--name", &name], &options[..], &["printer", "printer", "8192"]].concat();
    lab.nagaya(&run).output().ok();
    assert_eq!(lab.nagaya(&["wait", &name]).output().ok(), "7\n");
    let nagaya = [lab::engine().display().to_string(), lab.engine_root().display().to_string(), name.clone()];
    let logs = "\"$1\" --root \"$2\" logs \"$3\"";
    assert_ne!(sum(&lab, logs, &nagaya), expected);
    // What is there is the end of it.
    let last = sum(&lab, &format!("{logs} | tail -n 500"), &nagaya);
    assert_eq!(
        last,
        sum(&lab, "\"$1\" \"$2\" | tail -n 500", &[program.display().to_string(), "8192".to_string()])
    );
    lab.nagaya(&["rm", "-f", &name]).output().ok();
}
