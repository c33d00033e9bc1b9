//! `nagaya`, in a lab.

use std::fs;
use std::os::unix::fs::chown;
use std::path::PathBuf;

use crate::{Call, Lab, ORDINARY_USER, Output};

/// The engine under test, beside the runtime.
pub fn engine() -> PathBuf {
    let path = crate::runtime().with_file_name("nagaya");
    assert!(path.is_file(), "no engine at {}: `cargo build --release` makes one", path.display());
    path
}

/// What tests do with `nagaya` in a lab.
pub trait Nagaya {
    /// Where the engine keeps what it knows.
    fn engine_root(&self) -> PathBuf;
    /// Any command.
    fn nagaya(&self, words: &[&str]) -> Call;
    /// `nagaya run --rm`, with a name by which whatever is left can be found.
    fn run(&self, words: &[&str]) -> Call;
    /// A script in the image `host`; what it prints.
    fn see(&self, options: &[&str], script: &str) -> String;
    /// The name of the container.
    fn container_name(&self) -> String;
    /// All names that the engine knows.
    fn known(&self) -> Vec<String>;
}

impl Nagaya for Lab {
    fn engine_root(&self) -> PathBuf {
        self.folder().join("engine")
    }

    fn nagaya(&self, words: &[&str]) -> Call {
        self.program(engine()).arg("--root").arg(self.engine_root()).args(words)
    }

    fn run(&self, words: &[&str]) -> Call {
        self.nagaya(&["run", "--rm", "--name", &self.container_name()]).args(words)
    }

    #[track_caller]
    fn see(&self, options: &[&str], script: &str) -> String {
        let seen = self.run(options).args(["host", "sh", "-c", script]).output().ok();
        assert!(!self.known().contains(&self.container_name()), "a container stayed");
        seen
    }

    fn container_name(&self) -> String {
        format!("{}web", self.name())
    }

    fn known(&self) -> Vec<String> {
        let entries = fs::read_dir(self.engine_root().join("names")).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

/// It was refused by us or by the program's absence, in one sentence that mentions each of `words`.
#[track_caller]
pub fn fails(output: Output, code: i32, words: &[&str]) -> String {
    output.no_crash();
    assert_eq!(output.code, code, "{output:?}");
    let errors = output.stderr.lines().filter(|line| line.starts_with("error: cannot ")).count();
    assert_eq!(errors, 1, "expected one line `error: cannot ...`, got: {}", output.stderr);
    for word in words {
        assert!(output.stderr.contains(word), "expected `{word}` in: {}", output.stderr);
    }
    output.stderr
}

/// A folder of the ordinary user's, for the engine to keep things in.
pub fn for_ordinary_user(lab: &Lab) {
    let root = lab.engine_root();
    fs::create_dir_all(&root).expect("the engine's folder");
    chown(&root, Some(ORDINARY_USER), Some(ORDINARY_USER)).expect("a folder of its own");
}
