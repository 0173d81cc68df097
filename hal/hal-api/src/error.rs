//! The one error type of the hardware ports.

use std::error::Error;

use serde::{Deserialize, Serialize};

/// What a port returns.
pub type HalResult<T> = Result<T, HalError>;

/// Why an operation on hardware failed, as far as a caller decides on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HalErrorKind {
    /// The device is busy or out of sessions; the same call may succeed in a moment.
    Busy,
    /// The device did not answer in time; whether the operation happened is unknown.
    Timeout,
    /// The device is gone: unplugged, its daemon dead, its module unloaded.
    Removed,
    /// Nothing works until a person enters the PIN.
    PinNeeded,
    /// The PIN or authorisation value is wrong.
    PinIncorrect,
    /// The PIN is locked after too many wrong tries, or the TPM is in dictionary-attack lockout.
    PinLocked,
    /// No key, blob or token of that name.
    NotFound,
    /// A key of that id exists already.
    AlreadyExists,
    /// The device cannot do this (algorithm, scheme, policy).
    Unsupported,
    /// An argument has a wrong size or value; the caller's mistake.
    InvalidInput,
    /// No room left on the device.
    Full,
    /// A sealed blob was changed, or the policy it is bound to does not hold now.
    PolicyMismatch,
    /// Anything else that the device reports.
    Device,
}

/// A failed operation: its kind, what was being done to what, and the cause.
///
/// `Display` names the operation and its subject and never repeats the source.
#[derive(Debug, thiserror::Error)]
#[error("{operation}")]
pub struct HalError {
    /// What a caller may decide on.
    pub kind: HalErrorKind,
    /// The step and its subject, for example `sign with key 9f…`. Never holds a secret.
    pub operation: String,
    /// What the device or library said.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl HalError {
    /// An error without a cause beneath it.
    pub fn new(kind: HalErrorKind, operation: impl Into<String>) -> Self {
        Self { kind, operation: operation.into(), source: None }
    }

    /// An error with the cause that the device or library gave.
    pub fn with_source(
        kind: HalErrorKind,
        operation: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, operation: operation.into(), source: Some(source.into()) }
    }
}
