//! The schema, step by step.
//!
//! A schema **expands** first (new tables and columns, which older versions pass over) and **contracts** a
//! version later, so that the version before always reads today's data: power cuts and the owner may lead back
//! to it. Each migration says which schema's readers understand what it makes. On a box that tries a new version
//! out, nothing is migrated before that was found good ([`Standing`]).

use rusqlite::{Connection, TransactionBehavior};

/// Marks a database file as the box's: `ANYA` in ASCII.
pub(crate) const APPLICATION_ID: i64 = 0x414e_5941;

/// A step of the schema.
struct Migration {
    sql: &'static str,
    /// The oldest schema whose readers understand the data after this step.
    readable_by: u32,
}

/// Migration `n` (from 1) brings a database from schema `n − 1` to `n`. Released ones never change.
const MIGRATIONS: [Migration; 3] = [
    Migration { sql: include_str!("../migrations/0001_initial.sql"), readable_by: 1 },
    Migration { sql: include_str!("../migrations/0002_settings.sql"), readable_by: 1 },
    Migration { sql: include_str!("../migrations/0003_data_schema.sql"), readable_by: 2 },
];

/// The newest schema.
pub(crate) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// The oldest schema that this version can work with as it is, while it is tried out.
pub(crate) const WORKS_WITH: u32 = 2;

/// How the running version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was found good, or there is none before it: its schema may be written.
    Good,
    /// It is tried out: the version before must find its data as it left it.
    OnTrial,
}

/// A migration that failed: the step, and what SQLite said.
pub(crate) struct FailedStep {
    pub(crate) to: u32,
    pub(crate) source: rusqlite::Error,
}

/// Brings a database of schema `from` to the newest, all or nothing.
pub(crate) fn migrate(connection: &mut Connection, from: u32) -> Result<(), FailedStep> {
    let failed = |to| move |source| FailedStep { to, source };
    if from == NEWEST {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(from + 1))?;
    for (step, migration) in (1..).zip(&MIGRATIONS) {
        if step > from {
            transaction.execute_batch(migration.sql).map_err(failed(step))?;
        }
    }
    let newest = failed(NEWEST);
    let readable_by = MIGRATIONS.last().map_or(NEWEST, |migration| migration.readable_by);
    transaction.execute("DELETE FROM data_schema", []).map_err(newest)?;
    transaction.execute("INSERT INTO data_schema VALUES (?1)", [readable_by]).map_err(failed(NEWEST))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed(NEWEST))?;
    transaction.pragma_update(None, "user_version", NEWEST).map_err(failed(NEWEST))?;
    transaction.commit().map_err(failed(NEWEST))
}
