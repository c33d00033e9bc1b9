//! A set of names as Go writes it: an object with an empty object for each.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serializer};

/// Nothing, as an object.
#[derive(serde::Serialize)]
struct Empty {}

pub(super) fn serialize<S: Serializer>(names: &BTreeSet<String>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(names.iter().map(|name| (name, Empty {})))
}

#[expect(clippy::zero_sized_map_values, reason = "serde reads an object as a map")]
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<String>, D::Error> {
    let names = Option::<BTreeMap<String, IgnoredAny>>::deserialize(from)?;
    Ok(names.unwrap_or_default().into_keys().collect())
}
