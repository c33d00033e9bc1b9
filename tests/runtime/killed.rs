//! The runtime is killed at any of its system calls; `delete --force` must take back what it had done.

use std::fs;

use lab::{Call, Container, Lab};

/// At most so many points of each command: more than there are, so that each is hit.
const POINTS: usize = 1000;

/// A system call by its name and which of that name it is: strace counts each name on its own.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    name: String,
    nth: usize,
}

/// A command that is killed, and what there must be before it.
struct Victim<'lab> {
    web: Container<'lab>,
    command: &'static str,
}

impl Victim<'_> {
    /// Brings the container to where the command finds it.
    fn prepare(&self) {
        match self.command {
            "start" => drop(self.web.create().ok()),
            "exec" | "delete" => {
                self.web.create().ok();
                self.web.start().ok();
            }
            _ => {}
        }
    }

    fn call(&self) -> Call {
        let (lab, id) = (self.web.lab(), self.web.id());
        match self.command {
            "start" => lab.runtime(["start", id]),
            "exec" => lab.runtime(["exec", "--detach", id, "sleep", "1000"]),
            "delete" => lab.runtime(["delete", "--force", id]),
            command => self.web.call(command, &[]),
        }
    }

    /// All system calls of a call that is left alone, in their order. Only the runtime's own process.
    fn points(&self) -> Vec<Point> {
        self.prepare();
        let trace = self.web.lab().folder().join("trace");
        let call = self.call().under(["strace", "-o", trace.to_str().expect("a path of ours")]);
        call.output().ok();
        self.web.delete_force().ok();
        let text = fs::read_to_string(&trace).expect("the trace");
        let names = text.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name);
        let names: Vec<_> =
            names.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).collect();
        let count = |end: usize| names[..=end].iter().filter(|name| **name == names[end]).count();
        names.iter().enumerate().map(|(i, name)| Point { name: (*name).to_string(), nth: count(i) }).collect()
    }

    /// Kills it there. Whether it was killed: a run is not always like the other.
    fn kill_at(&self, point: &Point) -> bool {
        self.prepare();
        let inject = format!("inject={}:signal=KILL:when={}", point.name, point.nth);
        let call = self.call().under(["strace", "-o", "/dev/null", "-e", &inject]);
        call.output().code == 137
    }
}

/// How many points were hit, and at how many of them there was something to take back.
fn kill_everywhere(command: &'static str) -> (usize, usize, usize) {
    let lab = Lab::new();
    let script = if matches!(command, "create" | "run") { "true" } else { "sleep 1000" };
    let victim = Victim { web: lab.container("web").sh(script), command };
    let points = victim.points();
    let (mut hit, mut left_something) = (0, 0);
    for point in points.iter().step_by(points.len().div_ceil(POINTS)) {
        hit += usize::from(victim.kill_at(point));
        left_something += usize::from(!lab.on_the_machine().is_empty());
        let deleted = victim.web.delete_force();
        assert_eq!(deleted.code, 0, "killed at {point:?}, and then it cannot be deleted: {deleted:?}");
        let left = lab.leftovers();
        assert!(left.is_empty(), "killed at {point:?}: {left:#?}");
    }
    // The name is free again, and nothing stands in the way.
    let web = victim.web.sh("true");
    web.after_nonce(&web.run().ok());
    (points.len(), hit, left_something)
}

fn report(command: &'static str) {
    let (calls, hit, left_something) = kill_everywhere(command);
    let line =
        format!("{command}: {calls} system calls, killed at {hit}, something was left at {left_something}");
    assert!(hit > 20, "too few: {line}");
    assert!(left_something > 5, "nothing to take back, so nothing was proven: {line}");
    assert!(std::io::Write::write_all(&mut std::io::stderr(), (line + "\n").as_bytes()).is_ok());
}

#[test]
fn create_killed_at_every_point() {
    report("create");
}

#[test]
fn run_killed_at_every_point() {
    report("run");
}

#[test]
fn start_killed_at_every_point() {
    report("start");
}

#[test]
fn exec_killed_at_every_point() {
    report("exec");
}

#[test]
fn delete_killed_at_every_point() {
    report("delete");
}
