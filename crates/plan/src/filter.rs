//! The filter of system calls.

use std::path::PathBuf;

use fault::{Fault, Result};
use oci::seccomp::Seccomp;
use oci::{Process, Spec};
use seccomp::{Arch, Filter};

use crate::step::{Listener, Step};

/// Makes a profile with names that nobody knows an error. Source: crun(1).
const STRICT: &str = "run.oci.seccomp_fail_unknown_syscall";

/// Who decides about system calls, instead of `listenerPath`. Source: the same.
const RECEIVER: &str = "run.oci.seccomp.receiver";

/// A filter, and who decides where it does not.
pub type Filtering = (Filter, Option<Listener>);

/// What `linux.seccomp` asks for.
pub(crate) fn of(spec: &Spec, warnings: &mut Vec<String>) -> Result<Option<Filtering>> {
    let Some(asked) = &spec.linux.seccomp else { return Ok(None) };
    let receiver = |path: &String| Seccomp { listener_path: path.clone(), ..asked.clone() };
    let received = spec.annotations.get(RECEIVER).map(receiver);
    let asked = received.as_ref().unwrap_or(asked);
    let (filter, unknown) = seccomp::compile(asked, Arch::native())?;
    if !unknown.is_empty() {
        let why = format!("names that no system call has: {}", unknown.join(", "));
        if spec.annotations.contains_key(STRICT) {
            return Err(Fault::invalid("linux.seccomp.syscalls", why));
        }
        warnings.push(format!("left out of `linux.seccomp`: {why}"));
    }
    let listener =
        Listener { path: PathBuf::from(&asked.listener_path), metadata: asked.listener_metadata.clone() };
    Ok(filter.map(|filter| {
        let listener = filter.notifies.then_some(listener);
        (filter, listener)
    }))
}

/// The steps of a filter: one of the host's before the clone, and the child's own.
pub(crate) fn steps(filtering: Option<&Filtering>) -> (Option<Step>, Option<Step>) {
    let Some((filter, listener)) = filtering else { return (None, None) };
    let connect = listener.as_ref().map(|listener| Step::ConnectListener { path: listener.path.clone() });
    (connect, Some(Step::FilterCalls { filter: filter.clone(), listener: listener.clone() }))
}

/// With `noNewPrivileges` anybody may filter itself, so it is the last thing before the program: of our own
/// system calls only that one is left to be filtered.
pub(crate) fn last(filter: Option<Step>, process: &Process) -> Option<Step> {
    filter.filter(|_| process.no_new_privileges)
}
