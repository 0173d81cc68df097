//! What to do with data of another schema, and the copy that is made before it is changed.
//!
//! The rules are [`ota_core::schema`]'s. The copy lies beside the database, named after its schema
//! (`state.db.schema-2`); there is one, of the schema before. It is what [`Store::restore_copy`] brings back.
//!
//! [`Store::restore_copy`]: crate::Store::restore_copy

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use ota_core::schema::{DataSchema, Plan, ProgramSchema, Unreadable, plan};
use rusqlite::Connection;

use crate::StoreError;
use crate::error_map::kind_of;
use crate::migrations::{NEWEST, Standing, WORKS_WITH, migrate};
use appliance_core::storage::StorageErrorKind;

/// Brings a database up to date, as far as the version's standing allows. A new one has nothing that anybody
/// else could want to read.
pub(crate) fn bring_up_to_date(
    connection: &mut Connection,
    path: &Path,
    found: DataSchema,
    standing: impl FnOnce() -> Standing,
) -> Result<(), StoreError> {
    if found.schema == 0 {
        return migrated(connection, path, 0);
    }
    let good = found.schema >= NEWEST || standing() == Standing::Good;
    // What is migrated before it is used may be of any schema.
    let program = ProgramSchema { writes: NEWEST, reads_from: if good { 1 } else { WORKS_WITH } };
    let unreadable = |unreadable| match unreadable {
        Unreadable::Newer { schema } => {
            StoreError::TooNew { path: path.to_owned(), found: schema, known: NEWEST }
        }
        Unreadable::Older { schema, reads_from } => {
            StoreError::TooOld { path: path.to_owned(), found: schema, reads_from }
        }
    };
    match plan(found, program, good, size(path), room(path)).map_err(unreadable)? {
        Plan::UseAsItIs => Ok(()),
        // It goes on with the old schema, as long as it can.
        Plan::NoRoom { missing } if found.schema >= WORKS_WITH => {
            tracing::warn!(missing, "no room for the copy that a migration needs; the data stays as it is");
            Ok(())
        }
        Plan::NoRoom { missing } => Err(StoreError::NoRoom { path: path.to_owned(), missing }),
        Plan::Migrate => {
            copy(connection, path, found.schema)?;
            migrated(connection, path, found.schema)
        }
    }
}

fn migrated(connection: &mut Connection, path: &Path, from: u32) -> Result<(), StoreError> {
    migrate(connection, from).map_err(|step| match kind_of(&step.source) {
        StorageErrorKind::Corrupt => StoreError::Corrupt { path: path.to_owned(), source: step.source },
        _ => StoreError::Migrate { from, to: step.to, source: step.source },
    })
}

/// Copies the database, consistently, and brings the copy to the medium. Older copies go.
fn copy(connection: &Connection, path: &Path, schema: u32) -> Result<(), StoreError> {
    let to = copy_of(path, schema);
    let failed =
        |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Copy { path: to.clone(), source };
    let part = beside(path, ".copying");
    let io = |error: io::Error| failed(error.into());
    let _ = fs::remove_file(&part);
    connection.execute("VACUUM INTO ?1", [part.to_string_lossy()]).map_err(|error| failed(error.into()))?;
    fs::set_permissions(&part, Permissions::from_mode(0o600)).map_err(io)?;
    File::open(&part).and_then(|copy| copy.sync_all()).map_err(io)?;
    fs::rename(&part, &to).map_err(io)?;
    for older in (1..schema).map(|older| copy_of(path, older)) {
        let _ = fs::remove_file(older);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

/// The newest copy that this version can read, and its schema.
pub(crate) fn readable_copy(path: &Path) -> Option<PathBuf> {
    (1..=NEWEST).rev().map(|schema| copy_of(path, schema)).find(|copy| copy.is_file())
}

fn copy_of(path: &Path, schema: u32) -> PathBuf {
    beside(path, &format!(".schema-{schema}"))
}

pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The size of the database with its log, bytes.
fn size(path: &Path) -> u64 {
    let length = |path: PathBuf| fs::metadata(path).map_or(0, |file| file.len());
    length(path.to_owned()) + length(beside(path, "-wal"))
}

/// What is free on its disk, bytes.
fn room(path: &Path) -> u64 {
    statvfs(path).map_or(0, |disk| disk.blocks_available().saturating_mul(disk.fragment_size()))
}
