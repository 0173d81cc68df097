//! Documents: what manifest and signer list have in common.
//!
//! A document is canonical JSON ([`canonical`], RFC 8785) and an object whose fields are all known. Whatever else it is, it is refused with a [`DocumentError`] that says what, before any of
//! its content is believed.

pub mod canonical;
mod fields;

use thiserror::Error;

pub(crate) use fields::Fields;

/// Why bytes are not the document that they should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// Longer than such a document may be.
    #[error("it is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Not JSON at all, or cut off.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// Something follows the document.
    #[error("something follows after its end")]
    TrailingBytes,
    /// An object has a key twice, so that two readers could see two documents.
    #[error("the key {0:?} is there twice")]
    DuplicateKey(String),
    /// A number that is not an integer from 0 to 2^53 - 1.
    #[error("a number is not an integer from 0 to 2^53 - 1")]
    Number,
    /// `null`, which no document uses.
    #[error("a value is null")]
    Null,
    /// The same content has another spelling: the canonical one.
    #[error("it is not in canonical form (RFC 8785)")]
    NotCanonical,
    /// A document of another type.
    #[error("it is of the type {found:?}, not {expected:?}")]
    OtherType {
        /// The type that was asked for.
        expected: &'static str,
        /// What it says of itself.
        found: String,
    },
    /// A field is missing.
    #[error("the field {0:?} is missing")]
    MissingField(String),
    /// A field that nobody knows.
    #[error("the field {0:?} is not known")]
    UnknownField(String),
    /// A field whose value cannot be.
    #[error("the field {field:?}: {why}")]
    BadField {
        /// Which, with the names of the objects around it.
        field: String,
        /// What is wrong with it.
        why: String,
    },
}

impl DocumentError {
    /// The reason in one word, which stays the same.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "document_too_large",
            Self::NotJson(_) => "not_json",
            Self::TrailingBytes => "trailing_bytes",
            Self::DuplicateKey(_) => "duplicate_key",
            Self::Number => "bad_number",
            Self::Null => "null_value",
            Self::NotCanonical => "not_canonical",
            Self::OtherType { .. } => "other_document_type",
            Self::MissingField(_) => "missing_field",
            Self::UnknownField(_) => "unknown_field",
            Self::BadField { .. } => "bad_field",
        }
    }
}
