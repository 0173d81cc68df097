//! What the owner decided and the box keeps: a text under a name.

use crate::storage::StorageResult;

/// Where decisions are kept.
pub trait Settings: Send + Sync {
    /// What is kept under the name; `None` when nothing was decided.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, name: &'static str) -> StorageResult<Option<String>>;

    /// Keeps a text under the name, in place of what was there.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep(&self, name: &'static str, value: &str) -> StorageResult<()>;
}
