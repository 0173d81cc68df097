//! Why the database cannot be opened or closed: each with the cure, as people see it at start.

use std::path::PathBuf;

/// Why the database cannot be opened or closed. `Display` never repeats the source.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be made or read.
    #[error("cannot open the database `{}`; check that its folder exists and that this user may write there", path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// SQLite cannot open it.
    #[error("cannot open the database `{}`; check the folder's permissions and the disk", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// It is damaged, or no database.
    #[error("the database `{}` is damaged; restore it from a backup, or move it away to begin anew without its keys and users", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// It is a database of another program.
    #[error("`{}` is the database of another program; name another data folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of the box made it.
    #[error("the database `{}` was made by a newer version of the box (schema {found}, this version knows {known}); start that version", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// Another version has to bring it further first.
    #[error("the database `{}` is of schema {found}, and this version can work with {reads_from} and later; install a version in between first", path.display())]
    TooOld {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The oldest that this version reads.
        reads_from: u32,
    },
    /// It has to be migrated, and the copy that is made before does not fit.
    #[error("the database `{}` has to be brought up to date, and {missing} bytes are missing for a copy of it; make room on the disk", path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// How many bytes are missing.
        missing: u64,
    },
    /// The copy before a migration failed; nothing was changed.
    #[error("cannot copy the database to `{}` before it is brought up to date; it is unchanged", path.display())]
    Copy {
        /// The copy.
        path: PathBuf,
        /// What the system or SQLite said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The copy could not be put in the place of the database.
    #[error("cannot put the copy `{}` in the place of the database", path.display())]
    Restore {
        /// The copy.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A migration failed; the database is as it was.
    #[error("cannot bring the database from schema {from} to {to}; it is unchanged")]
    Migrate {
        /// Its schema version.
        from: u32,
        /// The version that failed.
        to: u32,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The thread that writes cannot be started.
    #[error("cannot start the thread that writes the database")]
    Thread(#[source] std::io::Error),
    /// The last changes could not be moved from the log into the database. They are not lost.
    #[error("cannot checkpoint the database")]
    Checkpoint(#[source] rusqlite::Error),
    /// It is closed.
    #[error("the database is closed")]
    Closed,
}
