//! The system's journal as the log of this service.

mod line;
mod own_unit;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use appliance_core::logs::{LogError, LogOrigin, LogPage, LogQuery, LogSource};
use systemd::journal::{Journal, OpenDirectoryOptions, OpenOptions};

/// Reads the entries of one unit, newest first. Each call opens the journal anew: files rotate.
pub struct SystemdJournal {
    unit: String,
    /// A folder of journal files instead of the machine's own journal.
    folder: Option<PathBuf>,
}

/// How many entries are looked at, at most, to find those of the wanted importance.
const LOOK_AT: usize = 20_000;

impl SystemdJournal {
    /// The journal of a unit, such as `anyad.service`.
    pub fn of_unit(unit: impl Into<String>) -> Self {
        Self { unit: unit.into(), folder: None }
    }

    /// The journal of this process's own unit; `None` when its standard error does not go there.
    pub fn of_this_service() -> Option<Self> {
        own_unit::own_unit().map(Self::of_unit)
    }

    /// The same from journal files in a folder, for tests and for the disk of another machine.
    pub fn in_folder(unit: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self { unit: unit.into(), folder: Some(folder.into()) }
    }

    fn open(&self) -> systemd::Result<Journal> {
        let mut journal = match &self.folder {
            Some(folder) => OpenDirectoryOptions::default().open_directory(c_path(folder))?,
            None => OpenOptions::default().system(true).local_only(true).open()?,
        };
        journal.match_add("_SYSTEMD_UNIT", self.unit.as_bytes())?;
        Ok(journal)
    }
}

fn c_path(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn unreadable(error: systemd::Error) -> LogError {
    LogError::Read(Box::new(error))
}

impl LogSource for SystemdJournal {
    fn recent(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        let mut journal = self.open().map_err(unreadable)?;
        match &query.after {
            Some(cursor) => {
                journal.seek_cursor(cursor.as_str()).map_err(|_| LogError::Cursor)?;
                // Seeking places before the entry; the page starts behind it.
                journal.previous().map_err(unreadable)?;
                if !journal.test_cursor(cursor.as_str()).map_err(|_| LogError::Cursor)? {
                    return Err(LogError::Cursor);
                }
            }
            None => journal.seek_tail().map_err(unreadable)?,
        }
        let mut lines = Vec::new();
        let mut next_cursor = None;
        for _ in 0..LOOK_AT {
            if lines.len() == query.limit {
                break;
            }
            let Some(record) = journal.previous_entry().map_err(unreadable)? else {
                next_cursor = None;
                break;
            };
            next_cursor = Some(journal.cursor().map_err(unreadable)?);
            let at = journal.timestamp_usec().map_err(unreadable)?;
            lines.extend(line::of_record(&record, at).filter(|line| line.level >= query.level));
        }
        Ok(LogPage { lines, origin: LogOrigin::Journal, next_cursor })
    }
}
