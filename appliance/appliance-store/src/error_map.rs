//! From SQLite's errors to the kinds that callers decide on.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use appliance_core::storage::{StorageError, StorageErrorKind};
use rusqlite::{ErrorCode, ffi};

/// Why one operation failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite said so.
    Sqlite(rusqlite::Error),
    /// The operation itself found out.
    Kind(StorageErrorKind),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failure {
    /// What a caller may decide on.
    pub(crate) fn kind(&self) -> StorageErrorKind {
        match self {
            Self::Sqlite(error) => kind_of(error),
            Self::Kind(kind) => *kind,
        }
    }

    /// The failure as the ports tell it.
    pub(crate) fn during(self, operation: &'static str) -> StorageError {
        let kind = self.kind();
        match self {
            Self::Sqlite(error) => StorageError::with_source(kind, operation, error),
            Self::Kind(kind) => StorageError::new(kind, operation),
        }
    }
}

/// The kind of an error of SQLite.
pub(crate) fn kind_of(error: &rusqlite::Error) -> StorageErrorKind {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => StorageErrorKind::Full,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StorageErrorKind::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StorageErrorKind::Corrupt,
            ErrorCode::ConstraintViolation => match failure.extended_code {
                ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                    StorageErrorKind::AlreadyExists
                }
                // A trigger or check that the code never runs into: someone else wrote to the file.
                _ => StorageErrorKind::Corrupt,
            },
            _ => StorageErrorKind::Unavailable,
        },
        // A value that is not what the schema and the code agree on.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => StorageErrorKind::Corrupt,
        rusqlite::Error::QueryReturnedNoRows => StorageErrorKind::NotFound,
        _ => StorageErrorKind::Unavailable,
    }
}

/// One error of SQLite told to many callers: that of the commit they shared.
#[derive(Clone, Debug)]
pub(crate) struct SharedError(pub(crate) Arc<rusqlite::Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_the_kind_that_callers_expect() {
        for (code, kind) in [
            (ffi::SQLITE_FULL, StorageErrorKind::Full),
            (ffi::SQLITE_BUSY, StorageErrorKind::Busy),
            (ffi::SQLITE_LOCKED, StorageErrorKind::Busy),
            (ffi::SQLITE_CORRUPT, StorageErrorKind::Corrupt),
            (ffi::SQLITE_NOTADB, StorageErrorKind::Corrupt),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, StorageErrorKind::AlreadyExists),
            (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, StorageErrorKind::AlreadyExists),
            (ffi::SQLITE_CONSTRAINT_TRIGGER, StorageErrorKind::Corrupt),
            (ffi::SQLITE_IOERR, StorageErrorKind::Unavailable),
            (ffi::SQLITE_READONLY, StorageErrorKind::Unavailable),
            (ffi::SQLITE_CANTOPEN, StorageErrorKind::Unavailable),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(kind_of(&error), kind, "{error}");
        }
    }
}
