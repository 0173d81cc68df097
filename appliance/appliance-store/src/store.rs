//! The store: opening, closing, health.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use appliance_core::storage::StorageResult;
use rusqlite::Connection;

use crate::StoreError;
use crate::error_map::Failure;
use crate::migrations::Standing;
use crate::open::{open_in_memory, open_writer, schema_of};
use crate::reader::Readers;
use crate::upgrade::{beside, bring_up_to_date, readable_copy};
use crate::writer::{Head, Writer};

/// The box's state. Clones are the same store; it is closed by [`Store::close`] or with the last clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// `None` for a database in memory: its one connection is the writer's, and reads go there too.
    file: Option<(PathBuf, Readers)>,
    writer: Writer,
}

/// How the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreHealth {
    /// Why the last change could not be kept, in plain words; `None` when all is well.
    pub failing: Option<String>,
    /// Size of the database on the disk, its log included.
    pub bytes: u64,
    /// Number of entries of the audit log.
    pub audit_entries: u64,
}

impl Store {
    /// Opens a database, made with mode 0600 where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// Each with the cure; see [`StoreError`]. A database that is newer, foreign or damaged is not changed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_as(path, || Standing::Good)
    }

    /// The same for a version of this standing: one that is tried out leaves the schema as it is. It is asked for
    /// only when there is something to migrate.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_as(path: &Path, standing: impl FnOnce() -> Standing) -> Result<Self, StoreError> {
        let connection = open_writer(path, standing)?;
        forget_requests_in_progress(&connection, path)?;
        let writer = Writer::start(connection)?;
        let file = Some((path.to_owned(), Readers::new(path.to_owned())));
        Ok(Self { inner: Arc::new(Inner { file, writer }) })
    }

    /// A database in memory, gone with its last clone.
    ///
    /// # Errors
    /// When SQLite cannot make one.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        let writer = Writer::start(open_in_memory()?)?;
        Ok(Self { inner: Arc::new(Inner { file: None, writer }) })
    }

    /// Brings the schema up to date, after a copy was made: the version that was tried out is good.
    ///
    /// # Errors
    /// Each with the cure; the data is as it was then.
    pub fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let Some((path, _)) = &self.inner.file else { return Ok(()) };
        let path = path.clone();
        self.inner.writer.alone(move |connection| {
            let damaged = |source| StoreError::Corrupt { path: path.clone(), source };
            let found = schema_of(connection, &path).map_err(damaged)??;
            bring_up_to_date(connection, &path, found, || Standing::Good)
        })
    }

    /// Puts the copy that a newer version made before it migrated in the place of the database, when this
    /// version cannot read that, and keeps what was there as `….newer`. For an owner who goes back; what
    /// happened since the copy is lost to this version. Returns whether it did.
    ///
    /// # Errors
    /// `Restore`; and those of [`Store::open`] that say that nothing can be read.
    pub fn restore_copy(path: &Path) -> Result<bool, StoreError> {
        match open_writer(path, || Standing::OnTrial) {
            Err(StoreError::TooNew { .. }) => {}
            other => return other.map(|_| false),
        }
        let Some(copy) = readable_copy(path) else { return Ok(false) };
        let restored = || {
            for ending in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(path, ending));
            }
            std::fs::rename(path, beside(path, ".newer"))?;
            std::fs::rename(&copy, path)
        };
        restored().map_err(|source| StoreError::Restore { path: copy.clone(), source })?;
        Ok(true)
    }

    /// Moves the log into the database and empties it.
    ///
    /// # Errors
    /// `Checkpoint`, `Closed`.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.inner.writer.checkpoint()
    }

    /// Writes what waits, checkpoints and closes. Later calls on any clone fail with `Unavailable`;
    /// closing again is harmless.
    ///
    /// # Errors
    /// `Checkpoint`: it is closed, and the log is read again at the next start.
    pub fn close(&self) -> Result<(), StoreError> {
        if let Some((_, readers)) = &self.inner.file {
            readers.close();
        }
        self.inner.writer.close()
    }

    /// How the store is. Touches the file system's metadata only.
    pub fn health(&self) -> StoreHealth {
        let shared = &self.inner.writer.shared;
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let bytes = self.inner.file.as_ref().map_or(0, |(path, _)| {
            let mut log = path.clone().into_os_string();
            log.push("-wal");
            size(path.clone()) + size(log.into())
        });
        StoreHealth {
            failing: shared.failing.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            bytes,
            audit_entries: self.committed_head().sequence,
        }
    }

    /// The newest entry of the audit log that is on the disk.
    pub(crate) fn committed_head(&self) -> Head {
        *self.inner.writer.shared.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a change and waits until it is on the disk.
    pub(crate) fn change<T: Send + 'static>(
        &self,
        operation: &'static str,
        run: impl FnOnce(&Connection, &mut Head) -> Result<T, Failure> + Send + 'static,
    ) -> StorageResult<T> {
        self.inner.writer.change(operation, run)
    }

    /// Hands a change over without waiting.
    pub(crate) fn change_some_time(
        &self,
        operation: &'static str,
        run: impl FnOnce(&Connection, &mut Head) -> Result<(), Failure> + Send + 'static,
    ) {
        self.inner.writer.change_some_time(operation, run);
    }

    /// Reads what is committed.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> StorageResult<T> {
        match &self.inner.file {
            Some((_, readers)) => readers.read(read).map_err(|failure| failure.during(operation)),
            None => self.inner.writer.change(operation, move |connection, _| read(connection)),
        }
    }
}

/// What was in progress when the service stopped has no answer; its repetition is a new request.
fn forget_requests_in_progress(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let forgotten = connection.execute("DELETE FROM idempotency WHERE status IS NULL", []);
    forgotten.map(drop).map_err(|source| StoreError::Open { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
