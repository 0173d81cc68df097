//! The audit log.

use std::collections::BTreeMap;

use appliance_core::audit::{
    AuditEntry, AuditLog, AuditOutcome, AuditRecord, ChainHash, ChainReport, ChainVerifier,
};
use appliance_core::page::{Page, PageRequest};
use appliance_core::storage::{StorageErrorKind, StorageResult};
use rusqlite::{Connection, Row, params};

use crate::Store;
use crate::columns::{parsed, time};
use crate::error_map::{Failure, kind_of};
use crate::writer::Head;

impl AuditLog for Store {
    fn append(&self, record: AuditRecord) -> StorageResult<AuditEntry> {
        self.change("append to the audit log", move |connection, head| {
            let entry = AuditEntry::chain(record, head.sequence + 1, head.hash);
            insert(connection, &entry)?;
            *head = Head { sequence: entry.sequence, hash: entry.hash };
            Ok(entry)
        })
    }

    fn page(&self, request: PageRequest) -> StorageResult<Page<AuditEntry>> {
        self.read("read the audit log", move |connection| {
            let before = match &request.cursor {
                None => i64::MAX,
                Some(cursor) => cursor
                    .parse()
                    .ok()
                    .filter(|before| *before > 0)
                    .ok_or(Failure::Kind(StorageErrorKind::InvalidCursor))?,
            };
            let length = request.length();
            let limit = i64::try_from(length.saturating_add(1)).unwrap_or(i64::MAX);
            let items = connection
                .prepare_cached("SELECT * FROM audit WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2")?
                .query_map([before, limit], entry)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(Page::cut(items, length, |entry| entry.sequence.to_string()))
        })
    }

    fn verify(&self) -> StorageResult<ChainReport> {
        // Taken first: what is appended meanwhile is beyond it.
        let head = self.committed_head();
        self.read("verify the audit log", move |connection| {
            let mut verifier = ChainVerifier::default();
            let mut statement = connection.prepare_cached("SELECT * FROM audit ORDER BY sequence")?;
            let mut rows = statement.query([])?;
            let mut found = 0;
            while let Some(row) = rows.next()? {
                match entry(row) {
                    Ok(entry) => {
                        verifier.push(&entry);
                        // The writer's memory knows better than a file that was changed beneath it.
                        if entry.sequence == head.sequence && entry.hash != head.hash {
                            verifier.break_at(entry.sequence);
                        }
                    }
                    Err(error) if kind_of(&error) == StorageErrorKind::Corrupt => verifier.push_unreadable(),
                    Err(error) => return Err(error.into()),
                }
                found += 1;
            }
            if found < head.sequence {
                verifier.break_at(found + 1);
            }
            Ok(verifier.report())
        })
    }
}

fn insert(connection: &Connection, entry: &AuditEntry) -> Result<(), Failure> {
    let detail = serde_json::to_string(&entry.detail).expect("texts are always JSON");
    let sequence = i64::try_from(entry.sequence).map_err(|_| Failure::Kind(StorageErrorKind::Full))?;
    connection
        .prepare_cached(
            "INSERT INTO audit (sequence, at, actor, action, subject, outcome, detail, request_id, hash, previous_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            sequence,
            entry.at.as_microsecond(),
            entry.actor,
            entry.action,
            entry.subject,
            entry.outcome.name(),
            detail,
            entry.request_id,
            entry.hash.0,
            entry.previous_hash.0,
        ])?;
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        sequence: parsed(row, "sequence", |sequence: i64| u64::try_from(sequence).ok())?,
        at: time(row, "at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        outcome: parsed(row, "outcome", |name: String| AuditOutcome::from_name(&name))?,
        detail: parsed(row, "detail", |text: String| serde_json::from_str::<BTreeMap<_, _>>(&text).ok())?,
        request_id: row.get("request_id")?,
        hash: ChainHash(row.get("hash")?),
        previous_hash: ChainHash(row.get("previous_hash")?),
    })
}
