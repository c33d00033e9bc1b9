//! One command line.

use crate::answer::Answer;

/// What is expected of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// The same answer.
    Same,
    /// The same answer, once it has this text in it.
    Until(&'static str),
    /// Another answer, and why.
    Other(&'static str),
}

/// One command line.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) text: &'static str,
    pub(crate) meant: Meant,
}

/// One on each line: `COMMAND`, `until TEXT: COMMAND` or `differs, REASON: COMMAND`; `#` begins a title.
pub(crate) fn parse(text: &'static str) -> Vec<Line> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = |line: &'static str| match line.split_once(": ") {
        Some((first, text)) if first.starts_with("until ") => Line { text, meant: Meant::Until(&first[6..]) },
        Some((first, text)) if first.starts_with("differs, ") => {
            Line { text, meant: Meant::Other(&first[9..]) }
        }
        _ => Line { text: line, meant: Meant::Same },
    };
    lines.map(line).collect()
}

impl Line {
    /// As a shell would part it.
    pub(crate) fn as_typed(&self) -> Vec<String> {
        split(self.text)
    }

    /// The same; containers get no network.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = self.as_typed();
        let makes = |word: &String| word == "run" || word == "create";
        if let Some(at) = words.iter().take(2).position(makes) {
            words.splice(at + 1..=at, ["--network".to_string(), "none".to_string()]);
        }
        words
    }

    /// What is wrong with the two answers.
    pub(crate) fn judge(&self, ours: &Answer, docker: &Answer) -> Option<String> {
        match (ours.differs(docker), self.meant) {
            (Some(difference), Meant::Same | Meant::Until(_)) => {
                Some(format!("## {}\n{difference}", self.text))
            }
            // A reason that is none any more is to be taken away.
            (None, Meant::Other(why)) => {
                Some(format!("## {}\nno difference, but there is to be one: {why}", self.text))
            }
            _ => None,
        }
    }
}

/// At blanks, but for those in single quotes.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut begun) = (false, false);
    for sign in text.chars() {
        match sign {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(String::new());
                }
                begun = false;
            }
            sign => {
                begun = true;
                words.last_mut().expect("there is always one").push(sign);
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_what_is_expected_of_them() {
        let lines =
            parse("# title\nrun -d box sh -c 'a  b' ''\nuntil out: logs web\ndiffers, on purpose: ps\n");
        assert_eq!(lines[0].words(), ["run", "--network", "none", "-d", "box", "sh", "-c", "a  b", ""]);
        assert_eq!(lines[1].meant, Meant::Until("out"));
        assert_eq!((lines[2].meant, lines[2].text), (Meant::Other("on purpose"), "ps"));
    }
}
