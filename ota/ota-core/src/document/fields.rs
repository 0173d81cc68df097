//! The fields of an object, each taken out once; what is left at the end is not known.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;

use super::DocumentError;
use super::canonical::{self, Value};

/// The fields of an object that were not read yet.
pub(crate) struct Fields {
    /// Where the object is, with a dot at the end; empty for the document itself.
    place: String,
    left: BTreeMap<String, Value>,
}

impl Fields {
    /// The fields of a document of this type.
    pub(crate) fn of_document(
        document: &[u8],
        limit: usize,
        expected: &'static str,
    ) -> Result<Self, DocumentError> {
        let mut fields = Self::of(canonical::parse(document, limit)?, "")?;
        let found = fields.text("type")?;
        if found == expected { Ok(fields) } else { Err(DocumentError::OtherType { expected, found }) }
    }

    /// The fields of the object at `place`.
    pub(crate) fn of(value: Value, place: &str) -> Result<Self, DocumentError> {
        let Value::Object(left) = value else {
            return Err(DocumentError::BadField {
                field: place.to_owned(),
                why: "it is not an object".into(),
            });
        };
        let place = if place.is_empty() { String::new() } else { format!("{place}.") };
        Ok(Self { place, left })
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Self, DocumentError> {
        let value = self.take(name)?;
        Self::of(value, &format!("{}{name}", self.place))
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Value>, DocumentError> {
        match self.take(name)? {
            Value::List(values) => Ok(values),
            _ => Err(self.bad(name, "it is not a list")),
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, DocumentError> {
        match self.take(name)? {
            Value::Text(text) => Ok(text),
            _ => Err(self.bad(name, "it is not a text")),
        }
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<u64, DocumentError> {
        match self.take(name)? {
            Value::Integer(number) => Ok(number),
            _ => Err(self.bad(name, "it is not an integer")),
        }
    }

    /// A text that has a form.
    pub(crate) fn parsed<T>(&mut self, name: &str) -> Result<T, DocumentError>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(name)?;
        text.parse().map_err(|error: T::Err| self.bad(name, error))
    }

    /// A time: RFC 3339, UTC, whole seconds, and in no other spelling than `2026-11-21T14:20:00Z`.
    pub(crate) fn time(&mut self, name: &str) -> Result<Timestamp, DocumentError> {
        let text = self.text(name)?;
        let time = text.parse::<Timestamp>().ok();
        time.filter(|time| time.subsec_nanosecond() == 0 && time.to_string() == text)
            .ok_or_else(|| self.bad(name, "it is not a time such as 2026-11-21T14:20:00Z"))
    }

    /// A complaint about the field `name` of this object.
    pub(crate) fn bad(&self, name: &str, why: impl Display) -> DocumentError {
        DocumentError::BadField { field: format!("{}{name}", self.place), why: why.to_string() }
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), DocumentError> {
        match self.left.into_keys().next() {
            Some(name) => Err(DocumentError::UnknownField(format!("{}{name}", self.place))),
            None => Ok(()),
        }
    }

    fn take(&mut self, name: &str) -> Result<Value, DocumentError> {
        self.left.remove(name).ok_or_else(|| DocumentError::MissingField(format!("{}{name}", self.place)))
    }
}
