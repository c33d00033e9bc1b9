//! Shapes of JSON that serde's derive is too kind or too strict about.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// `null` where a list or a map was expected: what Go writes for an empty one.
pub(crate) fn nullable<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// An object or `null`. The derive would take a list too, and its items for the fields in their order.
pub(crate) fn optional<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    from.deserialize_any(Object(PhantomData))
}

/// The same, with nothing for `null`.
pub(crate) fn object<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    optional(from).map(Option::unwrap_or_default)
}

/// A list of objects, or nothing for `null`.
pub(crate) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let list: Option<Vec<Item<T>>> = Option::deserialize(from)?;
    Ok(list.unwrap_or_default().into_iter().map(|item| item.0).collect())
}

/// Objects by their names, or nothing for `null`.
pub(crate) fn named_objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    let map: Option<BTreeMap<String, Item<T>>> = Option::deserialize(from)?;
    Ok(map.unwrap_or_default().into_iter().map(|(name, item)| (name, item.0)).collect())
}

/// An object, and not `null`.
pub(crate) struct Item<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Item<T>, D::Error> {
        let item: Option<T> = from.deserialize_any(Object(PhantomData))?;
        item.map(Item).ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &"an object"))
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
