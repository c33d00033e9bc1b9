//! Programs of the caller's, run on the way.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fault::{Doing, Fault, Kind, Result};
use oci::{Hook, State};
use plan::Stage;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Bytes of a hook's words that go into an error.
const WORDS: u64 = 512;

/// Files that hooks write to instead of what we keep for the error: crun's annotations.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    stdout: Option<File>,
    stderr: Option<File>,
}

impl Outputs {
    /// Opens those that are named, while their paths are still those of the caller.
    pub(crate) fn open(annotations: &BTreeMap<String, String>) -> Result<Outputs> {
        let open = |name: &str| {
            let open = |path: &String| File::options().create(true).append(true).mode(0o600).open(path);
            annotations.get(name).map(open).transpose().doing(|| format!("use `annotations[{name}]`"))
        };
        Ok(Outputs { stdout: open("run.oci.hooks.stdout")?, stderr: open("run.oci.hooks.stderr")? })
    }
}

/// Runs the hooks one after the other; the first that fails ends it.
///
/// Source: config.md, "POSIX-platform Hooks".
pub(crate) fn run(stage: Stage, hooks: &[Hook], state: &State, outputs: &Outputs) -> Result<()> {
    let state = serde_json::to_vec(state).map_err(std::io::Error::from).doing(|| "write the state")?;
    for (at, hook) in hooks.iter().enumerate() {
        run_one(stage, hook, &state, outputs)
            .map_err(|fault| fault.during(format!("run `hooks.{}[{at}]`", stage.name())))?;
    }
    Ok(())
}

fn run_one(stage: Stage, hook: &Hook, state: &[u8], outputs: &Outputs) -> Result<()> {
    let doing = || format!("run `{}`", hook.path);
    let mut input = memory("hook-stdin").doing(doing)?;
    input.write_all(state).and_then(|()| input.rewind()).doing(doing)?;
    let mut words = memory("hook-output").doing(doing)?;
    let to = |file: &Option<File>| file.as_ref().unwrap_or(&words).try_clone();
    let stdout = to(&outputs.stdout).doing(doing)?;
    let stderr = to(&outputs.stderr).doing(doing)?;
    let mut command = Command::new(&hook.path);
    if let Some((name, args)) = hook.args.split_first() {
        command.arg0(name).args(args);
    }
    // As with runc: one of ours that says nothing about it has our environment.
    if !hook.env.is_empty() || stage.is_childs() {
        command.env_clear().envs(hook.env.iter().filter_map(|pair| pair.split_once('=')));
    }
    command.stdin(Stdio::from(input)).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
    let mut child = command.spawn().doing(doing)?;
    let ended = wait(&mut child, hook.timeout).doing(doing)?;
    let cause = match ended {
        None => format!("it did not end within {} seconds, and was killed", hook.timeout.unwrap_or_default()),
        Some(status) if status.success() => return Ok(()),
        Some(status) => match status.signal() {
            Some(signal) => format!("it was killed by signal {signal}"),
            None => format!("exit status {}", status.code().unwrap_or(-1)),
        },
    };
    Err(Fault::new(Kind::Failed, doing()).because(with_words(cause, &mut words)))
}

/// What the hook wrote, if anything, behind the cause.
fn with_words(cause: String, words: &mut File) -> String {
    let length = words.seek(SeekFrom::End(0)).unwrap_or(0);
    let mut text = Vec::new();
    let _ = words.seek(SeekFrom::Start(length.saturating_sub(WORDS)));
    let _ = words.take(WORDS).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    match text.trim() {
        "" => cause,
        text => format!("{cause}: {text}"),
    }
}

/// A file in memory: unlike a pipe it takes whatever a hook does not read, and whatever it writes.
fn memory(name: &str) -> std::io::Result<File> {
    Ok(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?.into())
}

fn wait(child: &mut Child, timeout: Option<i64>) -> std::io::Result<Option<std::process::ExitStatus>> {
    // More seconds than there will be are no limit.
    let limit = timeout.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    let Some(until) = limit.and_then(|limit| Instant::now().checked_add(limit)) else {
        return child.wait().map(Some);
    };
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pidfd = pidfd_open(pid.ok_or(std::io::ErrorKind::NotFound)?, PidfdFlags::empty())?;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            Err(err) => return Err(err.into()),
            Ok(0) => {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            Ok(_) => return child.wait().map(Some),
        }
    }
}
