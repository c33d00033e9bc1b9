//! Numbers as they are written, and as Go compares them.

use serde_json::{Number, Value};

/// Of its text: decimal, `0x`, `0o`, `0b`, or with a point.
pub(crate) fn parse(text: &str) -> Option<Number> {
    let text = text.replace('_', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let radix = |prefix: &str, radix| {
        digits.strip_prefix(prefix).and_then(|rest| i64::from_str_radix(rest, radix).ok())
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2)) {
        return Some(Number::from(sign * number));
    }
    match digits.parse::<i64>() {
        Ok(number) => Some(Number::from(sign * number)),
        Err(_) if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            text.parse().ok().and_then(Number::from_f64)
        }
        Err(_) => None,
    }
}

/// A whole number, to count or to index with.
pub(crate) fn whole(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

/// As Go's `%v` has it.
pub(crate) fn show(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && (float.abs() >= 1e21 || (float != 0.0 && float.abs() < 1e-4)) => {
            exponent(float)
        }
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// Go's exponents have a sign and two digits.
fn exponent(float: f64) -> String {
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}
