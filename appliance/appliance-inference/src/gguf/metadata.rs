//! The metadata of a GGUF file.

use std::collections::HashMap;

use super::GgufError;

/// A value of any of the format's types.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    List(Vec<Value>),
}

/// Keys and values; asked for by type, so that a wrong type is an error that names the key.
#[derive(Debug, Default)]
pub(crate) struct Metadata(HashMap<String, Value>);

impl Metadata {
    pub(super) fn insert(&mut self, key: String, value: Value) {
        self.0.insert(key, value);
    }

    /// A number of at most 32 bits.
    pub(crate) fn u32(&self, key: &str) -> Result<u32, GgufError> {
        self.optional_u32(key).ok_or_else(|| wrong(key, "a number"))
    }

    /// A number of at most 32 bits, if there is one.
    pub(crate) fn optional_u32(&self, key: &str) -> Option<u32> {
        match self.0.get(key)? {
            Value::Unsigned(number) => u32::try_from(*number).ok(),
            Value::Signed(number) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A number that may have a fraction.
    pub(crate) fn f32(&self, key: &str) -> Result<f32, GgufError> {
        match self.0.get(key) {
            Some(Value::Float(number)) if number.is_finite() => Ok(*number as f32),
            _ => Err(wrong(key, "a finite number")),
        }
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<&str, GgufError> {
        match self.0.get(key) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(wrong(key, "a text")),
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<&str>, GgufError> {
        self.list(key, "a list of texts", |value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A list of small numbers.
    pub(crate) fn numbers(&self, key: &str) -> Result<Vec<i64>, GgufError> {
        self.list(key, "a list of numbers", |value| match value {
            Value::Signed(number) => Some(*number),
            Value::Unsigned(number) => i64::try_from(*number).ok(),
            _ => None,
        })
    }

    fn list<'a, T>(
        &'a self,
        key: &str,
        expected: &'static str,
        one: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Vec<T>, GgufError> {
        let Some(Value::List(list)) = self.0.get(key) else { return Err(wrong(key, expected)) };
        list.iter().map(one).collect::<Option<_>>().ok_or_else(|| wrong(key, expected))
    }
}

fn wrong(key: &str, expected: &'static str) -> GgufError {
    GgufError::Metadata { key: key.to_owned(), expected }
}
