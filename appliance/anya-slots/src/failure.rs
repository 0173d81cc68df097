//! Why a request is not done.

use ota_client::check::CheckError;
use ota_client::slot_keeper::protocol::{Refused, code};
use ota_client::verity::VerityError;
use ota_core::slots::IdentityError;
use ota_core::slots::rollback::RollbackRefusal;
use ota_core::trust::Refusal;

use crate::note;

/// Why a request is not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// By a rule; the owner is told.
    Refused(Refused),
    /// Something failed.
    Failed(anyhow::Error),
    /// The other side has gone, so that nobody is told.
    Gone,
}

impl Failure {
    /// A refusal.
    pub(crate) fn refused(code: &str, text: impl Into<String>) -> Self {
        Self::Refused(Refused { code: code.to_owned(), text: text.into() })
    }

    /// Somebody else holds the lock.
    pub(crate) fn busy() -> Self {
        Self::refused(code::BUSY, "Something else is being done to the slots.")
    }

    /// What the other side is told; `None` when there is nobody. What failed is told to the journal as well.
    pub(crate) fn told(self) -> Option<Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::Failed(error) => {
                let text = format!("{error:#}");
                note(&text);
                Some(Refused { code: code::FAILED.to_owned(), text })
            }
            Self::Gone => None,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.code(), refusal.to_string())
    }
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}

impl From<VerityError> for Failure {
    fn from(error: VerityError) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}

impl From<RollbackRefusal> for Failure {
    fn from(refusal: RollbackRefusal) -> Self {
        Self::refused(refusal.code(), refusal.to_string())
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        Self::refused(code::NOT_NOW, format!("{error}."))
    }
}
