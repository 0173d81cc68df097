//! Names out of a few, read as texts.
//!
//! What serde derives for such an enum also reads an object, and calls a number a fault of syntax.

use serde::Deserialize;
use serde::de::value::StringDeserializer;
use serde::de::{Deserializer, IntoDeserializer};

/// For `deserialize_with`: a name that has to be there.
pub(crate) fn required<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text: StringDeserializer<D::Error> = String::deserialize(deserializer)?.into_deserializer();
    T::deserialize(text)
}

/// For `deserialize_with`: a name that may be absent or null.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let text: StringDeserializer<D::Error> = text.into_deserializer();
    T::deserialize(text).map(Some)
}
