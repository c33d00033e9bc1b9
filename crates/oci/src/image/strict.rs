//! JSON that can be read in one way only.
//!
//! Readers differ: of a key that is there twice one takes the first and one the last, and Go's takes `Layers` for
//! `layers`. Who checks a document and who uses it must see the same (CVE-2021-41190), so such documents are
//! refused.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use fault::{Fault, Kind, Result};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::limits::{DEEPEST, MOST_VALUES};

/// The keys of the object that `json` is, after a look at all of it.
///
/// # Errors
/// `Invalid`, naming `what`: longer than `longest` bytes; not JSON, or not an object; a key twice, or one that
/// differs from one of `fields` only in its case; deeper than 64 levels; more values than any image needs.
pub(super) fn keys(json: &[u8], what: &str, longest: u64, fields: &[&str]) -> Result<BTreeSet<String>> {
    let wrong = |cause: &dyn fmt::Display| Fault::new(Kind::Invalid, format!("read {what}")).because(cause);
    if json.len() as u64 > longest {
        return Err(wrong(&format!("it has more than {longest} bytes")));
    }
    let mut from = serde_json::Deserializer::from_slice(json);
    let values = Cell::new(0);
    let seen =
        Value { depth: 0, values: &values }.deserialize(&mut from).and_then(|keys| from.end().map(|()| keys));
    let keys = seen.map_err(|err| wrong(&err))?.ok_or_else(|| wrong(&"expected an object"))?;
    match keys.iter().find(|key| other_case(key, fields)) {
        Some(key) => Err(wrong(&format!("the key `{key}` is a known one in another case"))),
        None => Ok(keys),
    }
}

fn other_case(key: &str, fields: &[&str]) -> bool {
    fields.iter().any(|field| key != *field && key.eq_ignore_ascii_case(field))
}

/// Looks at a value; of an object it gives the keys.
#[derive(Clone, Copy)]
struct Value<'a> {
    /// Lists and objects around it.
    depth: usize,
    /// Values of the document so far.
    values: &'a Cell<usize>,
}

impl Value<'_> {
    fn inner<E: Error>(self) -> std::result::Result<Self, E> {
        match self.depth {
            DEEPEST.. => Err(E::custom(format!("more than {DEEPEST} levels"))),
            depth => Ok(Value { depth: depth + 1, ..self }),
        }
    }

    /// Before there is one more.
    fn count<E: Error>(self) -> std::result::Result<(), E> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > MOST_VALUES {
            return Err(E::custom(format!("more than {MOST_VALUES} values")));
        }
        Ok(())
    }
}

type Seen<E> = std::result::Result<Option<BTreeSet<String>>, E>;

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Option<BTreeSet<String>>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Seen<D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Option<BTreeSet<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Seen<E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Seen<E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Seen<E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Seen<E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Seen<E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Seen<E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Seen<A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {
            self.count()?;
        }
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Seen<A::Error> {
        let inner = self.inner()?;
        let mut keys = BTreeSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            self.count()?;
            fields.next_value_seed(inner)?;
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format!("the key `{twice}` is there twice")));
            }
        }
        Ok(Some(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(json: &[u8]) -> String {
        keys(json, "it", 1 << 20, &["layers"]).map_or_else(|err| err.sentence(), |_| String::new())
    }

    #[test]
    fn what_two_readers_may_read_in_two_ways_is_refused() {
        assert_eq!(sentence(br#"{"layers":[{"a":1},{"a":2}],"b":{"layers":{}}, "C":null}"#), "");
        let twice = [r#"{"a":1,"a":1}"#, r#"{"x":[{"y":{"a":1,"b":2,"a":3}}]}"#, r#"{"a":1,"\u0061":1}"#];
        for json in twice {
            assert!(sentence(json.as_bytes()).contains("the key `a` is there twice"), "{json}");
        }
        assert!(sentence(br#"{"Layers":[]}"#).contains("`Layers` is a known one in another case"));
    }

    #[test]
    fn only_so_deep_and_so_long() {
        let nested =
            |levels: usize| format!("{}{{}}{}", "{\"a\":".repeat(levels - 1), "}".repeat(levels - 1));
        assert_eq!(sentence(nested(DEEPEST).as_bytes()), "");
        assert!(sentence(nested(DEEPEST + 1).as_bytes()).contains("more than 64 levels"));
        assert!(sentence(nested(100_000).as_bytes()).contains("more than 64 levels"));
        assert!(keys(b"{}", "it", 2, &[]).is_ok());
        assert!(keys(b"{} ", "it", 2, &[]).unwrap_err().sentence().contains("more than 2 bytes"));
    }

    #[test]
    fn only_so_many_values() {
        let many = |count: usize| format!("{{\"a\":[{}]}}", vec!["0"; count].join(","));
        assert_eq!(sentence(many(MOST_VALUES - 1).as_bytes()), "");
        assert!(sentence(many(MOST_VALUES).as_bytes()).contains("values"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let cases: [&[u8]; 9] = [
            b"",
            b"[]",
            b"null",
            b"{",
            b"{} x",
            b"{\"a\":1e400}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"<html>",
        ];
        for bad in cases {
            assert_ne!(sentence(bad), "", "{}", String::from_utf8_lossy(bad));
        }
    }
}
