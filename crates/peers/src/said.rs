//! What a command said, and how it ended.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// What a command said, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
    /// Its exit code; -1 if a signal has ended it.
    pub code: i32,
}

impl Said {
    fn of(output: &Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Said { stdout: text(&output.stdout), stderr: text(&output.stderr), code }
    }

    /// Runs a command with something on stdin.
    pub fn to(command: &mut Command, input: &str) -> Said {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|err| panic!("{command:?}: {err}"));
        // A command that does not read may be gone by now.
        let _ = child.stdin.take().expect("stdin is a pipe").write_all(input.as_bytes());
        Said::of(&child.wait_with_output().expect("the command ends"))
    }

    /// It worked; its words, trimmed.
    #[track_caller]
    pub fn fine(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout.trim().to_string()
    }

    /// The same with one text instead of another.
    #[must_use]
    pub fn with(self, from: &str, to: &str) -> Said {
        let (stdout, stderr) = (self.stdout.replace(from, to), self.stderr.replace(from, to));
        Said { stdout, stderr, ..self }
    }
}
