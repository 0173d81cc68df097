//! The service's own log, as its web page shows it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How important a line is. Ordered: an error is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For who looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// What may become a fault.
    Warn,
    /// A fault.
    Error,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How important.
    pub level: LogLevel,
    /// The module that wrote it.
    pub target: String,
    /// What it says.
    pub message: String,
    /// The request it was written for.
    pub request_id: Option<String>,
    /// What else it carries.
    pub fields: BTreeMap<String, String>,
}

/// Which lines are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// At most so many, 1 to 500.
    pub limit: usize,
    /// Lines of this importance and above.
    pub level: LogLevel,
    /// Lines older than the one this cursor stands for.
    pub after: Option<String>,
}

/// Where lines come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogOrigin {
    /// The system's journal: lines of earlier starts too.
    Journal,
    /// This process's memory: lines since its start.
    Memory,
}

/// Lines, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Where they come from.
    pub origin: LogOrigin,
    /// Give this as `after` for older lines; `None` at the end.
    pub next_cursor: Option<String>,
}

/// Why the log cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The cursor is not one that this log gave, or its line is gone.
    #[error("this place in the log is no longer there")]
    Cursor,
    /// The log cannot be read.
    #[error("cannot read the log")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Gives recent lines.
pub trait LogSource: Send + Sync {
    /// Lines that fit the query, newest first.
    ///
    /// # Errors
    /// `Cursor` for a cursor that leads nowhere, `Read` when the log cannot be read.
    fn recent(&self, query: &LogQuery) -> Result<LogPage, LogError>;
}
