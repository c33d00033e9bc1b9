//! why, replay, timeline; completions, manual pages and the unit for systemd.

use lab::{Lab, Nagaya, fails};

#[test]
fn why_it_has_ended() {
    let lab = Lab::new();
    let name = lab.container_name();
    let run = |options: &[&str], script: &str| {
        lab.nagaya(&["run", "--name", &name])
            .args(options)
            .args(["host", "sh", "-c", script])
            .output()
            .no_crash();
        let said = lab.nagaya(&["why", &name]).output().ok();
        lab.nagaya(&["rm", &name]).output().ok();
        said
    };
    let said = run(&[], "echo 'last words'; exit 3");
    assert!(said.contains("it has ended, with 3") && said.contains("last words"), "{said}");
    let said =
        run(&["--memory", "16m"], "head -c 100000000 /dev/zero | tail -c 90000000 > /dev/null; exit 9");
    assert!(said.contains("used up") && said.contains("--memory"), "{said}");
    // The control: without a reason there is none.
    let said = run(&[], "true");
    assert!(!said.contains("memory") && said.contains("it has ended, with 0"), "{said}");
}

#[test]
fn why_it_could_not_be_started_and_why_it_will_not_stop() {
    let lab = Lab::new();
    let name = lab.container_name();
    fails(lab.nagaya(&["run", "--name", &name, "host", "nope"]).output(), 127, &["nope"]);
    let said = lab.nagaya(&["why", &name]).output().ok();
    assert!(said.contains("could not be started") && said.contains("executable file not found"), "{said}");
    lab.nagaya(&["rm", &name]).output().ok();
    lab.nagaya(&["run", "-d", "--name", &name, "host", "sleep", "60"]).output().ok();
    let said = lab.nagaya(&["why", &name]).output().ok();
    assert!(said.contains("no handler for SIGTERM"), "{said}");
    lab.nagaya(&["rm", "-f", &name]).output().ok();
    fails(lab.nagaya(&["why", &name]).output(), 1, &["No such container"]);
}

#[test]
fn a_line_that_makes_the_same_again() {
    let lab = Lab::new();
    let name = lab.container_name();
    let words = ["create", "--name", &name, "-e", "A=it's a b", "host", "sh", "-c", "echo \"$A\""];
    lab.nagaya(&words).output().ok();
    let line = lab.nagaya(&["replay", &name]).output().ok();
    assert!(line.starts_with(&format!("docker create --name {name} -e ")), "{line}");
    lab.nagaya(&["rm", &name]).output().ok();
    // A shell runs it, with nagaya in the place of docker.
    let program = lab::engine().display().to_string();
    let again = line.trim().replacen("docker create", &format!("{program} --root \"$1\" run --rm"), 1);
    let root = lab.engine_root();
    let output = lab.program("sh").args(["-c", &again, "sh"]).arg(root).output().ok();
    assert_eq!(output, "it's a b\n");
}

#[test]
fn the_times_of_a_start() {
    let lab = Lab::new();
    let name = lab.container_name();
    lab.nagaya(&["create", "--name", &name, "host", "true"]).output().ok();
    fails(lab.nagaya(&["timeline", &name]).output(), 1, &["never started"]);
    lab.nagaya(&["start", "-a", &name]).output().ok();
    let said = lab.nagaya(&["timeline", &name]).output().ok();
    assert!(
        said.contains(" us ") && said.contains("####") && said.contains("clone into new namespaces"),
        "{said}"
    );
    let json = lab.nagaya(&["timeline", "--json", &name]).output().ok();
    let steps: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    assert_eq!(steps.len(), said.lines().count());
    lab.nagaya(&["rm", &name]).output().ok();
}

#[test]
fn pages_are_written() {
    let lab = Lab::new();
    let folder = lab.folder().join("man");
    lab.nagaya(&["generate", "man"]).arg(&folder).output().ok();
    let page = std::fs::read_to_string(folder.join("nagaya-run.1")).expect("a page");
    assert!(page.contains("\\-\\-restart"), "{page}");
    let unit = lab.nagaya(&["generate", "systemd"]).output().ok();
    assert!(
        unit.contains("system boot") && unit.contains(&lab.engine_root().display().to_string()),
        "{unit}"
    );
}

/// What the machine's boot would find: containers whose boot is another one.
#[test]
fn after_a_reboot_those_run_that_are_to() {
    let lab = Lab::new();
    let names = ["always", "unless", "stopped", "no"].map(|name| format!("{}{name}", lab.name()));
    for (name, policy) in names.iter().zip(["always", "unless-stopped", "unless-stopped", "no"]) {
        let run = ["run", "-d", "--restart", policy, "--name", name, "host", "sleep", "60"];
        lab.nagaya(&run).output().ok();
    }
    lab.nagaya(&["stop", "-t", "0", &names[2]]).output().ok();
    for name in &names {
        let id = std::fs::read_link(lab.engine_root().join("names").join(name)).expect("its id");
        let state = lab.engine_root().join("containers").join(id).join("state.json");
        let mut value: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&state).expect("state")).expect("JSON");
        if value["phase"] == "running" {
            let number = |key: &str| value[key].as_i64().expect("a number");
            let keeper = crate::world::keeper_of(number("monitor"), lab.name());
            for pid in keeper.into_iter().chain([number("monitor"), number("pid")]) {
                crate::world::send(pid, rustix::process::Signal::KILL);
                lab::until("it is gone", || crate::world::is_gone(pid));
            }
        }
        value["boot_id"] = "another".into();
        std::fs::write(&state, value.to_string()).expect("state");
    }
    let mut started: Vec<_> =
        lab.nagaya(&["system", "boot"]).output().ok().lines().map(String::from).collect();
    started.sort();
    assert_eq!(started, [names[0].clone(), names[1].clone()]);
    for name in &names {
        lab.nagaya(&["rm", "-f", name]).output().ok();
    }
}
