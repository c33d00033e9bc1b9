//! Go's functions, and those that docker adds.

use std::cmp::Ordering;

use serde_json::Value;

use crate::number;
use crate::printf::printf;
use crate::show::{json, show, truth};

const NAMES: [&str; 25] = [
    "and", "or", "not", "len", "index", "slice", "print", "println", "printf", "html", "urlquery", "eq",
    "ne", "lt", "le", "gt", "ge", "json", "split", "join", "title", "lower", "upper", "pad", "truncate",
];

pub(crate) fn is_one(name: &str) -> bool {
    NAMES.contains(&name)
}

pub(crate) fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    match name {
        "eq" => return equal(args).map(Value::Bool),
        "index" => return index(args),
        "slice" => return slice(args),
        "print" => return Ok(Value::String(print(args))),
        "println" => return Ok(Value::String(println(args))),
        "printf" => return printf(args).map(Value::String),
        _ => {}
    }
    match (name, args) {
        ("not", [value]) => Ok(Value::Bool(!truth(value))),
        ("len", [value]) => length(value),
        ("json", [value]) => Ok(Value::String(json(value))),
        ("lower", [value]) => Ok(Value::String(text(value)?.to_lowercase())),
        ("upper", [value]) => Ok(Value::String(text(value)?.to_uppercase())),
        ("title", [value]) => Ok(Value::String(title(text(value)?))),
        ("html", [value]) => Ok(Value::String(html(&show(value)))),
        ("urlquery", [value]) => Ok(Value::String(urlquery(&show(value)))),
        ("split", [value, by]) => Ok(text(value)?
            .split(text(by)?)
            .filter(|part| !text(by).is_ok_and(str::is_empty) || !part.is_empty())
            .collect()),
        ("join", [values, by]) => join(values, text(by)?),
        ("pad", [value, left, right]) => pad(text(value)?, left, right),
        ("truncate", [value, length]) => {
            Ok(text(value)?.chars().take(whole(length)?).collect::<String>().into())
        }
        ("ne", [a, b]) => Ok(Value::Bool(!same(a, b)?)),
        ("lt" | "le" | "gt" | "ge", [a, b]) => compare(name, a, b),
        _ => Err(format!("wrong number of args for {name}: got {}", args.len())),
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("wrong type for value; expected string; got {}", show(value)))
}

fn whole(value: &Value) -> Result<usize, String> {
    number::whole(value).ok_or_else(|| format!("wrong type for value; expected int; got {}", show(value)))
}

fn length(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) => Ok(text.len().into()),
        Value::Array(values) => Ok(values.len().into()),
        Value::Object(fields) => Ok(fields.len().into()),
        _ => Err(format!("len of type {}", show(value))),
    }
}

/// `index x 1 "a"` is `x[1]["a"]`. A key that is not there gives nothing.
fn index(args: &[Value]) -> Result<Value, String> {
    let Some((value, keys)) = args.split_first() else { return Err("wrong number of args for index".into()) };
    let mut value = value;
    for key in keys {
        value = match (value, key) {
            (Value::Null, _) => return Err("index of untyped nil".to_string()),
            (Value::Object(fields), Value::String(key)) => fields.get(key).unwrap_or(&Value::Null),
            (Value::Array(values), key) => {
                let at = whole(key).map_err(|_| format!("cannot index slice/array with {}", show(key)))?;
                values.get(at).ok_or_else(|| format!("index out of range: {at}"))?
            }
            (other, key) => return Err(format!("can't index {} with {}", show(other), show(key))),
        };
    }
    Ok(value.clone())
}

/// `slice x 1 2` is `x[1:2]`.
fn slice(args: &[Value]) -> Result<Value, String> {
    let Some((value, bounds)) = args.split_first() else {
        return Err("wrong number of args for slice".into());
    };
    let length = length(value)?.as_u64().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let from = bounds.first().map_or(Ok(0), whole)?;
    let to = bounds.get(1).map_or(Ok(length), whole)?;
    let wrong = || format!("slice bounds out of range [{from}:{to}] with length {length}");
    match value {
        Value::String(text) => text.get(from..to).map(Value::from).ok_or_else(wrong),
        Value::Array(values) => values.get(from..to).map(|part| Value::from(part.to_vec())).ok_or_else(wrong),
        _ => Err("can't slice it".to_string()),
    }
}

/// As Go's `Sprint`: a space between two of which neither is a text.
fn print(args: &[Value]) -> String {
    let mut out = String::new();
    for (at, value) in args.iter().enumerate() {
        if at > 0 && !value.is_string() && !args[at - 1].is_string() {
            out.push(' ');
        }
        out.push_str(&shown(value));
    }
    out
}

fn println(args: &[Value]) -> String {
    let args: Vec<_> = args.iter().map(shown).collect();
    args.join(" ") + "\n"
}

fn shown(value: &Value) -> String {
    if value.is_null() { "<nil>".to_string() } else { show(value) }
}

fn join(values: &Value, by: &str) -> Result<Value, String> {
    let Value::Array(values) = values else {
        return if values.is_null() { Ok("".into()) } else { Err("can't join what is no list".to_string()) };
    };
    let texts: Vec<_> = values.iter().map(shown).collect();
    Ok(texts.join(by).into())
}

fn pad(text: &str, left: &Value, right: &Value) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(text.into());
    }
    let (left, right) = (whole(left)?, whole(right)?);
    if left.max(right) > 1 << 16 {
        return Err("that is too wide".to_string());
    }
    Ok(format!("{}{text}{}", " ".repeat(left), " ".repeat(right)).into())
}

fn title(text: &str) -> String {
    let mut starts = true;
    let mut upper = |c: char| {
        let shown = if starts { c.to_uppercase().to_string() } else { c.to_string() };
        starts = c.is_whitespace();
        shown
    };
    text.chars().map(&mut upper).collect()
}

fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&#34;").replace('\'', "&#39;")
}

fn urlquery(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        b' ' => "+".to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// The first is one of the others.
fn equal(args: &[Value]) -> Result<bool, String> {
    let Some((first, others @ [_, ..])) = args.split_first() else {
        return Err("missing argument for comparison".to_string());
    };
    for other in others {
        if same(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn same(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Ok(a.as_f64() == b.as_f64()),
        (Value::Null, _) | (_, Value::Null) => Ok(a == b),
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => Ok(a == b),
        _ => Err("incompatible types for comparison".to_string()),
    }
}

fn compare(name: &str, a: &Value, b: &Value) -> Result<Value, String> {
    let order = match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    };
    let order = order.ok_or("incompatible types for comparison")?;
    Ok(Value::Bool(match name {
        "lt" => order == Ordering::Less,
        "le" => order != Ordering::Greater,
        "gt" => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}
