//! What the failures of the box's store are to a client.

use appliance_core::storage::{StorageError, StorageErrorKind as Kind};

use super::{Problem, Slug};

impl Problem {
    /// There is no room for what was asked.
    pub(crate) fn storage_full() -> Self {
        Self::new(Slug::StorageFull, "The disk that holds the box's data is full; nothing was changed.")
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let unavailable = |detail: &str, next: &str| {
            tracing::error!(error = %super::chain(&error), "the store failed");
            Self::new(Slug::Unavailable, detail).with_next(next)
        };
        match error.kind {
            Kind::InvalidCursor => Self::field("cursor", "is not one that this list gave")
                .with_next("Start again without `cursor`."),
            Kind::NotFound => Self::new(Slug::NotFound, "There is nothing of that id."),
            Kind::AlreadyExists => Self::new(Slug::Conflict, "Something of that name is there already."),
            Kind::Busy => {
                Self::new(Slug::Busy, "Too much waits to be written to `store`.").with_retry_after(1)
            }
            Kind::Full => {
                tracing::error!(error = %super::chain(&error), "the disk is full");
                Self::storage_full()
            }
            Kind::Unavailable => {
                unavailable("`store` does not answer; nothing was changed.", Slug::Unavailable.next())
            }
            Kind::Corrupt => unavailable(
                "`store`: what is on the disk is damaged.",
                "Look in the box's log for this request id, and restore a backup.",
            ),
        }
    }
}
