//! `events`: what a container uses, and that its memory ran out.

use std::fs;
use std::path::Path;

use lab::{Container, Lab, json_lines};
use serde_json::{Value, json};

fn stats(lab: &Lab, id: &str) -> Value {
    let said = lab.runtime(["events", "--stats", id]).output().ok();
    let mut lines = json_lines(&said);
    assert_eq!(lines.len(), 1, "{said}");
    lines.remove(0)
}

/// At the path that the container's id names, in every hierarchy.
fn placed(web: Container<'_>) -> Container<'_> {
    let path = format!("/{}", web.id());
    web.edit(|config| config["linux"]["cgroupsPath"] = path.into())
}

/// As Debian's runc makes and starts it, below the lab's own `theirs`.
struct Theirs<'lab> {
    lab: &'lab Lab,
    id: String,
}

impl<'lab> Theirs<'lab> {
    #[track_caller]
    fn run(web: &Container<'lab>) -> Theirs<'lab> {
        web.save();
        let theirs = Theirs { lab: web.lab(), id: web.id().to_string() };
        let bundle = web.bundle().to_str().expect("a path of the lab");
        theirs.call(&["run", "--detach", "--bundle", bundle, &theirs.id]);
        theirs
    }

    #[track_caller]
    fn call(&self, words: &[&str]) -> String {
        self.lab.program("runc").arg("--root").arg(self.lab.folder().join("theirs")).args(words).output().ok()
    }
}

impl Drop for Theirs<'_> {
    fn drop(&mut self) {
        let root = self.lab.folder().join("theirs");
        let _ =
            self.lab.program("runc").arg("--root").arg(root).args(["delete", "--force", &self.id]).output();
    }
}

/// Has our runtime take one container for the other: the same process, another's cgroups.
fn pass_off(lab: &Lab, ours: &str, theirs: &str) {
    let (from, to) = (lab.state_folder().join(ours), lab.state_folder().join(theirs));
    fs::create_dir(&to).expect("a folder of the lab");
    for name in ["record.json", "state.json"] {
        let text = fs::read_to_string(from.join(name)).expect("a file of the state folder");
        fs::write(to.join(name), text.replace(ours, theirs)).expect("a file of the lab");
    }
}

/// Both runtimes read the same container, which is held still.
#[test]
fn statistics_are_those_of_runc() {
    if !lab::is_nagaya() {
        return; // It is the other side of the comparison.
    }
    let lab = Lab::new();
    let limits = |config: &mut Value| {
        config["linux"]["resources"]["memory"] = json!({"limit": 67_108_864});
        config["linux"]["resources"]["cpu"] = json!({"quota": 20_000, "period": 100_000});
        config["linux"]["resources"]["pids"] = json!({"limit": 17});
    };
    let ours = placed(lab.container("ours")).sleeping().launch();
    let busy = "dd if=/dev/zero of=/dev/null bs=1M count=4000; sleep 1000 & while :; do sleep 1000; done";
    let web = placed(lab.container("theirs")).edit(limits).args(&["/bin/sh", "-c", busy]);
    let theirs = Theirs::run(&web);
    lab::until("it has done its work", || {
        theirs.call(&["ps", "--format", "json", web.id()]).split(',').count() == 3
    });
    theirs.call(&["pause", web.id()]);
    pass_off(&lab, ours.id(), web.id());

    let mut differences = Vec::new();
    // The kernel sums some counters up after a while only.
    lab::until("both say the same", || {
        let said: Value = serde_json::from_str(&theirs.call(&["events", "--stats", web.id()])).expect("JSON");
        differences = different("", &said, &stats(&lab, web.id()));
        differences.is_empty()
    });
    let own = stats(&lab, web.id());
    assert_eq!(own["data"]["pids"], json!({"current": 3, "limit": 17}));
    assert!(own["data"]["cpu"]["throttling"]["throttledPeriods"].as_u64() > Some(0), "{own}");
    // The control: another container's are others.
    let said: Value = serde_json::from_str(&theirs.call(&["events", "--stats", web.id()])).expect("JSON");
    let others = different("", &said, &stats(&lab, ours.id()));
    assert!(others.iter().any(|line| line.starts_with("/data/pids/limit")), "{others:?}");

    fs::remove_dir_all(lab.state_folder().join(web.id())).expect("a folder of the lab");
    theirs.call(&["resume", web.id()]);
    ours.delete_force().ok();
}

