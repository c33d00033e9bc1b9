//! Properties of a unit: a name, and a value of one of D-Bus' types.

use std::fmt;

/// A property of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name, as systemd has it on D-Bus: `TimeoutStopUSec`, not `TimeoutStopSec`.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// A value of one of the types that properties have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `b`.
    Flag(bool),
    /// `i`.
    Signed(i32),
    /// `u`.
    Small(u32),
    /// `t`; the highest one stands for no limit.
    Number(u64),
    /// `s`.
    Text(String),
    /// `as`.
    Texts(Vec<String>),
    /// `au`.
    Numbers(Vec<u32>),
    /// `ay`.
    Bytes(Vec<u8>),
}

impl Property {
    /// A property.
    pub fn new(name: impl Into<String>, value: Value) -> Property {
        Property { name: name.into(), value }
    }
}

impl Value {
    /// D-Bus' name of its type.
    pub(crate) fn signature(&self) -> &'static str {
        match self {
            Value::Flag(_) => "b",
            Value::Signed(_) => "i",
            Value::Small(_) => "u",
            Value::Number(_) => "t",
            Value::Text(_) => "s",
            Value::Texts(_) => "as",
            Value::Numbers(_) => "au",
            Value::Bytes(_) => "ay",
        }
    }
}

/// As systemctl(1) shows it, more or less.
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.name)?;
        match &self.value {
            Value::Flag(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Value::Signed(number) => write!(f, "{number}"),
            Value::Small(number) => write!(f, "{number}"),
            Value::Number(u64::MAX) => f.write_str("infinity"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::Texts(texts) => f.write_str(&texts.join(" ")),
            Value::Numbers(numbers) => write!(f, "{numbers:?}"),
            Value::Bytes(bytes) => bytes.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}
