//! `replay`.

use engine::Engine;
use fault::{Fault, Kind, Result};

use crate::args::glass::Replay;
use crate::say;

pub(super) fn run(typed: &Replay, engine: &Engine) -> Result<()> {
    let view = engine.find(&typed.name)?;
    let words = &view.record.request.typed;
    if words.is_empty() {
        return Err(Fault::new(Kind::NotFound, format!("replay container `{}`", view.record.name))
            .because("it does not say by which line it was made"));
    }
    let line: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    say::print(&format!("docker {}\n", line.join(" ")))
}

/// As a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_it_back() {
        for (word, text) in
            [("a-b", "a-b"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(word), text);
        }
    }
}
