//! The program: found, and become.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{Access, AtFlags, CWD, FileType};

use super::Hands;
use crate::diagnose;

/// Standard streams: these stay open.
const STREAMS: u32 = 3;

/// Has all descriptors but the standard ones and `keep` more close with exec.
pub(super) fn close_descriptors(keep: u32) -> Result<()> {
    sys::fds::close_on_exec_from(STREAMS + keep).doing(|| "close our own descriptors")
}

impl Hands<'_> {
    /// Finds the program as execvp(3) would, in the container's root. The texts are those of runc, which
    /// docker and podman search for the reason.
    pub(super) fn find_program(&mut self, name: &str, search: &str) -> Result<()> {
        let program = if name.contains('/') {
            check(Path::new(name)).map_err(|err| refuse(name, &err))?;
            PathBuf::from(name)
        } else {
            let mut candidates = search
                .split(':')
                .map(|folder| Path::new(if folder.is_empty() { "." } else { folder }).join(name));
            let found = candidates.find(|path| check(path).is_ok());
            found.ok_or_else(|| not_found(name, search))?
        };
        self.program = Some(program);
        Ok(())
    }

    /// Becomes the program. Returns only if that did not work.
    pub(super) fn exec(&mut self, args: &[String], env: &[String]) -> Fault {
        match self.prepare(args, env) {
            Err(fault) => fault,
            Ok((path, args, env)) => {
                let err = sys::exec::execve(&path, &args, &env);
                diagnose::exec(Path::new(std::ffi::OsStr::from_bytes(path.to_bytes())), &err)
            }
        }
    }

    fn prepare(&mut self, args: &[String], env: &[String]) -> Result<(CString, Vec<CString>, Vec<CString>)> {
        let program = self.program.take().ok_or_else(|| Fault::new(Kind::Failed, "find the program"))?;
        let text =
            |bytes: &[u8]| CString::new(bytes).map_err(std::io::Error::from).doing(|| "pass arguments on");
        let path = text(program.as_os_str().as_bytes())?;
        let all = |list: &[String]| list.iter().map(|item| text(item.as_bytes())).collect::<Result<Vec<_>>>();
        let (args, mut env) = (all(args)?, all(env)?);
        if !env.iter().any(|pair| pair.as_bytes().starts_with(b"HOME=")) {
            env.push(text(format!("HOME={}", self.home()).as_bytes())?);
        }
        sys::signals::default_for_programs();
        if let Some(mask) = &self.mask {
            sys::signals::restore(mask).doing(|| "restore blocked signals")?;
        }
        Ok((path, args, env))
    }
}

impl Hands<'_> {
    /// The user's home in the container's own list of users; `/` if it has none. Callers leave this to the
    /// runtime, because only the root folder knows.
    fn home(&self) -> String {
        /// Bytes; a list of users is not longer, and an image may hold anything.
        const MOST: u64 = 1 << 20;
        let users = self.root().ok().and_then(|root| root.read(Path::new("/etc/passwd"), MOST).ok());
        let users = String::from_utf8_lossy(users.as_deref().unwrap_or_default()).into_owned();
        let home = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let is_user = fields.get(2).and_then(|uid| uid.parse().ok()) == Some(self.uid);
            fields.get(5).filter(|home| is_user && home.starts_with('/')).map(ToString::to_string)
        };
        users.lines().find_map(home).unwrap_or_else(|| "/".to_string())
    }
}

fn check(path: &Path) -> std::io::Result<()> {
    let stat = rustix::fs::stat(path)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Err(rustix::io::Errno::ISDIR.into());
    }
    // Root may read any file, and may execute only those that somebody may.
    Ok(rustix::fs::accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS)?)
}

fn refuse(name: &str, err: &std::io::Error) -> Fault {
    let fault = Fault::of(err, format!("exec: \"{name}\": stat {name}"));
    match fault.kind() {
        Kind::Denied => {
            let fault = Fault::of(err, format!("exec: \"{name}\""));
            fault.hint(format!(
                "make it executable: chmod +x `{name}`, and see whether its mount says `noexec`"
            ))
        }
        Kind::NotFound => {
            fault.hint("the path counts from the container's root, or from its working directory")
        }
        _ => fault.hint("name a program, not a folder"),
    }
}

fn not_found(name: &str, search: &str) -> Fault {
    Fault::new(Kind::NotFound, format!("exec: \"{name}\""))
        .because("executable file not found in $PATH")
        .hint(match search {
            "" => "`process.env` has no PATH; name the program by its whole path".to_string(),
            _ => format!("none of these folders of the container has it: {search}"),
        })
}
