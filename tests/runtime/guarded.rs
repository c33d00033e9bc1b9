//! What a caller, a neighbour or a name must not be able to do to a container, and it not to them.

use std::fs;

use lab::Lab;
use serde_json::json;

/// A line of `/proc/PID/status`.
fn status(pid: impl std::fmt::Display, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).expect("a field");
    line.trim().to_string()
}

/// CVE-2016-9962: whoever shares its pid namespace finds nothing at the gate but what the program will have.
#[test]
fn what_waits_at_the_gate_has_the_programs_privileges() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().edit(|config| config["process"]["user"]["uid"] = 1000.into());
    web.create().ok();
    let (caps, bounding, uid) =
        (status(web.pid(), "CapEff"), status(web.pid(), "CapBnd"), status(web.pid(), "Uid"));
    web.start().ok();
    web.wait_until("running");
    if lab::is_nagaya() {
        assert_eq!(caps, bounding, "at the gate: the three that the config asks for");
        assert_eq!((bounding, uid), (status(web.pid(), "CapBnd"), status(web.pid(), "Uid")));
    }
    // The control: this test itself has more.
    assert_ne!(status("self", "CapEff"), caps);
    web.delete_force().ok();
}

/// They are programs of the container.
#[test]
fn start_container_hooks_have_the_programs_privileges() {
    let lab = Lab::new();
    let log = lab.folder().join("log");
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let web = lab.container("web").mount("bind", log.to_str().unwrap(), "/work/log", "bind").sh("true");
    let web = web.edit(|config| {
        config["process"]["user"]["uid"] = 1000.into();
        let script = "grep -E 'CapEff|NoNewPrivs|^Uid' /proc/self/status > /work/log";
        config["hooks"] = json!({"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin"]}]});
    });
    web.run().ok();
    let seen = fs::read_to_string(&log).unwrap();
    assert!(seen.contains("CapEff:\t0000000000000000") && seen.contains("NoNewPrivs:\t1"), "{seen}");
    assert!(seen.contains("Uid:\t1000"), "{seen}");
}

/// Two roots, one default cgroup: the second is refused, and the first lives on.
#[test]
fn a_cgroup_that_somebody_is_in_is_not_adopted() {
    if !lab::is_nagaya() {
        return; // runc 1.1 shares it.
    }
    let (lab, other) = (Lab::new(), Lab::new());
    let web = lab.container("web").sleeping().launch();
    let twin = other.container("twin").args(&["/nope"]);
    twin.save();
    let id = web.id().to_string();
    let call = other.runtime(["run", "--bundle"]).arg(twin.bundle()).arg(&id);
    call.output().refused(&["container's cgroup is not empty"]);
    other.delete_force(&id).ok();
    assert_eq!(web.status(), "running");
    web.delete_force().ok();
    // The control: with nobody in it, the name is as good as any.
    let twin = twin.args(&["/bin/true"]);
    twin.save();
    other.runtime(["run", "--bundle"]).arg(twin.bundle()).arg(&id).output().ok();
}

#[test]
fn the_loopback_interface_is_up() {
    let lab = Lab::new();
    let seen = lab
        .container("web")
        .see("ip addr show lo; ping -c 1 -W 1 127.0.0.1 >/dev/null && echo answered; true");
    assert!(seen.contains("UP") && seen.contains("127.0.0.1/8"), "{seen}");
}

/// A daemon's own mask may be 0, and everything in its containers would be everybody's.
#[test]
fn the_callers_umask_is_not_the_programs() {
    let lab = Lab::new();
    let web = lab.container("web").sh("umask");
    let call = web.call("run", &[]).under(["/bin/sh", "-c", "umask 0; exec \"$@\"", "sh"]);
    assert_eq!(web.after_nonce(&call.output().ok()), "0022\n");
}

/// Creating and deleting one name from all sides: nobody gets hold of another's folder.
#[test]
fn one_name_from_all_sides() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    let script = "i=0; while [ $i -lt 15 ]; do i=$((i + 1))
        \"$0\" --root \"$1\" create --bundle \"$2\" \"$3\" && echo created
        \"$0\" --root \"$1\" delete --force \"$3\"; done; exit 0";
    let side = |_| {
        let call = lab.program("/bin/sh").args(["-c", script]).arg(lab::runtime()).arg(lab.state_folder());
        call.arg(web.bundle()).arg(web.id()).start()
    };
    let sides: Vec<_> = (0..4).map(side).collect();
    let outputs: Vec<_> = sides.into_iter().map(lab::Running::finish).collect();
    lab.delete_force(web.id()).ok();
    assert_eq!(lab.leftovers(), [""; 0]);
    assert!(outputs.iter().any(|output| output.stdout.contains("created")), "nothing was ever created");
    if lab::is_nagaya() {
        // Who comes too late is told so. Killed at the gate is what `delete --force` does to a created one.
        let fair = ["already exists", "is not empty", "does not exist"];
        let unfair = |line: &&str| line.starts_with("error") && !fair.iter().any(|text| line.contains(text));
        let wrong: Vec<_> = outputs.iter().flat_map(|output| output.stderr.lines().filter(unfair)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
