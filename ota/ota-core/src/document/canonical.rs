//! Canonical JSON: RFC 8785, restricted to objects, lists, texts, booleans and integers up to 2^53 - 1.
//!
//! What is signed is bytes, and what is believed is their meaning; two spellings of one meaning, or two
//! meanings of one spelling, are where attacks begin. So [`parse`] takes a document only when it is byte for
//! byte what [`Value::to_bytes`] writes: no white space, keys sorted and unique, no escape that is not
//! needed, nothing before or after.
//!
//! Limits: keys are sorted by their bytes, which is RFC 8785's order (by UTF-16 units) for the ASCII keys
//! that documents have. serde_json's feature `arbitrary_precision` must stay off in the workspace: numbers
//! would arrive as objects (the tests below fail then).

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::DocumentError;
use crate::limits;

/// A value of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// An integer from 0 to 2^53 - 1.
    Integer(u64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// An object with these fields.
    pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A text.
    pub fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// The canonical form. serde_json's compact form has RFC 8785's escapes, and the map is sorted.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys are texts, and a vector takes every byte")
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_u64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(fields) => serializer.collect_map(fields),
        }
    }
}

/// Reads a document of at most `limit` bytes.
///
/// # Errors
/// Everything that is not in canonical form, each with its own reason.
pub fn parse(document: &[u8], limit: usize) -> Result<Value, DocumentError> {
    if document.len() > limit {
        return Err(DocumentError::TooLarge { limit });
    }
    let reason = Cell::new(None);
    let mut json = serde_json::Deserializer::from_slice(document);
    let value = Strict(&reason)
        .deserialize(&mut json)
        .map_err(|error| reason.take().unwrap_or_else(|| DocumentError::NotJson(error.to_string())))?;
    json.end().map_err(|_| DocumentError::TrailingBytes)?;
    if value.to_bytes() == document { Ok(value) } else { Err(DocumentError::NotCanonical) }
}

/// Reads one value; a refusal that serde's errors have no words for is left in the cell.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Cell<Option<DocumentError>>);

impl Strict<'_> {
    fn refuse<T, E: serde::de::Error>(self, reason: DocumentError) -> Result<T, E> {
        let error = E::custom(&reason);
        self.0.set(Some(reason));
        Err(error)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a document")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > limits::INTEGER { self.refuse(DocumentError::Number) } else { Ok(Value::Integer(value)) }
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Value, E> {
        self.refuse(DocumentError::Number)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        self.refuse(DocumentError::Number)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.refuse(DocumentError::Null)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(name) = object.next_key::<String>()? {
            if fields.contains_key(&name) {
                return self.refuse(DocumentError::DuplicateKey(name));
            }
            let value = object.next_value_seed(self)?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(document: &str) -> &'static str {
        parse(document.as_bytes(), 1000).map_or_else(|error| error.code(), |_| "taken")
    }

    #[test]
    fn only_the_canonical_form_is_taken() {
        for (document, expected) in [
            (r#"{"a":1,"b":[true,"x"],"c":{}}"#, "taken"),
            (r#"{"a":9007199254740991}"#, "taken"),
            (r#"{"a":9007199254740992}"#, "bad_number"),
            (r#"{"a":99999999999999999999}"#, "bad_number"),
            (r#"{"a":-1}"#, "bad_number"),
            (r#"{"a":-0}"#, "bad_number"),
            (r#"{"a":1.0}"#, "bad_number"),
            (r#"{"a":1e3}"#, "bad_number"),
            (r#"{"a":null}"#, "null_value"),
            (r#"{"a":1,"a":1}"#, "duplicate_key"),
            (r#"{"b":{"a":1,"a":2}}"#, "duplicate_key"),
            (r#"{"a":1,"\u0061":1}"#, "duplicate_key"),
            (r#"{"b":1,"a":1}"#, "not_canonical"),
            (r#"{"a": 1}"#, "not_canonical"),
            ("{\"a\":1}\n", "not_canonical"),
            (r#"{"a":"\u0062"}"#, "not_canonical"),
            (r#"{"a":"\/"}"#, "not_canonical"),
            (r#"{"a":"\n"}"#, "taken"),
            (r#"{"a":"\u000a"}"#, "not_canonical"),
            (r#"{"a":"\u000A"}"#, "not_canonical"),
            (r#"{"a":1}{"a":1}"#, "trailing_bytes"),
            (r#"{"a":1}x"#, "trailing_bytes"),
            (r#"{"a":1"#, "not_json"),
            (r#"{"a":01}"#, "not_json"),
            ("", "not_json"),
            ("\u{feff}{}", "not_json"),
        ] {
            assert_eq!(code(document), expected, "{document}");
        }
        assert_eq!(parse(b"\"\xff\"", 10).unwrap_err().code(), "not_json");
    }

    #[test]
    fn neither_length_nor_depth_is_without_end() {
        assert_eq!(parse(&[b' '; 101], 100).unwrap_err().code(), "document_too_large");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(deep.as_bytes(), 1_000_000).unwrap_err().code(), "not_json");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            (0..=limits::INTEGER).prop_map(Value::Integer),
            any::<String>().prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                prop::collection::btree_map(any::<String>(), inner, 0..5).prop_map(Value::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            prop_assert_eq!(parse(&value.to_bytes(), usize::MAX).unwrap(), value);
        }

        #[test]
        fn what_is_taken_has_no_second_spelling(document in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = parse(&document, 1000) {
                prop_assert_eq!(value.to_bytes(), document);
            }
        }

        #[test]
        fn one_byte_changed_is_another_value_or_refused(
            value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut document = value.to_bytes();
            let at = at.index(document.len());
            prop_assume!(document[at] != byte);
            document[at] = byte;
            if let Ok(other) = parse(&document, usize::MAX) {
                prop_assert_ne!(other, value);
            }
        }
    }
}
