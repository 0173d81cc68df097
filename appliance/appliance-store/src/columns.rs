//! Values of the domain as columns, and back.

use std::error::Error;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;

/// A time from its microseconds.
pub(crate) fn time(row: &Row<'_>, column: &'static str) -> rusqlite::Result<Timestamp> {
    parsed(row, column, |microseconds: i64| Timestamp::from_microsecond(microseconds).ok())
}

/// A time that may be null.
pub(crate) fn optional_time(row: &Row<'_>, column: &'static str) -> rusqlite::Result<Option<Timestamp>> {
    parsed(row, column, |microseconds: Option<i64>| match microseconds {
        None => Some(None),
        Some(microseconds) => Timestamp::from_microsecond(microseconds).ok().map(Some),
    })
}

/// A column's value turned into what it stands for. What stands for nothing is damage.
pub(crate) fn parsed<C: rusqlite::types::FromSql, T>(
    row: &Row<'_>,
    column: &'static str,
    parse: impl FnOnce(C) -> Option<T>,
) -> rusqlite::Result<T> {
    let value = row.get(column)?;
    parse(value).ok_or_else(|| {
        let reason: Box<dyn Error + Send + Sync> =
            format!("the column `{column}` has a value of no meaning").into();
        rusqlite::Error::FromSqlConversionFailure(0, Type::Null, reason)
    })
}
