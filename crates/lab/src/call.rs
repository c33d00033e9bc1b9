//! One call of the runtime, and what it answered.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde_json::Value;

/// How long a command may take before it counts as hanging.
const DEADLINE: Duration = Duration::from_secs(20);

/// What a command said, and its exit code (128 + n if signal n ended it).
#[derive(Debug, Clone)]
#[must_use]
pub struct Output {
    /// What it wrote to its stdout.
    pub stdout: String,
    /// What it wrote to its stderr.
    pub stderr: String,
    /// Its exit code.
    pub code: i32,
    /// How long it took.
    pub took: Duration,
}

impl Output {
    /// It worked; returns stdout.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "it failed: {}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// It was refused, with an error on stderr that mentions each of `words`.
    ///
    /// "Refused" is more than "did not work": a code of the runtime's own, and no crash.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> String {
        assert!(self.code == 1 || self.code == 255, "expected to be refused, got {self:?}");
        self.no_crash();
        assert!(!self.stderr.trim().is_empty(), "refused without a word");
        for word in words {
            assert!(self.stderr.contains(word), "expected `{word}` in: {}", self.stderr);
        }
        if crate::is_nagaya() {
            self.one_error();
        }
        self.stderr
    }

    /// It was refused; if by ours, with an error that mentions each of `words`. runc has its own.
    #[track_caller]
    pub fn refused_naming(self, words: &[&str]) -> String {
        self.refused(if crate::is_nagaya() { words } else { &[] })
    }

    /// It did not fall over, however it was called.
    #[track_caller]
    pub fn no_crash(&self) {
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert!(![132, 134, 135, 136, 139].contains(&self.code), "it crashed: {self:?}");
    }

    /// The style of our own messages: one error in one line that can be shown on a terminal.
    #[track_caller]
    fn one_error(&self) {
        let errors = self.stderr.lines().filter(|line| line.starts_with("error: cannot ")).count();
        assert_eq!(errors, 1, "expected one line `error: cannot ...`, got: {}", self.stderr);
        let longest = self.stderr.lines().map(str::len).max().unwrap_or_default();
        assert!(longest <= 512, "nobody reads a line of {longest} bytes: {}", self.stderr);
        let printable = self.stderr.chars().all(|c| c == '\n' || !c.is_control());
        assert!(printable, "control characters on the terminal: {:?}", self.stderr);
    }
}

/// A call of the runtime, before it is made.
#[must_use]
pub struct Call {
    command: Command,
    /// stdout and stderr go to files: a pipe would be held open by the container, and never end.
    streams: PathBuf,
    deadline: Duration,
}

impl Call {
    /// Any program; `scratch` is the folder for what it says.
    pub(crate) fn of(program: impl AsRef<OsStr>, scratch: &Path, mark: &str) -> Call {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let streams = scratch.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        let mut command = Command::new(program);
        // Whatever this starts can be found by its environment.
        command.env("LAB", mark).stdin(Stdio::null());
        // Nothing is connected to the machine's own network.
        command.env("NAGAYA_NETWORK", "none");
        Call { command, streams, deadline: DEADLINE }
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Call {
        self.command.args(args);
        self
    }

    /// One more argument.
    pub fn arg(self, arg: impl AsRef<OsStr>) -> Call {
        self.args([arg])
    }

    /// Its stdin.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Call {
        self.command.stdin(stdin);
        self
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Call {
        self.command.env(name, value);
        self
    }

    /// Its working folder.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Call {
        self.command.current_dir(folder);
        self
    }

    /// Runs it as somebody who is not root, without groups and privileges.
    pub fn user(mut self, id: u32) -> Call {
        self.command.uid(id).gid(id);
        self
    }

    /// Instead of the usual twenty seconds.
    pub fn deadline(mut self, limit: Duration) -> Call {
        self.deadline = limit;
        self
    }

    /// Runs it by another program, such as `strace -o /dev/null`.
    pub fn under<S: AsRef<OsStr>>(mut self, wrapper: impl IntoIterator<Item = S>) -> Call {
        let mut words: Vec<OsString> = wrapper.into_iter().map(|word| word.as_ref().to_owned()).collect();
        words.push(self.command.get_program().to_owned());
        words.extend(self.command.get_args().map(OsStr::to_owned));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        for (name, value) in self.command.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        self.command = command;
        self
    }

    /// Runs it by a shell that first opens what `redirections` says, such as `3<file` or `0<&-`.
    pub fn redirect(self, redirections: &str) -> Call {
        let script = format!("exec \"$@\" {redirections}");
        self.under(["/bin/sh", "-c", &script, "sh"])
    }

    /// Makes the call and waits for its end.
    #[track_caller]
    pub fn output(self) -> Output {
        self.start().finish()
    }

    /// Makes the call, and does not wait.
    #[track_caller]
    pub fn start(mut self) -> Running {
        let (stdout, stderr) = (self.stream("out"), self.stream("err"));
        self.command.stdout(append(&stdout)).stderr(append(&stderr)).process_group(0);
        let name = format!("{:?}", self.command);
        let began = std::time::Instant::now();
        let child = self.command.spawn().unwrap_or_else(|err| panic!("{name}: {err}"));
        Running { child, name, began, stdout, stderr, deadline: self.deadline }
    }

    /// Where its stdout or stderr can be read, also after it has ended.
    pub(crate) fn stream(&self, kind: &str) -> PathBuf {
        self.streams.with_extension(kind)
    }
}

/// Both the runtime and the container write to it, so each write goes to its end.
fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("a file for what a command says")
}

/// A call that was made and has not ended yet.
pub struct Running {
    child: Child,
    name: String,
    began: std::time::Instant,
    stdout: PathBuf,
    stderr: PathBuf,
    deadline: Duration,
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far on stdout.
    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// It has not ended yet.
    pub fn runs(&self) -> bool {
        !self.ends_within(Duration::ZERO)
    }

    /// Sends a signal to it alone.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.process(), signal).expect("a signal to the command");
    }

    /// Waits for its end. A command that hangs is killed, and fails the test.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        if !self.ends_within(self.deadline) {
            let _ = kill_process_group(self.process(), Signal::KILL);
            let _ = self.child.wait();
            panic!("hung: {}\n{}{}", self.name, text(&self.stdout), text(&self.stderr));
        }
        let status = self.child.wait().expect("the end of a command");
        let (stdout, stderr) = (text(&self.stdout), text(&self.stderr));
        Output { stdout, stderr, code: code(status), took: self.began.elapsed() }
    }

    fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// A pidfd becomes readable when its process ends.
    fn ends_within(&self, limit: Duration) -> bool {
        let process = pidfd_open(self.process(), PidfdFlags::empty()).expect("a pidfd of our own child");
        readable(&process, limit)
    }
}

/// Whether something can be read in time.
pub(crate) fn readable(file: &impl std::os::fd::AsFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).expect("a deadline of seconds");
    let mut wanted = [PollFd::new(file, PollFlags::IN)];
    loop {
        match poll(&mut wanted, Some(&limit)) {
            Err(rustix::io::Errno::INTR) => {}
            ready => return ready.expect("poll") > 0,
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).expect("a code or a signal")
}

fn text(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The lines of a log in JSON.
#[track_caller]
pub fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}
