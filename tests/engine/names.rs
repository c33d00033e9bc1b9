//! Names: one container each; and what is left when `nagaya` is killed.

use lab::{Lab, Nagaya, fails};
use rustix::process::Signal;

const SLEEP: [&str; 4] = ["host", "sh", "-c", "echo ready; exec sleep 60"];

#[test]
fn a_name_in_use_is_refused_in_dockers_words() {
    let lab = Lab::new();
    let first = lab.run(&SLEEP).start();
    lab::until("it is ready", || first.stdout().contains("ready"));
    let name = lab.container_name();
    let words = [
        format!("Conflict. The container name \"/{name}\" is already in use by container \""),
        "rm -f".into(),
    ];
    let said = fails(lab.run(&["host", "true"]).output(), 125, &[&words[0], &words[1]]);
    let id = said.split("by container \"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
    assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{said}");
    fails(
        lab.nagaya(&["rm", &name]).output(),
        1,
        &["container is running: stop the container before removing or force remove"],
    );
    assert_eq!(lab.nagaya(&["rm", "-f", &name]).output().ok(), format!("{name}\n"));
    assert_eq!(first.finish().code, 137);
    lab.run(&["host", "true"]).output().ok();
    assert_eq!(lab.known(), [""; 0]);
}

/// As with Docker's client, the program goes on; its monitor removes the container when it ends.
#[test]
fn killed_with_its_program_running() {
    let lab = Lab::new();
    let running = lab.run(&["host", "sh", "-c", "echo ready; cat > /dev/null; exec sleep 60"]).start();
    lab::until("it is ready", || running.stdout().contains("ready"));
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code, 137);
    assert!(!lab.on_the_machine().is_empty());
    fails(lab.run(&["host", "true"]).output(), 125, &["Conflict"]);
    lab.nagaya(&["kill", &lab.container_name()]).output().ok();
    lab::until("it is gone", || lab.known().is_empty());
    assert_eq!(lab.leftovers(), [""; 0]);
}

/// Nobody knows how far it was; whatever is left goes with `rm -f`.
#[test]
fn killed_at_any_time() {
    let lab = Lab::new();
    for micros in (0..16000).step_by(800) {
        let running = lab.run(&["host", "sleep", "60"]).start();
        std::thread::sleep(std::time::Duration::from_micros(micros));
        running.signal(Signal::KILL);
        running.finish().no_crash();
        lab.nagaya(&["rm", "-f", &lab.container_name()]).output().ok();
        assert_eq!(lab.leftovers(), [""; 0], "after {micros} us");
        assert_eq!(lab.known(), [""; 0]);
    }
}

#[test]
fn a_name_of_ours() {
    let lab = Lab::new();
    let running = lab.nagaya(&["run", "host", "sh", "-c", "echo ready; exec sleep 60"]).start();
    lab::until("it is ready", || running.stdout().contains("ready"));
    let names = lab.known();
    assert!(names.len() == 1 && names[0].matches('_').count() == 2, "{names:?}");
    lab.nagaya(&["rm", "-f", &names[0]]).output().ok();
    running.finish().no_crash();
    assert_eq!(lab.known(), [""; 0]);
}
