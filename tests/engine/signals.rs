//! Signals go through.

use lab::Lab;
use rustix::process::Signal;

use crate::kit::Nagaya;

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
