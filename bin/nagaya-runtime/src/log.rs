//! Errors and warnings: on stderr for people, in `--log` for callers. Docker and Kubernetes show their users
//! the last error of that file, and nothing else.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::SystemTime;

use fault::Fault;
use serde::Serialize;

use crate::args::Global;

#[derive(Serialize)]
struct Line<'a> {
    level: &'a str,
    msg: &'a str,
    time: String,
}

/// Tells why a command failed. Once, here, and nowhere else.
pub(crate) fn error(global: &Global, fault: &Fault) {
    let hint = fault.to_try().map(|hint| format!(" (hint: {})", fault::visible(hint))).unwrap_or_default();
    record(global, "error", &format!("{}{hint}", fault.sentence()));
    say(&format!("error: {fault}\n"));
}

/// Tells what was left out.
pub(crate) fn warn(global: &Global, sentence: &str) {
    let sentence = fault::visible(sentence);
    record(global, "warning", &sentence);
    if global.log.is_none() {
        say(&format!("warning: {sentence}\n"));
    }
}

fn record(global: &Global, level: &str, msg: &str) {
    let Some(path) = &global.log else { return };
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let line = if global.json {
        serde_json::to_string(&Line { level, msg, time }).unwrap_or_default()
    } else {
        format!("time=\"{time}\" level={level} msg={msg:?}")
    };
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| writeln!(file, "{line}"));
    if let Err(err) = written {
        say(&format!("warning: cannot write `{}`: {err}\n", path.display()));
    }
}

fn say(text: &str) {
    // There is nobody left to tell that stderr is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
