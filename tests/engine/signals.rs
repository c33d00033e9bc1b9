//! Signals go through.

use lab::{Lab, Nagaya};
use rustix::process::Signal;

fn reaches(signal: Signal, name: &str) {
    let lab = Lab::new();
    let script = format!("trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.02; done");
    let running = lab.run(&["host", "sh", "-c", &script]).start();
    lab::until("it is ready", || running.stdout().contains("ready"));
    running.signal(signal);
    let output = running.finish();
    assert_eq!((output.stdout.as_str(), output.code), (format!("ready\ngot {name}\n").as_str(), 9));
    assert_eq!(lab.known(), [""; 0]);
}

#[test]
fn those_that_docker_passes_on() {
    for (signal, name) in [
        (Signal::TERM, "TERM"),
        (Signal::INT, "INT"),
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
        (Signal::QUIT, "QUIT"),
        (Signal::WINCH, "WINCH"),
    ] {
        reaches(signal, name);
    }
}

/// The first process of a pid namespace ignores what it has no trap for; so do we, until it ends.
#[test]
fn a_program_without_a_trap_goes_on() {
    let lab = Lab::new();
    let running = lab.run(&["host", "sh", "-c", "echo ready; sleep 0.5; exit 3"]).start();
    lab::until("it is ready", || running.stdout().contains("ready"));
    running.signal(Signal::TERM);
    assert_eq!(running.finish().code, 3);
}

/// Not through a shell: some of them let all signals in themselves.
#[test]
fn no_signal_is_held_back_or_ignored_inside() {
    let lab = Lab::new();
    let name = lab.container_name();
    let none = |said: String| {
        let mask = |name: &str| {
            let mask =
                said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{said}"));
            u64::from_str_radix(mask.trim(), 16).expect("a mask")
        };
        // 32 and 33 are the C library's own, and whoever called us may ignore them.
        assert_eq!((mask("SigBlk:"), mask("SigIgn:") & 0x7fff_ffff), (0, 0), "{said}");
    };
    none(lab.run(&["host", "cat", "/proc/self/status"]).output().ok());
    lab.nagaya(&["create", "--name", &name, "host", "cat", "/proc/self/status"]).output().ok();
    none(lab.nagaya(&["start", "-a", &name]).output().ok());
    lab.nagaya(&["rm", &name]).output().ok();
    lab.nagaya(&["run", "-d", "--name", &name, "host", "sleep", "60"]).output().ok();
    none(lab.nagaya(&["exec", &name, "cat", "/proc/self/status"]).output().ok());
    lab.nagaya(&["rm", "-f", &name]).output().ok();
}
