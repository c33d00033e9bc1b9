//! From characters to words.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// As it is.
    Text(String),
    /// Between `{{` and `}}`, on this line.
    Action(usize, Vec<Word>),
}

/// A word of an action.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Word {
    /// `.`, or `.A.B` as its names.
    Field(Vec<String>),
    /// `$`, `$x`, or `$x.A` as the variable and the names behind it.
    Variable(String, Vec<String>),
    /// A name: of a function, or a word of the language.
    Name(String),
    /// A quoted text.
    Text(String),
    /// A number.
    Number(serde_json::Number),
    /// `(`, `)`, `|`, `,`.
    Sign(char),
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// `.A` right behind a `)`.
    Behind(Vec<String>),
}

/// Cuts a template into pieces. The error begins with the number of the line.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut line = 1;
    let mut trim = false;
    while let Some(at) = rest.find("{{") {
        let (before, inside) = (&rest[..at], &rest[at + 2..]);
        line += before.matches('\n').count();
        let left = inside.starts_with("- ") || inside.starts_with("-\n");
        push_text(&mut pieces, before, trim, left);
        let inside = if left { &inside[1..] } else { inside };
        let (words, length, right) = action(inside, line)?;
        line += inside[..length].matches('\n').count();
        pieces.extend(words.map(|words| Piece::Action(line, words)));
        rest = &inside[length..];
        trim = right;
    }
    push_text(&mut pieces, rest, trim, false);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trim_start: bool, trim_end: bool) {
    let text = if trim_start { text.trim_start() } else { text };
    let text = if trim_end { text.trim_end() } else { text };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_string()));
    }
}

/// The words of an action, none for a comment; how long it is with its `}}`; and whether it trims what follows.
fn action(inside: &str, line: usize) -> Result<(Option<Vec<Word>>, usize, bool), String> {
    if let Some(comment) = inside.trim_start().strip_prefix("/*") {
        let skipped = inside.len() - comment.len();
        let end = comment.find("*/").ok_or(format!("{line}: unclosed comment"))?;
        let (length, right) =
            close(&comment[end + 2..]).ok_or(format!("{line}: comment ends before closing delimiter"))?;
        return Ok((None, skipped + end + 2 + length, right));
    }
    let mut lexer = Lexer { text: inside, at: 0, line };
    let mut words = Vec::new();
    loop {
        if let Some((length, right)) = close(lexer.rest()) {
            return Ok((Some(words), lexer.at + length, right));
        }
        let before = lexer.at;
        lexer.skip_space();
        if let Some((length, right)) = close(lexer.rest()) {
            return Ok((Some(words), lexer.at + length, right));
        }
        let touches = before == lexer.at;
        words.push(lexer.word(touches && words.last() == Some(&Word::Sign(')')))?);
    }
}

/// `}}` or ` -}}`: how long, and whether it trims.
fn close(rest: &str) -> Option<(usize, bool)> {
    if rest.starts_with("}}") {
        return Some((2, false));
    }
    let trimmed = rest.trim_start();
    let space = rest.len() - trimmed.len();
    (space > 0 && trimmed.starts_with("-}}")).then_some((space + 3, true))
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn word(&mut self, behind_paren: bool) -> Result<Word, String> {
        let Some(first) = self.rest().chars().next() else { return self.fail("unclosed action") };
        match first {
            '.' if behind_paren => Ok(Word::Behind(self.names())),
            '.' if !self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.field(),
            '$' => {
                self.at += 1;
                let name = self.take(is_name);
                Ok(Word::Variable(name, self.names()))
            }
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.fail("character constants are not supported"),
            '(' | ')' | '|' | ',' => {
                self.at += 1;
                Ok(Word::Sign(first))
            }
            ':' if self.rest().starts_with(":=") => {
                self.at += 2;
                Ok(Word::Declare)
            }
            '=' => {
                self.at += 1;
                Ok(Word::Assign)
            }
            '0'..='9' | '-' | '+' | '.' => self.number(),
            _ if is_name(first) => Ok(Word::Name(self.take(is_name))),
            _ => self.fail(&format!("unexpected {first:?} in action")),
        }
    }

    fn field(&mut self) -> Result<Word, String> {
        let names = self.names();
        if names.is_empty() {
            self.at += 1;
        }
        if self.rest().starts_with('.') {
            return self.fail("unexpected <.> in operand");
        }
        Ok(Word::Field(names))
    }

    /// `.A.B`; nothing if it is only a dot.
    fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while self.rest().starts_with('.') && self.rest()[1..].starts_with(is_name) {
            self.at += 1;
            names.push(self.take(is_name));
        }
        names
    }

    fn take(&mut self, is: impl Fn(char) -> bool) -> String {
        let length = self.rest().find(|c| !is(c)).unwrap_or(self.rest().len());
        let taken = self.rest()[..length].to_string();
        self.at += length;
        taken
    }

    /// Go's escapes are JSON's, but for `\x`, `\a`, `\v` and octal ones, which nobody writes on a command line.
    fn quoted(&mut self) -> Result<Word, String> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest[1..].find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else { return self.fail("unterminated quoted string") };
        let Ok(text) = serde_json::from_str(&rest[..end + 2].replace('\t', "\\t")) else {
            return self.fail("unknown escape in quoted string");
        };
        self.at += end + 2;
        Ok(Word::Text(text))
    }

    fn raw(&mut self) -> Result<Word, String> {
        let Some(end) = self.rest()[1..].find('`') else {
            return self.fail("unterminated raw quoted string");
        };
        let text = self.rest()[1..=end].to_string();
        self.at += end + 2;
        Ok(Word::Text(text))
    }

    fn number(&mut self) -> Result<Word, String> {
        let text = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_'));
        match crate::number::parse(&text) {
            Some(number) => Ok(Word::Number(number)),
            None => self.fail(&format!("bad number syntax: {text:?}")),
        }
    }

    fn fail<T>(&self, why: &str) -> Result<T, String> {
        Err(format!("{}: {why}", self.line))
    }
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
