//! What people are told: data on stdout, talk on stderr.

use std::fmt::{Display, Write as _};
use std::io::Write;

use fault::{Doing, Fault, Result};

/// Tells why a command failed. Once, in `main`, and nowhere else.
pub(crate) fn error(fault: &Fault) {
    let fault = fault.clone().or_hint(of_disk(fault.errno()));
    talk(&format!("error: {fault}\n"));
}

/// What to try where a disk takes nothing: `ENOSPC`, `EDQUOT`, `EROFS`.
fn of_disk(errno: Option<i32>) -> Option<String> {
    let hint = match errno? {
        28 => {
            "`df -h` and `df -i` tell which disk is full; `nagaya system df` what is kept here, and `system prune` makes room"
        }
        122 => {
            "a quota is used up; `nagaya system df` tells what is kept here, and `system prune` makes room"
        }
        30 => {
            "`findmnt --target` tells what is mounted there, and `dmesg` why it may have become so; or choose another place by --root"
        }
        _ => return None,
    };
    Some(hint.to_string())
}

const WRITING: &str = "cannot write to stdout";

/// Whoever read what we print has had enough of it (`| head`): nothing that anybody would want to be told. Programs that do
/// not ask end by SIGPIPE then, for which shells have this exit code.
pub(crate) fn reader_is_gone(fault: &Fault) -> Option<u8> {
    const SIGPIPE: u8 = 128 + 13;
    let of_pipe = fault.errno() == Some(rustix::io::Errno::PIPE.raw_os_error());
    (of_pipe && fault.sentence().starts_with(WRITING)).then_some(SIGPIPE)
}

/// Tells what was left out.
pub(crate) fn warn(sentence: &str) {
    talk(&format!("warning: {}\n", fault::visible(sentence)));
}

/// Tells all that was left out.
pub(crate) fn warnings(all: &[String]) {
    for sentence in all {
        warn(sentence);
    }
}

/// Tells why one of many is not shown, and what to try.
pub(crate) fn not_shown(fault: &Fault) {
    talk(&format!("warning: {fault}\n"));
}

/// Tells something besides.
pub(crate) fn note(sentence: &str) {
    talk(&format!("note: {}\n", fault::visible(sentence)));
}

/// Writes to stderr. If that is closed, there is nobody left to tell.
pub(crate) fn talk(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// One thing on each line.
pub(crate) fn lines<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().fold(String::new(), |mut text, one| {
        let _ = writeln!(text, "{one}");
        text
    })
}

/// Writes data to stdout. If that is full or closed, the command has failed.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).doing(|| "write to stdout")
}
