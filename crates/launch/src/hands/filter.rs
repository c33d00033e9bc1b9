//! The filter of system calls, and who decides where it does not.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use oci::{State, Status};
use plan::Listener;
use seccomp::Filter;
use serde::Serialize;

use super::Hands;
use crate::message::send_fd;

/// What a listener is told.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#containerprocessstate>
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessState<'a> {
    oci_version: &'a str,
    /// What each descriptor that comes along is.
    fds: [&'a str; 1],
    pid: i32,
    metadata: &'a str,
    state: State,
}

impl Hands<'_> {
    /// Connects to the listener: its path is one of the caller's.
    pub(super) fn connect_listener(&mut self, path: &Path) -> Result<()> {
        let socket = UnixStream::connect(path)
            .doing(|| format!("connect to `{}`", path.display()))
            .map_err(|fault| fault.during("use `linux.seccomp.listenerPath`"))?;
        self.listener = Some(socket.into());
        Ok(())
    }

    /// Filters our own calls from here on. What the listener gets is sent by us, in one call: nobody else can
    /// take the descriptor while we wait for nothing.
    pub(super) fn filter_calls(&mut self, filter: &Filter, listener: Option<&Listener>) -> Result<()> {
        let doing = || "use `linux.seccomp`";
        let told = listener.map(|listener| self.process_state(listener)).transpose()?;
        let program = filter.instructions().map(|one| (one.code, one.yes, one.no, one.value));
        let notify =
            sys::seccomp::install(program, filter.flags).doing(doing).map_err(|fault| {
                match fault.errno() {
                    Some(13) => fault.hint("it needs CAP_SYS_ADMIN, or `process.noNewPrivileges`"),
                    Some(22) => fault.hint("this kernel does not know one of `linux.seccomp.flags`"),
                    _ => fault,
                }
            })?;
        let (Some(notify), Some(told), Some(to)) = (notify, told, self.listener.take()) else {
            return Ok(());
        };
        send_fd(to.as_fd(), &told, notify.as_fd())
            .doing(|| "hand the calls over to `linux.seccomp.listenerPath`")
    }

    fn process_state(&self, listener: &Listener) -> Result<Vec<u8>> {
        let state = ProcessState {
            oci_version: oci::VERSION,
            fds: ["seccompFd"],
            pid: self.pid,
            metadata: &listener.metadata,
            state: self.making.state(self.pid, Status::Creating),
        };
        serde_json::to_vec(&state)
            .map_err(|err| Fault::new(Kind::Failed, "describe the process").because(err))
    }
}
