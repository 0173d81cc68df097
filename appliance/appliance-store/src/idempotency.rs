//! Answers kept for repeated requests.

use appliance_core::keys::{Begun, IDEMPOTENCY_LIFETIME, Idempotency, IdempotentRequest, StoredAnswer};
use appliance_core::storage::StorageResult;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use crate::Store;
use crate::columns::parsed;

impl Idempotency for Store {
    fn begin(&self, request: &IdempotentRequest, now: Timestamp) -> StorageResult<Begun> {
        let request = request.clone();
        self.change("begin a request that is done once", move |connection, _| {
            let kept_since = now.as_microsecond().saturating_sub(IDEMPOTENCY_LIFETIME.as_secs() * 1_000_000);
            connection.prepare_cached("DELETE FROM idempotency WHERE begun_at <= ?1")?.execute([kept_since])?;
            let known = connection
                .prepare_cached("SELECT * FROM idempotency WHERE actor = ?1 AND key = ?2")?
                .query_row(params![request.actor, request.key], |row| begun(row, &request))
                .optional()?;
            if let Some(known) = known {
                return Ok(known);
            }
            connection
                .prepare_cached(
                    "INSERT INTO idempotency (actor, key, route, body_hash, begun_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    request.actor,
                    request.key,
                    request.route,
                    request.body_hash,
                    now.as_microsecond()
                ])?;
            Ok(Begun::New)
        })
    }

    fn finish(&self, request: &IdempotentRequest, answer: &StoredAnswer) -> StorageResult<()> {
        let (request, answer) = (request.clone(), answer.clone());
        self.change("keep the answer to a request that is done once", move |connection, _| {
            connection
                .prepare_cached(
                    "UPDATE idempotency SET status = ?3, content_type = ?4, location = ?5, body = ?6
                     WHERE actor = ?1 AND key = ?2 AND status IS NULL",
                )?
                .execute(params![
                    request.actor,
                    request.key,
                    answer.status,
                    answer.content_type,
                    answer.location,
                    answer.body
                ])?;
            Ok(())
        })
    }

    fn abandon(&self, request: &IdempotentRequest) -> StorageResult<()> {
        let request = request.clone();
        self.change("forget a request that is done once", move |connection, _| {
            connection
                .prepare_cached("DELETE FROM idempotency WHERE actor = ?1 AND key = ?2 AND status IS NULL")?
                .execute(params![request.actor, request.key])?;
            Ok(())
        })
    }
}

fn begun(row: &Row<'_>, request: &IdempotentRequest) -> rusqlite::Result<Begun> {
    let route: String = row.get("route")?;
    let body_hash: [u8; 32] = row.get("body_hash")?;
    if route != request.route || body_hash != request.body_hash {
        return Ok(Begun::Reused);
    }
    let Some(status) = row.get::<_, Option<i64>>("status")? else { return Ok(Begun::InProgress) };
    Ok(Begun::Done(StoredAnswer {
        status: parsed(row, "status", |_: i64| u16::try_from(status).ok())?,
        content_type: row.get("content_type")?,
        location: row.get("location")?,
        body: row.get("body")?,
    }))
}
