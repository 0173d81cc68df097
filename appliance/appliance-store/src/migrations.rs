//! The schema, step by step.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a database file as the box's: `ANYA` in ASCII.
pub(crate) const APPLICATION_ID: i64 = 0x414e_5941;

/// Migration `n` (from 1) brings a database from schema `n − 1` to `n`. Released ones never change.
const MIGRATIONS: [&str; 2] =
    [include_str!("../migrations/0001_initial.sql"), include_str!("../migrations/0002_settings.sql")];

/// The newest schema.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// A migration that failed: the step, and what SQLite said.
pub(crate) struct FailedStep {
    pub(crate) to: i64,
    pub(crate) source: rusqlite::Error,
}

/// Brings a database of schema `from` to the newest, all or nothing.
pub(crate) fn migrate(connection: &mut Connection, from: i64) -> Result<(), FailedStep> {
    let failed = |to| move |source| FailedStep { to, source };
    if from == NEWEST {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(from + 1))?;
    for (step, sql) in (1..).zip(MIGRATIONS) {
        if step > from {
            transaction.execute_batch(sql).map_err(failed(step))?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed(NEWEST))?;
    transaction.pragma_update(None, "user_version", NEWEST).map_err(failed(NEWEST))?;
    transaction.commit().map_err(failed(NEWEST))
}
