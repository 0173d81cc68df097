//! What the failures of the data partition are to a client.

use hal_api::volume::MalformedRecoveryKey;
use hal_api::{HalError, HalErrorKind};

use super::{Problem, Slug};

impl Problem {
    /// The data partition could not be asked, or refused.
    pub(crate) fn volume(error: &HalError) -> Self {
        let slug = match error.kind {
            HalErrorKind::PinIncorrect => {
                return Self::new(Slug::RecoveryKeyWrong, "This is not the recovery key of this box's data.");
            }
            HalErrorKind::Unsupported => {
                return Self::new(Slug::Conflict, "The data partition's present state does not allow this.")
                    .with_next("GET /api/v1/system/fault and GET /api/v1/storage tell the state.");
            }
            HalErrorKind::Busy => {
                let detail = "Something else is being done to the data partition.";
                return Self::new(Slug::Busy, detail).with_retry_after(5);
            }
            _ => Slug::Unavailable,
        };
        tracing::error!(error = %super::chain(error), "the data partition's program failed");
        Self::new(slug, "The data partition could not be reached; the box's log says why.")
            .with_next("Try again; if it stays, restart the box.")
    }
}

impl From<MalformedRecoveryKey> for Problem {
    fn from(_: MalformedRecoveryKey) -> Self {
        let detail = "A recovery key has eight groups of eight letters; this is not one.";
        Self::new(Slug::RecoveryKeyWrong, detail)
    }
}
