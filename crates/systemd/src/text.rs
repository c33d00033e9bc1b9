//! Values as annotations have them: the text form of `GVariant`, as far as properties need it.
//!
//! ```text
//! 'a text'   "a text"   true   -5   0x10   1.5   uint64 90000000   @t 7   ['a', 'b']   @as []
//! ```
//!
//! Source: <https://docs.gtk.org/glib/gvariant-text-format.html>

/// A value whose exact type is for its property to say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    Flag(bool),
    Whole(i128),
    Fraction(f64),
    Text(String),
    Texts(Vec<String>),
}

const NUMBERS: [&str; 8] = ["byte", "int16", "uint16", "int32", "uint32", "int64", "uint64", "double"];
const TEXTS: [&str; 3] = ["string", "objectpath", "signature"];

/// Reads one value, and nothing behind it. The error says what is wrong.
pub(crate) fn parse(text: &str) -> Result<Given, String> {
    let mut rest = text.trim();
    let declared = declared(&mut rest)?;
    let value = value(&mut rest)?;
    if !rest.trim().is_empty() {
        return Err(format!("there is something behind the value: `{}`", rest.trim()));
    }
    match declared {
        Some(kind) if !kind.fits(&value) => Err("the value is not of the type in front of it".to_string()),
        _ => Ok(value),
    }
}

/// What the word in front of a value says.
#[derive(Clone, Copy)]
enum Declared {
    Flag,
    Number,
    Text,
    Texts,
}

impl Declared {
    fn fits(self, value: &Given) -> bool {
        match value {
            Given::Flag(_) => matches!(self, Declared::Flag),
            Given::Whole(_) | Given::Fraction(_) => matches!(self, Declared::Number),
            Given::Text(_) => matches!(self, Declared::Text),
            Given::Texts(_) => matches!(self, Declared::Texts),
        }
    }
}

/// `uint64` or `@t` in front of the value.
fn declared(rest: &mut &str) -> Result<Option<Declared>, String> {
    let word = rest.split(char::is_whitespace).next().unwrap_or_default();
    let declared = match word {
        "boolean" | "@b" => Declared::Flag,
        "@y" | "@n" | "@q" | "@i" | "@u" | "@x" | "@t" | "@d" => Declared::Number,
        "@s" | "@o" | "@g" => Declared::Text,
        "@as" => Declared::Texts,
        word if NUMBERS.contains(&word) => Declared::Number,
        word if TEXTS.contains(&word) => Declared::Text,
        word if word.starts_with('@') => return Err(format!("the type `{word}` is not one of a property")),
        _ => return Ok(None),
    };
    *rest = rest[word.len()..].trim_start();
    Ok(Some(declared))
}

fn value(rest: &mut &str) -> Result<Given, String> {
    match rest.chars().next() {
        Some('\'' | '"') => quoted(rest).map(Given::Text),
        Some('[') => list(rest).map(Given::Texts),
        _ => {
            let word = rest.split(char::is_whitespace).next().unwrap_or_default();
            *rest = &rest[word.len()..];
            bare(word)
        }
    }
}

fn bare(word: &str) -> Result<Given, String> {
    let hexadecimal = |digits| i128::from_str_radix(digits, 16).ok().filter(|number| *number >= 0);
    let whole = match word.strip_prefix("0x") {
        Some(digits) => hexadecimal(digits),
        None => word.parse().ok(),
    };
    match (word, whole) {
        ("true", _) => Ok(Given::Flag(true)),
        ("false", _) => Ok(Given::Flag(false)),
        (_, Some(number)) => Ok(Given::Whole(number)),
        // Words such as `inf` are numbers to Rust, and not here.
        (word, None) if word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => word
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Given::Fraction)
            .ok_or_else(|| format!("`{word}` is not a number")),
        _ => Err(format!("expected a value such as `'text'`, `true`, `5` or `['a', 'b']`, got `{word}`")),
    }
}

fn quoted(rest: &mut &str) -> Result<String, String> {
    let mut chars = rest.char_indices();
    let quote = chars.next().map(|(_, quote)| quote);
    let mut text = String::new();
    while let Some((at, c)) = chars.next() {
        if Some(c) == quote {
            *rest = &rest[at + c.len_utf8()..];
            return Ok(text);
        }
        let c = match c {
            '\\' => match chars.next() {
                Some((_, c @ ('\\' | '\'' | '"'))) => c,
                Some((_, 'n')) => '\n',
                Some((_, 't')) => '\t',
                _ => return Err("behind `\\` there is no character that it stands for".to_string()),
            },
            c => c,
        };
        text.push(c);
    }
    Err("a text has no quote at its end".to_string())
}

fn list(rest: &mut &str) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    *rest = rest[1..].trim_start();
    loop {
        if let Some(behind) = rest.strip_prefix(']') {
            *rest = behind;
            return Ok(texts);
        }
        if !texts.is_empty() {
            *rest = rest.strip_prefix(',').ok_or("a list has no `]` at its end")?.trim_start();
        }
        if !rest.starts_with(['\'', '"']) {
            return Err("a list has something else in it than texts".to_string());
        }
        texts.push(quoted(rest)?);
        *rest = rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_types_that_properties_have() {
        let text = |text: &str| Given::Text(text.to_string());
        let table = [
            ("true", Given::Flag(true)),
            ("boolean false", Given::Flag(false)),
            ("7", Given::Whole(7)),
            (" -7 ", Given::Whole(-7)),
            ("0x10", Given::Whole(16)),
            ("uint64 18446744073709551615", Given::Whole(i128::from(u64::MAX))),
            ("@t 7", Given::Whole(7)),
            ("1.5", Given::Fraction(1.5)),
            ("double 2", Given::Whole(2)),
            (r#""a 'b'""#, text("a 'b'")),
            (r"'a \'b\' \\'", text(r"a 'b' \")),
            ("string 'x'", text("x")),
            ("['a', \"b\"]", Given::Texts(vec!["a".into(), "b".into()])),
            ("@as []", Given::Texts(vec![])),
        ];
        for (given, expected) in table {
            assert_eq!(parse(given), Ok(expected), "{given}");
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for bad in [
            "",
            "x",
            "'x",
            "'x' y",
            "'it''",
            "uint64 'x'",
            "@s 5",
            "@as 'x'",
            "@(ss) ('a','b')",
            "[5]",
            "['a' 'b']",
            "['a'",
            "inf",
            "1e999",
            "0x",
            "0x-5",
            "--5",
            r"'\x'",
            "uint64",
            "@t",
        ] {
            assert!(parse(bad).is_err(), "{bad}: {:?}", parse(bad));
        }
    }
}
