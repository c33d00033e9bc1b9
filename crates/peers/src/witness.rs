//! A runtime that tells that it was called: nothing is proven by a test that another one has passed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The runtime that ours is compared with.
pub const RUNC: &str = "/usr/sbin/runc";

/// The words that a caller can begin with. What stands before them are options.
const VERBS: [&str; 13] = [
    "create",
    "start",
    "run",
    "kill",
    "delete",
    "exec",
    "pause",
    "resume",
    "ps",
    "state",
    "update",
    "events",
    "checkpoint",
];

/// A script, which notes its arguments and is then the runtime.
#[derive(Debug)]
pub struct Witness {
    program: PathBuf,
    calls: PathBuf,
}

impl Witness {
    /// Makes `FOLDER/NAME`, and later `FOLDER/NAME.calls`, one line for each call.
    pub fn new(folder: &Path, name: &str, runtime: &Path) -> Witness {
        assert!(runtime.is_file(), "no runtime at `{}`: `make packages all`", runtime.display());
        let (program, calls) = (folder.join(name), folder.join(format!("{name}.calls")));
        let (noted, runtime) = (calls.display(), runtime.display());
        let script = format!("#!/bin/sh\necho \"$*\" >> '{noted}'\nexec '{runtime}' \"$@\"\n");
        fs::write(&program, script).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
        Witness { program, calls }
    }

    /// What callers are to be told as the path of the runtime.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What it was called with, one line for each call.
    pub fn calls(&self) -> String {
        fs::read_to_string(&self.calls).unwrap_or_default()
    }

    /// The verbs that it was called with, in their order.
    pub fn verbs(&self) -> Vec<String> {
        let verb = |call: &str| call.split(' ').find(|word| VERBS.contains(word)).map(str::to_string);
        self.calls().lines().filter_map(verb).collect()
    }

    /// Fails unless it was called with this verb for this container.
    #[track_caller]
    pub fn saw_of(&self, verb: &str, id: &str) {
        let calls = self.calls();
        let of = |call: &str| call.split(' ').any(|word| word == verb) && call.ends_with(id);
        assert!(calls.lines().any(of), "never called to `{verb}` {id}:\n{calls}");
    }

    /// Fails unless it was called with each of these.
    #[track_caller]
    pub fn saw(&self, wanted: &[&str]) {
        let verbs = self.verbs();
        for verb in wanted {
            assert!(verbs.iter().any(|seen| seen == verb), "never called to `{verb}`: {verbs:?}");
        }
    }
}
