//! What the tables in docs/ name is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn house() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is between backticks in a text. Blocks have three of them, and are left out.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|part| part.split('`').skip(1).step_by(2))
}

/// `escapes::paths::sec_*` is a test, and so is a whole file of them, `escapes::paths`.
fn is_test(word: &str) -> Option<bool> {
    let (kind, rest) = word.split_once("::")?;
    let (file, name) = rest.split_once("::").unwrap_or((rest, ""));
    let Ok(text) = fs::read_to_string(house().join(format!("tests/{kind}/{file}.rs"))) else {
        return Some(false);
    };
    let tests = text.split("#[test]").skip(1).filter_map(|part| part.split("fn ").nth(1)?.split('(').next());
    let fits = |test: &str| match name.strip_suffix('*') {
        Some(beginning) => test.starts_with(beginning),
        None => name.is_empty() || test == name,
    };
    Some({ tests }.any(fits))
}

/// A path in the house, with or without its ending.
fn is_there(path: &str) -> bool {
    ["", ".rs"].iter().any(|ending| house().join(format!("{path}{ending}")).exists())
}

fn is_path(word: &str) -> bool {
    ["tests/", "crates/", "bin/", "benches/", "docs/"].iter().any(|folder| word.starts_with(folder))
}

/// What is named, and is not there.
fn missing(text: &str) -> Vec<&str> {
    let gone = |word: &&str| is_test(word).map_or(is_path(word) && !is_there(word), |there| !there);
    quoted(text).filter(gone).collect()
}

fn documents() -> Vec<PathBuf> {
    let entries = fs::read_dir(house().join("docs")).expect("docs");
    let mut all: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    all
}

#[test]
fn every_test_and_file_that_is_named_is_there() {
    let all = documents();
    assert!(all.len() > 1, "{all:?}");
    for path in all {
        let text = fs::read_to_string(&path).expect("a document");
        assert_eq!(missing(&text), [""; 0], "in {}", path.display());
    }
}

/// `a.{b,c}` means `a.b` and `a.c`.
fn expanded(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else { return vec![word.to_string()] };
    let (names, after) = rest.split_once('}').expect("a bracket that closes");
    names.split(',').flat_map(|name| expanded(&format!("{before}{name}{after}"))).collect()
}

/// Their fields are names that a caller chooses.
const MAPS: [&str; 6] = [
    "annotations",
    "linux.netDevices",
    "linux.resources.rdma",
    "linux.resources.unified",
    "linux.sysctl",
    "linux.timeOffsets",
];

/// Fields that hold a value and no others: `mounts.options`.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if MAPS.contains(&path) => {
            for inner in fields.values() {
                match inner.as_object() {
                    Some(fields) => found.extend(fields.keys().map(|name| format!("{path}.{name}"))),
                    None => drop(found.insert(path.to_string())),
                }
            }
        }
        Value::Object(fields) => {
            for (name, inner) in fields {
                leaves(inner, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                leaves(item, path, found);
            }
        }
        _ => drop(found.insert(path.to_string())),
    }
}

/// What the table says of the config with every field, and what it does not.
fn unsaid(table: &str) -> BTreeSet<String> {
    let full =
        fs::read_to_string(house().join("crates/oci/tests/fields/full.json")).expect("the full config");
    let mut fields = BTreeSet::new();
    leaves(&serde_json::from_str(&full).expect("JSON"), "", &mut fields);
    assert!(fields.len() > 120, "{fields:?}");
    // All kinds of hooks have the fields of the first.
    let first_columns =
        table.lines().filter(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    let said: BTreeSet<String> = first_columns.flat_map(quoted).flat_map(expanded).collect();
    fields.retain(|field| {
        !said.contains(field) && !field.strip_suffix(".path").is_some_and(|hooks| said.contains(hooks))
    });
    fields
}

#[test]
fn every_field_of_a_config_is_in_the_table() {
    let table = fs::read_to_string(house().join("docs/specification.md")).expect("the table");
    assert_eq!(unsaid(&table), BTreeSet::new());
    // The control: without a line of it, its fields are missed.
    let without: String =
        table.lines().filter(|line| !line.contains("memory.{limit")).collect::<Vec<_>>().join("\n");
    let missed = ["linux.resources.memory.limit", "linux.resources.memory.reservation"].map(String::from);
    assert_eq!(unsaid(&without), BTreeSet::from(missed));
}

#[test]
fn what_is_not_there_is_seen() {
    let good = "`escapes::paths`, `escapes::paths::sec_cve_2025_*`, `tests/readme/tables`, `crates/lab/src/docker.rs`, `x`";
    assert_eq!(missing(good), [""; 0]);
    let bad = ["escapes::nope", "escapes::paths::nope", "escapes::paths::nope_*", "tests/nope"];
    let text = format!("`{}`", bad.join("` `"));
    assert_eq!(missing(&text), bad);
}
