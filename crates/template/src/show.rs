//! Values as text.

use serde_json::Value;

/// As Go's `{{.}}` prints it.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_string(),
        Value::String(text) => text.clone(),
        value => inner(value),
    }
}

fn inner(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => crate::number::show(number),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(inner).collect();
            format!("[{}]", values.join(" "))
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<_> =
                fields.into_iter().map(|(name, value)| format!("{name}:{}", inner(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// As docker's `{{json .}}` prints it: in one line.
pub fn json(value: &Value) -> String {
    value.to_string()
}

/// Whether `if` takes it for true: what is empty or zero is not.
pub(crate) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}
