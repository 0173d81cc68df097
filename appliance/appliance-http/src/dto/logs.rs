//! The service's own log.

use std::collections::BTreeMap;

use appliance_core::logs;
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror;

mirror! {
    /// How important a line is.
    #[serde(rename_all = "lowercase")]
    LogLevel of logs::LogLevel { Debug, Info, Warn, Error }
}

mirror! {
    /// Where lines come from: the system's journal (earlier starts too) or the service's memory.
    #[serde(rename_all = "lowercase")]
    LogOrigin of logs::LogOrigin { Journal, Memory }
}

/// One line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogLine {
    #[schema(value_type = String, format = DateTime)]
    at: jiff::Timestamp,
    level: LogLevel,
    /// The module that wrote it.
    target: String,
    message: String,
    /// The request it was written for.
    #[schema(required)]
    request_id: Option<String>,
    /// What else it carries.
    fields: BTreeMap<String, String>,
}

/// Lines, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogPage {
    items: Vec<LogLine>,
    source: LogOrigin,
    /// Give this as `after` for older lines.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl From<logs::LogPage> for LogPage {
    fn from(page: logs::LogPage) -> Self {
        let line = |line: logs::LogLine| LogLine {
            at: line.at,
            level: line.level.into(),
            target: line.target,
            message: line.message,
            request_id: line.request_id,
            fields: line.fields,
        };
        Self {
            items: page.lines.into_iter().map(line).collect(),
            source: page.origin.into(),
            next_cursor: page.next_cursor,
        }
    }
}
