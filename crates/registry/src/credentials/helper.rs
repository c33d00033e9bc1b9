//! Programs that keep credentials: `docker-credential-NAME`.
//!
//! Source: <https://github.com/docker/docker-credential-helpers/blob/v0.9.3/README.md>, "Development".

use std::env;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fault::{Doing, Fault, Kind, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::Deserialize;
use serde_json::json;

use super::Credential;

/// How long one may take: it may ask the user to unlock something.
pub(super) const LIMIT: Duration = Duration::from_mins(2);

/// Bytes of an answer.
const LONGEST: usize = 1 << 20;

/// What helpers say of a registry that they do not know.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The user of a secret that is an identity token.
const TOKEN: &str = "<token>";

/// A program that keeps credentials.
pub(super) struct Helper {
    program: PathBuf,
    limit: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

impl Helper {
    /// Looks for it in `path`.
    pub(super) fn find(name: &str, path: &OsStr, limit: Duration) -> Result<Helper> {
        let file = format!("docker-credential-{name}");
        let doing = || format!("use credential helper `{file}`");
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Err(Fault::new(Kind::Invalid, doing()).because("that is no name of a helper"));
        }
        let mut candidates =
            env::split_paths(path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(&file));
        let program = candidates.find(|path| path.is_file()).ok_or_else(|| {
            Fault::new(Kind::NotFound, doing())
                .because("it is not in PATH")
                .hint("install it, or remove `credsStore` or `credHelpers` from config.json")
        })?;
        Ok(Helper { program, limit })
    }

    /// What it keeps for a registry.
    pub(super) fn get(&self, server: &str) -> Result<Option<Credential>> {
        let Some(answer) = self.call("get", server.as_bytes())? else { return Ok(None) };
        // The answer is a secret, so no message shows any of it.
        let wrong =
            |_| self.fault("get").because("it has answered something else than the JSON that is expected");
        let Answer { username, secret } = serde_json::from_slice(&answer).map_err(wrong)?;
        Ok(match username.as_str() {
            _ if secret.is_empty() => None,
            TOKEN => Some(Credential::Identity { user: String::new(), token: secret }),
            _ => Some(Credential::Password { user: username, password: secret }),
        })
    }

    /// Has it keep a credential.
    pub(super) fn store(&self, server: &str, credential: &Credential) -> Result<()> {
        let (username, secret) = match credential {
            Credential::Password { user, password } => (user.as_str(), password),
            Credential::Identity { token, .. } => (TOKEN, token),
            Credential::Registry { .. } => {
                return Err(self.fault("store").because("helpers do not keep tokens of registries"));
            }
        };
        let input = json!({ "ServerURL": server, "Username": username, "Secret": secret });
        self.call("store", input.to_string().as_bytes()).map(drop)
    }

    /// Has it forget what it keeps for a registry, if it does.
    pub(super) fn erase(&self, server: &str) -> Result<()> {
        self.call("erase", server.as_bytes()).map(drop)
    }

    /// Runs it; nothing if it does not know what was asked for.
    fn call(&self, verb: &str, input: &[u8]) -> Result<Option<Vec<u8>>> {
        let doing = || self.fault(verb);
        let mut command = Command::new(&self.program);
        command.arg(verb).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|err| Fault::of(&err, "start it").during(self.doing(verb)))?;
        let answered = self.talk(&mut child, input);
        if answered.is_err() {
            let _ = child.kill();
        }
        let ended = child.wait().doing(|| self.doing(verb))?;
        let answer = answered.map_err(|err| doing().because(err))?;
        if ended.success() {
            return Ok(Some(answer));
        }
        let said = String::from_utf8_lossy(&answer);
        match said.trim() {
            NOT_FOUND => Ok(None),
            "" => Err(doing().because(format!("it failed ({ended}) without a word"))),
            said => Err(doing().because(said.lines().next().unwrap_or_default())),
        }
    }

    /// Its answer; it has ended then.
    fn talk(&self, child: &mut Child, input: &[u8]) -> io::Result<Vec<u8>> {
        let end = Instant::now() + self.limit;
        // A helper that does not read its input may still answer.
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input);
        }
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        if let Some(mut stdout) = child.stdout.take() {
            loop {
                wait(&stdout, end)?;
                match stdout.read(&mut piece)? {
                    0 => break,
                    read => answer.extend_from_slice(&piece[..read]),
                }
                if answer.len() > LONGEST {
                    return Err(io::Error::other(format!("it has answered more than {LONGEST} bytes")));
                }
            }
        }
        let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        wait(&process, end)?;
        Ok(answer)
    }

    fn doing(&self, verb: &str) -> String {
        let name = self.program.file_name().map_or(self.program.as_path(), Path::new);
        format!("{verb} a credential by `{}`", name.display())
    }

    fn fault(&self, verb: &str) -> Fault {
        Fault::new(Kind::Failed, self.doing(verb))
    }
}

/// Until something can be read, or a process has ended.
fn wait(what: &impl AsFd, end: Instant) -> io::Result<()> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::new(what, PollFlags::IN)], Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "it has not ended in time")),
            ready => return Ok(ready.map(drop)?),
        }
    }
}