/// Paths of values that are not the same, with both.
fn different(path: &str, theirs: &Value, ours: &Value) -> Vec<String> {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let of = |map: &serde_json::Map<String, Value>, key: &str| {
                map.get(key).cloned().unwrap_or(json!("absent"))
            };
            keys.into_iter()
                .flat_map(|key| different(&format!("{path}/{key}"), &of(a, key), &of(b, key)))
                .collect()
        }
        (a, b) if a == b => Vec::new(),
        (a, b) => vec![format!("{path}: theirs {a}, ours {b}")],
    }
}

#[test]
fn lines_come_at_the_interval_and_end_with_the_container() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let events = lab.runtime(["events", "--interval", "50ms", web.id()]).start();
    lab::until("there are three lines", || events.stdout().lines().count() >= 3);
    web.kill("KILL").ok();
    let said = events.finish().ok();
    for line in json_lines(&said) {
        assert_eq!((&line["type"], &line["id"]), (&json!("stats"), &json!(web.id())));
        assert!(line["data"]["memory"]["usage"]["usage"].as_u64() > Some(0), "{line}");
    }
    web.delete_force().ok();
}

/// It has asked the kernel to be told of memory. What happens before is not told.
fn listens(pid: u32) -> bool {
    let fds = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd"));
    let links = fds.into_iter().flatten().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
    let mut links = links.map(|link| link.display().to_string());
    links.any(|link| ["anon_inode:[eventfd]", "anon_inode:inotify"].contains(&link.as_str()))
}

#[test]
fn memory_that_ran_out_is_told_once_for_each_time() {
    let lab = Lab::new();
    let script = "while :; do [ -e /tmp/go ] && { rm /tmp/go; dd if=/dev/zero of=/dev/null bs=200M count=1; \
                  echo died $?; }; sleep 0.02; done";
    let web = lab
        .container("web")
        .edit(|config| {
            let limit = json!({"limit": 33_554_432, "swap": 33_554_432});
            config["linux"]["resources"]["memory"] = limit;
        })
        .writable()
        .sh(script)
        .launch();
    let events = lab.runtime(["events", "--interval", "1h", web.id()]).start();
    let count = || events.stdout().lines().count();
    lab::until("it listens", || listens(events.pid()));
    for times in 1..=2 {
        lab.runtime(["exec", web.id(), "/bin/sh", "-c", ": >/tmp/go"]).output().ok();
        lab::until("it is told", || count() >= times && web.said().matches("died 137").count() == times);
    }
    web.kill("KILL").ok();
    let lines = json_lines(&events.finish().ok());
    assert_eq!(lines, vec![json!({"type": "oom", "id": web.id()}); 2]);
    web.delete_force().ok();
}

/// The first process itself: the container ends in the same moment.
#[test]
fn the_last_word_of_a_container_without_memory_is_told() {
    let lab = Lab::new();
    let web = lab
        .container("web")
        .edit(|config| {
            let limit = json!({"limit": 33_554_432, "swap": 33_554_432});
            config["linux"]["resources"]["memory"] = limit;
        })
        .sh("exec dd if=/dev/zero of=/dev/null bs=200M count=1");
    web.create().ok();
    let events = lab.runtime(["events", "--interval", "1h", web.id()]).start();
    lab::until("it listens", || listens(events.pid()));
    web.start().ok();
    assert_eq!(json_lines(&events.finish().ok()), [json!({"type": "oom", "id": web.id()})]);
    web.delete_force().ok();
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true").launch();
    web.wait_until("stopped");
    lab.runtime(["events", web.id()]).output().refused(&["not running"]);
    lab.runtime(["events", "--stats", web.id()]).output().refused(&["not running"]);
    web.delete().ok();
    lab.runtime(["events", web.id()]).output().refused(&["does not exist"]);
    let web = lab.container("web").sleeping().launch();
    for interval in ["0s", "-5s", "5", "soon"] {
        lab.runtime(["events", "--interval", interval, web.id()]).output().refused(&["interval"]);
    }
    web.delete_force().ok();
}
