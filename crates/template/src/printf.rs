//! Go's `printf`, for the verbs that make sense of a JSON value.

use serde_json::Value;

use crate::number;
use crate::show::{json, show};

/// `%[flags][width][.precision]verb`
#[derive(Debug, Default)]
struct Format {
    left: bool,
    zero: bool,
    plus: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
}

/// Wider than that is no table any more.
const WIDEST: usize = 1 << 12;

pub(crate) fn printf(args: &[Value]) -> Result<String, String> {
    let Some((Value::String(text), args)) = args.split_first() else {
        return Err("wrong type for value; expected string".to_string());
    };
    let mut args = args.iter();
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let format = format(&mut chars);
        match chars.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(verb) => match args.next() {
                None => out.extend(["%!", &verb.to_string(), "(MISSING)"]),
                Some(value) => out.push_str(&format.fill(verb, value)),
            },
        }
    }
    let extra: Vec<_> = args.map(show).collect();
    if !extra.is_empty() {
        out.extend(["%!(EXTRA ", &extra.join(", "), ")"]);
    }
    Ok(out)
}

fn format(chars: &mut std::iter::Peekable<std::str::Chars>) -> Format {
    let mut format = Format::default();
    while let Some(flag) = chars.next_if(|c| "-0+# ".contains(*c)) {
        match flag {
            '-' => format.left = true,
            '0' => format.zero = true,
            '+' => format.plus = true,
            '#' => format.sharp = true,
            _ => {}
        }
    }
    format.width = digits(chars).unwrap_or(0);
    if chars.next_if_eq(&'.').is_some() {
        format.precision = Some(digits(chars).unwrap_or(0));
    }
    format
}

fn digits(chars: &mut std::iter::Peekable<std::str::Chars>) -> Option<usize> {
    let mut number = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        number = Some((number.unwrap_or(0) * 10 + digit as usize).min(WIDEST));
    }
    number
}

impl Format {
    fn fill(&self, verb: char, value: &Value) -> String {
        let Some(text) = self.text(verb, value) else { return format!("%!{verb}({})", show(value)) };
        let missing = self.width.saturating_sub(text.chars().count());
        let zeros = self.zero && !self.left && value.is_number();
        match (self.left, zeros, text.strip_prefix('-')) {
            (true, ..) => text + &" ".repeat(missing),
            (_, true, Some(digits)) => format!("-{}{digits}", "0".repeat(missing)),
            (_, true, None) => "0".repeat(missing) + &text,
            _ => " ".repeat(missing) + &text,
        }
    }

    /// Nothing, if the verb is not for such a value.
    fn text(&self, verb: char, value: &Value) -> Option<String> {
        let sign =
            |text: String, positive: bool| if self.plus && positive { format!("+{text}") } else { text };
        match (verb, value) {
            ('v', Value::Null) => Some("<nil>".to_string()),
            ('v', Value::String(text)) if self.sharp => Some(json(&Value::from(text.as_str()))),
            ('v', value) => Some(show(value)),
            ('s', Value::String(text)) => {
                Some(text.chars().take(self.precision.unwrap_or(usize::MAX)).collect())
            }
            ('s', Value::Array(_) | Value::Object(_)) => Some(show(value)),
            ('q', Value::String(_)) => Some(json(value)),
            ('t', Value::Bool(yes)) => Some(yes.to_string()),
            ('d', Value::Number(number)) => {
                number.is_i64().then(|| sign(number.to_string(), number.as_i64() >= Some(0)))
            }
            ('x', Value::Number(number)) => number.as_i64().map(|number| format!("{number:x}")),
            ('X', Value::Number(number)) => number.as_i64().map(|number| format!("{number:X}")),
            ('x', Value::String(text)) => Some(hex(text)),
            ('f' | 'F', Value::Number(number)) if number.is_f64() => number
                .as_f64()
                .map(|float| sign(format!("{float:.*}", self.precision.unwrap_or(6)), float >= 0.0)),
            ('g', Value::Number(number)) if number.is_f64() => Some(number::show(number)),
            _ => None,
        }
    }
}

fn hex(text: &str) -> String {
    let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
