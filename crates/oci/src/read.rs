//! From bytes to a [`Spec`].

use fault::{Fault, Kind, Result};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::shape::Item;
use crate::{Process, Spec};

/// Bytes of the longest `config.json` that we read. Docker's has 10 KB; this leaves room for thousands of
/// mounts and arguments, and a file that is larger is not a config.
pub const LONGEST_CONFIG: u64 = 4 << 20;

/// Reads a `config.json`.
///
/// # Errors
/// `Invalid`, naming the field (`process.args[0]`), or the line and column where it is not JSON at all.
pub fn parse(json: &[u8]) -> Result<Spec> {
    let spec = from_json::<Spec>(json, "config.json", "")?;
    match spec.oci_version.split('.').next() {
        Some("1") => Ok(spec),
        _ => Err(Fault::invalid("ociVersion", format!("expected 1.x, got `{}`", spec.oci_version))),
    }
}

/// Reads a `process.json`: the `process` of a config, alone in a file, for `exec`.
///
/// # Errors
/// `Invalid`, naming the field as a config would: `process.args[0]`.
pub fn parse_process(json: &[u8]) -> Result<Process> {
    from_json(json, "process.json", "process.")
}

/// Reads JSON that is in a file `name`, and whose fields are below `prefix` of a config.
///
/// # Errors
/// `Invalid`, naming the field, or the line and column where it is not JSON at all.
pub fn from_json<T: DeserializeOwned>(json: &[u8], name: &str, prefix: &str) -> Result<T> {
    let value =
        serde_json::from_slice::<T>(json).map_err(|err| name_the_field::<T>(json, &err, name, prefix))?;
    match zero_byte(json) {
        Some(path) => Err(Fault::invalid(format!("{prefix}{path}"), "it has a zero byte in it")),
        None => Ok(value),
    }
}

/// Where there is a text with a zero byte in it. The kernel would take it to end there, and we would have checked
/// something else than what counts. In JSON there is one way to write it, so mostly one look at the bytes is enough.
fn zero_byte(json: &[u8]) -> Option<String> {
    const ESCAPED: &[u8] = br"\u0000";
    if !json.windows(ESCAPED.len()).any(|bytes| bytes == ESCAPED) {
        return None;
    }
    find_zero_byte(&serde_json::from_slice(json).ok()?)
}

/// Its path, as errors have it: `process.args[0]`; for a name of a field, that of the object.
fn find_zero_byte(value: &Value) -> Option<String> {
    let below = |name: String, path: String| match path.chars().next() {
        None | Some('[') => name + &path,
        Some(_) => format!("{name}.{path}"),
    };
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .find_map(|(at, item)| Some(below(format!("[{at}]"), find_zero_byte(item)?))),
        Value::Object(fields) if fields.keys().any(|name| name.contains('\0')) => Some(String::new()),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, value)| Some(below(name.clone(), find_zero_byte(value)?)))
        }
        _ => None,
    }
}

/// A second look at what could not be read, this time with the path of every field at hand. It costs
/// twice the time, so it happens only now.
fn name_the_field<T: DeserializeOwned>(
    json: &[u8],
    err: &serde_json::Error,
    name: &str,
    prefix: &str,
) -> Fault {
    if let Err(err) = serde_json::from_slice::<serde::de::IgnoredAny>(json) {
        return Fault::new(Kind::Invalid, format!("read {name} as JSON")).because(err);
    }
    let mut json = serde_json::Deserializer::from_slice(json);
    let Err(wrong) = serde_path_to_error::deserialize::<_, Item<T>>(&mut json) else {
        return Fault::new(Kind::Invalid, format!("read {name}")).because(err);
    };
    let path = wrong.path().to_string();
    let field = if path == "." { name.to_string() } else { format!("{prefix}{path}") };
    Fault::invalid(field, wrong.inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(json: &str) -> String {
        parse(json.as_bytes()).unwrap_err().sentence()
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path() {
        let json = r#"{"ociVersion":"1.0","process":{"cwd":"/","args":["a",7]}}"#;
        assert_eq!(
            sentence(json),
            "cannot use `process.args[1]`: invalid type: integer `7`, expected a string at line 1 column 54"
        );
        let json = r#"{"ociVersion":"1.0","linux":{"resources":{"cpu":{"shares":-1}}}}"#;
        assert!(
            sentence(json)
                .starts_with("cannot use `linux.resources.cpu.shares`: invalid value: integer `-1`")
        );
    }

    #[test]
    fn what_is_not_json_is_named_by_its_place() {
        assert_eq!(
            sentence("{\"ociVersion\": nope"),
            "cannot read config.json as JSON: expected ident at line 1 column 17"
        );
        assert_eq!(
            sentence(""),
            "cannot read config.json as JSON: EOF while parsing a value at line 1 column 0"
        );
        assert!(sentence("{\"ociVersion\":\"1.0\"} x").contains("trailing characters"));
        assert!(sentence("[]").starts_with("cannot use `config.json`"));
    }

    #[test]
    fn a_zero_byte_is_named_wherever_it_is() {
        let refused = |json: &str, path: &str| {
            let expected = format!("cannot use `{path}`: it has a zero byte in it");
            assert_eq!(sentence(json), expected, "{json}");
        };
        refused(r#"{"ociVersion":"1.0","process":{"cwd":"/","args":["a","b\u0000c"]}}"#, "process.args[1]");
        refused(
            r#"{"ociVersion":"1.0","hooks":{"poststop":[{"path":"/\u0000"}]}}"#,
            "hooks.poststop[0].path",
        );
        refused(r#"{"ociVersion":"1.0","linux":{"sysctl":{"net.\u0000":"1"}}}"#, "linux.sysctl");
        let backslash = r#"{"ociVersion":"1.0","hostname":"\\u0000"}"#;
        assert_eq!(parse(backslash.as_bytes()).unwrap().hostname, r"\u0000");
    }

    #[test]
    fn no_prefix_of_a_config_is_a_config() {
        let whole = serde_json::to_vec(&crate::template(false)).unwrap();
        assert!(parse(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "accepted the first {length} bytes");
        }
    }

    #[test]
    fn another_major_version_is_refused() {
        assert_eq!(
            sentence(r#"{"ociVersion":"2.0.0"}"#),
            "cannot use `ociVersion`: expected 1.x, got `2.0.0`"
        );
    }

    #[test]
    fn null_is_nothing_where_go_writes_it() {
        let json = r#"{"ociVersion":"1.2.0","process":{"cwd":"/","args":null,"env":null},"mounts":null,
            "hooks":null,"linux":{"namespaces":null,"resources":null,"maskedPaths":null}}"#;
        assert_eq!(parse(json.as_bytes()).unwrap().mounts, []);
    }
}
