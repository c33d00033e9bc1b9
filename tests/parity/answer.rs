//! What a command answered, without what is different each time.

use std::sync::LazyLock;

use regex_lite::Regex;

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Answer {
    /// Where this one, which is ours, is not Docker's.
    pub(crate) fn differs(&self, docker: &Answer) -> Option<String> {
        let (ours, theirs) = (plain(&self.stdout), plain(&without_advice(&docker.stdout)));
        if ours != theirs {
            return Some(format!(
                "stdout\n--- docker\n{theirs}\n--- ours\n{ours}\n--- stderr\n{}",
                self.stderr
            ));
        }
        if self.code != docker.code {
            return Some(format!("code: docker {}, ours {}\n{}", docker.code, self.code, self.stderr));
        }
        let (ours, theirs) = (plain(&self.stderr), words(&docker.stderr));
        if theirs.is_empty() && !ours.is_empty() || !ours.contains(&theirs) {
            return Some(format!("stderr\n--- docker\n{}\n--- ours\n{ours}", docker.stderr));
        }
        None
    }
}

/// What Docker says of an error, without who says so and how a command is to be typed. Of what a container says to its
/// stderr, all of it.
fn words(stderr: &str) -> String {
    let stderr = &without_advice(stderr);
    let said: Vec<_> =
        stderr.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("Run '")).collect();
    let mut text = plain(said.join("\n").trim()).replace("'docker ", "'nagaya ");
    // Of the programs between it and the kernel it names each.
    if let Some((_, cause)) = text.split_once("unable to start container process: ") {
        text = cause.trim_end_matches(": unknown").to_string();
    }
    for prefix in ["docker: ", "Error response from daemon: ", "Error: ", "Error response from daemon: "] {
        text = text.strip_prefix(prefix).unwrap_or(&text).to_string();
    }
    // Of a command that it was then not able to carry out, Docker says a second time that it was not.
    text.lines().next().filter(|_| stderr.contains("Error")).map_or(text.clone(), str::to_string)
}

/// Whatever was asked for, Docker says it of a machine like the one it has here.
fn without_advice(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("IPv4 forwarding is disabled"));
    lines.fold(String::new(), |all, line| all + line + "\n")
}

/// Without ids, times, names that nobody chose, and the width of columns.
pub(crate) fn plain(text: &str) -> String {
    static EACH_TIME: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let pattern = |(pattern, by)| (Regex::new(pattern).expect("a pattern"), by);
        PATTERNS.map(pattern).to_vec()
    });
    let text =
        EACH_TIME.iter().fold(text.to_string(), |text, (what, by)| what.replace_all(&text, *by).into_owned());
    text.trim_end().to_string()
}

/// What is different each time, and what stands for it.
const PATTERNS: [(&str, &str); 7] = [
    ("[0-9a-f]{64}", "ID"),
    (r"\b[0-9a-f]{12}\b", "SHORT-ID"),
    (r"\d{4}-\d\d-\d\dT[\d:]+\.\d+Z", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", "TIME"),
    (r"Less than a second|About a minute|\d+ (seconds?|minutes)", "AGE"),
    (r"\b[a-z]+_[a-z]+(_[0-9a-f]{4})?\b", "NAME"),
    (" +", " "),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(stdout: &str, stderr: &str, code: i32) -> Answer {
        Answer { stdout: stdout.to_string(), stderr: stderr.to_string(), code }
    }

    #[test]
    fn what_is_different_each_time_is_no_difference() {
        let line = |id: &str, age: &str| format!("CONTAINER ID   IMAGE\n{id}   box  Exited (0) {age} ago\n");
        let (one, other) = (line("0123456789ab", "2 seconds"), line("ba9876543210", "Less than a second"));
        assert_eq!(answer(&one, "", 0).differs(&answer(&other, "", 0)), None);
        let docker = answer("", "Error response from daemon: No such container: web\n", 1);
        assert_eq!(
            answer("", "error: cannot x: No such container: web\nhint: y\n", 1).differs(&docker),
            None
        );
    }

    #[test]
    fn everything_else_is_one() {
        let good = answer("a\n", "", 0);
        for other in [answer("b\n", "", 0), answer("a\n", "", 1), answer("a\n", "error: x", 0)] {
            assert!(other.differs(&good).is_some(), "{other:?}");
        }
        let docker = answer("", "Error response from daemon: No such container: web\n", 1);
        assert!(answer("", "error: cannot x: web is not there\n", 1).differs(&docker).is_some());
        assert!(
            answer("Exited (1) 1 second ago", "", 0)
                .differs(&answer("Exited (2) 1 second ago", "", 0))
                .is_some()
        );
    }
}
