//! Why something with keys failed.

use hal_api::{HalError, HalErrorKind, KeyId};

use crate::storage::StorageError;

/// What [`super::KeyService`] returns.
pub type KeyResult<T> = Result<T, KeyError>;

/// Why something with keys failed. `Display` never repeats the source.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no key of this id.
    #[error("there is no key {id}")]
    NotFound {
        /// The id that was asked for.
        id: KeyId,
    },
    /// A field of the request has a value that is not allowed.
    #[error("`{field}` {reason}")]
    Invalid {
        /// The field, as the API names it.
        field: &'static str,
        /// What is wrong with it, in words that fit behind its name.
        reason: String,
    },
    /// There is no token of this name.
    #[error("there is no token `{name}`; there are: {}", known.join(", "))]
    UnknownToken {
        /// The name that was asked for.
        name: String,
        /// The names of the tokens there are.
        known: Vec<String>,
    },
    /// The token does not take this PIN, and has counted the try.
    #[error("the token `{token}` does not take this PIN")]
    WrongPin {
        /// Its name.
        token: String,
    },
    /// The token or the key cannot do this.
    #[error("`{field}` {reason}")]
    Unsupported {
        /// The field that asks for it: `algorithm`, `scheme`, `encoding`, `digest`.
        field: &'static str,
        /// Why it cannot be, and what can, in words that fit behind the field's name.
        reason: String,
    },
    /// The token failed.
    #[error("the token `{token}` failed to {operation}")]
    Token {
        /// Its name.
        token: String,
        /// What it was asked: `make a key`, `sign`, `delete a key`.
        operation: &'static str,
        /// What a caller may decide on.
        kind: HalErrorKind,
        /// What it said.
        #[source]
        source: HalError,
    },
    /// The list of keys could not be kept.
    #[error("the list of keys cannot be kept")]
    Store(#[source] StorageError),
    /// The audit log could not be written, so what was asked is not handed out.
    #[error("the audit log cannot be written")]
    Audit(#[source] StorageError),
}

impl KeyError {
    /// The failure of a token, with its kind.
    pub(super) fn token(token: &str, operation: &'static str, source: HalError) -> Self {
        Self::Token { token: token.to_owned(), operation, kind: source.kind, source }
    }
}
