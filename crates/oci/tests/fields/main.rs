//! Every field of a config, with every kind of value: accepted as it was meant, or refused by its name.

use serde_json::{Value, json};

/// A config with every field there is; docs/specification.md is compared with it.
const FULL: &str = include_str!("full.json");

fn full() -> Value {
    serde_json::from_str(FULL).expect("JSON")
}

/// Every value inside: its path as errors have it, and as JSON has it.
fn fields(value: &Value, name: &str, pointer: &str, found: &mut Vec<(String, String)>) {
    found.push((name.to_string(), pointer.to_string()));
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    for (key, inner) in value.as_object().into_iter().flatten() {
        let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        fields(inner, &name, &format!("{pointer}/{}", escaped(key)), found);
    }
    for (at, inner) in value.as_array().into_iter().flatten().enumerate() {
        fields(inner, &format!("{name}[{at}]"), &format!("{pointer}/{at}"), found);
    }
}

fn parse(config: &Value) -> fault::Result<Value> {
    let spec = oci::parse(config.to_string().as_bytes())?;
    Ok(serde_json::to_value(spec).expect("JSON"))
}

/// What is read is written again, so there is no field in it that is not one of ours.
#[test]
fn the_full_config_is_read_and_written_as_it_is() {
    assert_eq!(parse(&full()).unwrap(), full());
}

/// Names of all fields in a file of types, as JSON has them.
fn names(source: &str) -> Vec<String> {
    let (mut all, mut renamed) = (Vec::new(), None);
    for line in source.lines().map(str::trim) {
        if let Some((_, rest)) = line.split_once("rename = \"") {
            renamed = rest.split('"').next().map(String::from);
        }
        let field = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name);
        if let Some(name) = field.filter(|name| {
            name.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte))
        }) {
            all.push(renamed.take().unwrap_or_else(|| camel_case(name)));
        }
        if line.is_empty() || line.starts_with("pub enum") {
            renamed = None;
        }
    }
    all
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |text, word| text + &word[..1].to_uppercase() + &word[1..])
}

/// The other way round: there is no field of ours that is not in it.
#[test]
fn every_field_of_the_types_is_in_the_full_config() {
    let mut count = 0;
    for file in ["spec", "process", "mount", "linux", "resources", "seccomp", "schedule", "intel_rdt"] {
        let path = format!("{}/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        for name in names(&std::fs::read_to_string(path).unwrap()) {
            assert!(FULL.contains(&format!("\"{name}\":")), "{file}: {name}");
            count += 1;
        }
    }
    assert!(count > 130, "{count} fields");
}

#[test]
fn a_value_of_another_type_is_refused_by_the_fields_name() {
    let good = full();
    let mut all = Vec::new();
    fields(&good, "", "", &mut all);
    let values = [
        json!(true),
        json!("text"),
        json!(7),
        json!(-7),
        json!(1.5),
        json!([]),
        json!({}),
        json!([{}]),
        json!({"a": 1}),
    ];
    let (mut refused, mut accepted) = (0, 0);
    for (name, pointer) in all.iter().skip(1) {
        for value in &values {
            let mut config = good.clone();
            let place = config.pointer_mut(pointer).unwrap();
            let same_kind = std::mem::discriminant(place) == std::mem::discriminant(value);
            *place = value.clone();
            match oci::parse(config.to_string().as_bytes()) {
                // A list of another length, another text, another number: for the planner to say.
                Ok(_) if same_kind => accepted += 1,
                Ok(_) => panic!("{name} = {value} was accepted"),
                Err(fault) => {
                    let said = fault.sentence();
                    assert!(said.starts_with(&format!("cannot use `{name}")), "{name} = {value}: {said}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 1500 && accepted > 200, "{refused} were refused, {accepted} accepted");
}

/// `null` is refused by name, or nothing: as if the field were not there.
#[test]
fn null_is_nothing_or_refused() {
    let good = full();
    let mut all = Vec::new();
    fields(&good, "", "", &mut all);
    for (name, pointer) in all.iter().skip(1) {
        let mut config = good.clone();
        *config.pointer_mut(pointer).unwrap() = Value::Null;
        match parse(&config) {
            Ok(read) => {
                let left = read.pointer(pointer).cloned().unwrap_or_default();
                assert!(is_nothing(&left), "{name} became {left}");
            }
            Err(fault) => assert!(fault.sentence().contains(name), "{name}: {}", fault.sentence()),
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().all(is_nothing),
        other => [json!(null), json!(""), json!([]), json!(false), json!(0)].contains(other),
    }
}
