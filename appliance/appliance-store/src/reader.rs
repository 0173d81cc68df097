//! Connections that read, beside the writer.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use appliance_core::storage::StorageErrorKind;
use rusqlite::Connection;

use crate::error_map::Failure;
use crate::open::open_reader;

/// Connections kept for the next reader.
const KEPT: usize = 4;

/// A pool: a reader takes a connection or opens one, and puts it back.
pub(crate) struct Readers {
    path: PathBuf,
    /// `None` once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Reads, on this thread.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let taken = match &mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner) {
            None => return Err(Failure::Kind(StorageErrorKind::Unavailable)),
            Some(idle) => idle.pop(),
        };
        let connection = taken.map_or_else(|| open_reader(&self.path), Ok)?;
        let result = read(&connection);
        if let Some(idle) = &mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner)
            && idle.len() < KEPT
        {
            idle.push(connection);
        }
        result
    }

    /// Closes the idle connections; later reads fail with `Unavailable`.
    pub(crate) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
