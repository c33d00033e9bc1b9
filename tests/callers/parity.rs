//! The same words under two runtimes, and whether the answers are the same.

use peers::Said;

/// The words that were answered differently, each with both answers.
pub(crate) fn differences(
    lines: &[&str],
    ours: impl Fn(&str) -> Said,
    theirs: impl Fn(&str) -> Said,
) -> Vec<String> {
    let differs = |line: &&str| {
        let (ours, theirs) = (ours(line), theirs(line));
        (ours != theirs).then(|| format!("{line}\n  ours:   {ours:?}\n  theirs: {theirs:?}"))
    };
    lines.iter().filter_map(differs).collect()
}

/// Fails if there are any.
#[track_caller]
pub(crate) fn same(lines: &[&str], ours: impl Fn(&str) -> Said, theirs: impl Fn(&str) -> Said) {
    let differences = differences(lines, ours, theirs);
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), lines.len(), differences.join("\n"));
}
