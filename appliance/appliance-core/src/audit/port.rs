//! The port of the audit log.

use super::{AuditEntry, AuditRecord, ChainReport};
use crate::page::{Page, PageRequest};
use crate::storage::StorageResult;

/// Keeps the audit log. Entries are appended and read, never changed or removed.
pub trait AuditLog: Send + Sync {
    /// Appends an entry. When this returns, it is on the disk.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, `Corrupt`. Nothing was appended then.
    fn append(&self, record: AuditRecord) -> StorageResult<AuditEntry>;

    /// Entries, newest first.
    ///
    /// # Errors
    /// `InvalidCursor`; `Unavailable` or `Corrupt` when it cannot be read.
    fn page(&self, request: PageRequest) -> StorageResult<Page<AuditEntry>>;

    /// Reads the whole log and checks its chain. Takes time in proportion to the log.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt` when it cannot be read.
    fn verify(&self) -> StorageResult<ChainReport>;
}
