//! What can go wrong when the box keeps or reads its state: the one error of the storage ports.

use std::error::Error;

/// With less than this left on it, the disk that holds the state is full, bytes.
pub const FULL_BELOW: u64 = 1 << 20;

/// What a storage port returns.
pub type StorageResult<T> = Result<T, StorageError>;

/// Why the state could not be kept or read, as far as a caller decides on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageErrorKind {
    /// No room left on the disk. Reading still works.
    Full,
    /// Too much waits to be written; the same call may succeed in a moment.
    Busy,
    /// The store is closed, or the disk does not answer.
    Unavailable,
    /// What is on the disk is damaged.
    Corrupt,
    /// The cursor is not one that this list gave: the caller's mistake.
    InvalidCursor,
    /// Something of that name is there already.
    AlreadyExists,
    /// Nothing of that name is there.
    NotFound,
}

/// A failed operation on the box's state. `Display` names the operation, never a value or the source.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation}")]
pub struct StorageError {
    /// What a caller may decide on.
    pub kind: StorageErrorKind,
    /// The step, for example `append to the audit log`.
    pub operation: &'static str,
    /// What the database said.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl StorageError {
    /// An error without a cause beneath it.
    pub fn new(kind: StorageErrorKind, operation: &'static str) -> Self {
        Self { kind, operation, source: None }
    }

    /// An error with its cause.
    pub fn with_source(
        kind: StorageErrorKind,
        operation: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, operation, source: Some(source.into()) }
    }
}
