//! Opening the database file, and the checks before anything in it is touched.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use appliance_core::storage::StorageErrorKind;
use ota_core::schema::DataSchema;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::error_map::kind_of;
use crate::migrations::{APPLICATION_ID, NEWEST, Standing, migrate};
use crate::upgrade::bring_up_to_date;

/// How long a connection waits for another's lock. Within one process only checkpoints take one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The log is cut back to this many bytes after a checkpoint.
const WAL_BYTES: i64 = 16 << 20;

/// Opens a file for writing, made with mode 0600 where there is none, and migrates it as far as the version's
/// standing allows.
pub(crate) fn open_writer(
    path: &Path,
    standing: impl FnOnce() -> Standing,
) -> Result<Connection, StoreError> {
    make_private(path).map_err(|source| StoreError::Folder { path: path.to_owned(), source })?;
    let failed = |source: rusqlite::Error| match kind_of(&source) {
        StorageErrorKind::Corrupt => StoreError::Corrupt { path: path.to_owned(), source },
        _ => StoreError::Open { path: path.to_owned(), source },
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let found = schema_of(&connection, path).map_err(failed)??;
    // Before anything in it is changed, the journal mode included.
    if found.readable_by > NEWEST {
        return Err(StoreError::TooNew { path: path.to_owned(), found: found.schema, known: NEWEST });
    }
    configure_writer(&connection).map_err(failed)?;
    bring_up_to_date(&mut connection, path, found, standing)?;
    Ok(connection)
}

/// A database in memory, for tests and demonstrations.
pub(crate) fn open_in_memory() -> Result<Connection, StoreError> {
    let path = || Path::new(":memory:").to_owned();
    let mut connection =
        Connection::open_in_memory().map_err(|source| StoreError::Open { path: path(), source })?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(|source| StoreError::Open { path: path(), source })?;
    migrate(&mut connection, 0).map_err(|step| StoreError::Migrate {
        from: 0,
        to: step.to,
        source: step.source,
    })?;
    Ok(connection)
}

/// Another connection to a database that is open for writing; it only reads.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn make_private(path: &Path) -> std::io::Result<()> {
    // SQLite gives its log and index files the same mode.
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// What a database of the box says of its schema, 0 for an empty one. Changes nothing.
pub(crate) fn schema_of(
    connection: &Connection,
    path: &Path,
) -> rusqlite::Result<Result<DataSchema, StoreError>> {
    let schema: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || schema != 0 || tables != 0) {
        return Ok(Err(StoreError::Foreign { path: path.to_owned() }));
    }
    let says = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'data_schema'";
    let readable_by = match connection.query_row(says, [], |row| row.get::<_, i64>(0))? {
        0 => schema,
        _ => connection.query_row("SELECT readable_by FROM data_schema", [], |row| row.get(0))?,
    };
    Ok(Ok(DataSchema { schema, readable_by }))
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
