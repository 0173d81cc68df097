//! Why somebody is not let in, or cannot change who is.

use super::EntropyError;
use crate::storage::StorageError;

/// What [`super::AccessService`] returns.
pub type AccessResult<T> = Result<T, AccessError>;

/// Why somebody is not let in. `Display` never repeats the source.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The box has its first administrator already.
    #[error("the box is claimed already")]
    AlreadyClaimed,
    /// The claim code is wrong.
    #[error("the claim code is wrong; {tries_left} tries are left before a pause")]
    WrongClaimCode {
        /// Wrong codes that may still be typed before a pause.
        tries_left: u32,
    },
    /// The user name or the password is wrong; which of them is not told.
    #[error("the user name or the password is wrong")]
    WrongCredentials,
    /// Too many wrong tries; nothing is looked at before the pause is over.
    #[error("too many wrong tries; try again in {retry_after_seconds} seconds")]
    TooManyAttempts {
        /// How long the pause still lasts, at least 1.
        retry_after_seconds: u64,
    },
    /// Too many passwords wait to be checked; the same call may succeed in a moment.
    #[error("too many people sign in at once")]
    Busy,
    /// A field has a value that is not allowed.
    #[error("`{field}` {reason}")]
    Invalid {
        /// The field, as the API names it.
        field: &'static str,
        /// What is wrong with it, in words that fit behind its name.
        reason: String,
    },
    /// There is no API key of this id.
    #[error("there is no such API key")]
    NotFound,
    /// The system gave no randomness for a secret.
    #[error("a secret cannot be made")]
    Entropy(#[source] EntropyError),
    /// A password could not be hashed.
    #[error("a password cannot be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    /// Who may use the box could not be read or kept.
    #[error("who may use the box cannot be kept")]
    Store(#[source] StorageError),
    /// The audit log could not be written, so nothing was done.
    #[error("the audit log cannot be written")]
    Audit(#[source] StorageError),
}
