//! Answers to requests that carried an `Idempotency-Key`, so that a repeated request is done once.

use jiff::{SignedDuration, Timestamp};

use crate::storage::StorageResult;

/// How long an answer is kept.
pub const IDEMPOTENCY_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A request that is to be done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Who sent it, as [`crate::audit::Who`] is written: keys of different people never meet.
    pub actor: String,
    /// The `Idempotency-Key` it carried.
    pub key: String,
    /// Its method and path: `POST /api/v1/security/keys`.
    pub route: String,
    /// SHA-256 of its body.
    pub body_hash: [u8; 32],
}

/// An answer as it was given. Never one that carries a secret: it is kept in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The `Location`, where there is one.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is known of a request that is to be done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: do it, then call [`Idempotency::finish`] or [`Idempotency::abandon`].
    New,
    /// It was done; answer this.
    Done(StoredAnswer),
    /// It is being done: a conflict.
    InProgress,
    /// The key was used for another request: refuse.
    Reused,
}

/// Remembers answers for [`IDEMPOTENCY_LIFETIME`]. What was in progress when the service stopped is
/// forgotten at the next start.
pub trait Idempotency: Send + Sync {
    /// Says what is known of a request; one that is new is in progress from now on.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn begin(&self, request: &IdempotentRequest, now: Timestamp) -> StorageResult<Begun>;

    /// Keeps the answer to a request in progress.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn finish(&self, request: &IdempotentRequest, answer: &StoredAnswer) -> StorageResult<()>;

    /// Forgets a request in progress that failed in a way that a repetition may mend.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`.
    fn abandon(&self, request: &IdempotentRequest) -> StorageResult<()>;
}
