//! Fields that we read, and do not honour yet.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// A part of the specification that no step honours yet. It only remembers whether something was asked
/// for, so that the planner can refuse it: a field is honoured or refused, never ignored.
///
/// Callers write zeroes, empty lists and `false` where they want nothing; those ask for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Later {
    asked: bool,
}

impl Later {
    /// Something was asked for.
    pub fn asked(self) -> bool {
        self.asked
    }

    /// Nothing was asked for, so there is nothing to write.
    pub fn is_nothing(&self) -> bool {
        !self.asked
    }
}

impl Serialize for Later {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Later, D::Error> {
        from.deserialize_any(Asks).map(|asked| Later { asked })
    }
}

struct Asks;

impl<'de> Visitor<'de> for Asks {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        Ok(value != 0)
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        Ok(value != 0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, value: &str) -> Result<bool, E> {
        Ok(!value.is_empty())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut asked = false;
        while let Some(item) = items.next_element::<Later>()? {
            asked |= item.asked;
        }
        Ok(asked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        let mut asked = false;
        while let Some((_, value)) = fields.next_entry::<IgnoredAny, Later>()? {
            asked |= value.asked;
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroes_ask_for_nothing() {
        let asked = |json| serde_json::from_str::<Later>(json).unwrap().asked();
        for nothing in ["null", "0", "false", "\"\"", "[]", "{}", "{\"weight\":0,\"list\":[{\"a\":null}]}"] {
            assert!(!asked(nothing), "{nothing}");
        }
        for something in ["1", "-1", "true", "\"x\"", "[[1]]", "{\"weight\":10}", "0.5"] {
            assert!(asked(something), "{something}");
        }
    }
}
