//! The store against real files.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod audit;
mod durability;
mod idempotency;
mod keys;
mod opening;
mod settings;

use std::path::PathBuf;

use appliance_core::audit::{Actor, AuditOutcome, AuditRecord, Who};
use appliance_store::Store;
use jiff::Timestamp;
use tempfile::TempDir;

/// A folder with a database that is gone after the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("state.db")
    }

    fn open(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }

    /// A connection of somebody who goes past the store.
    fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn record(number: i64) -> AuditRecord {
    let actor = Actor::new(Who::User("ada".into()), "r1");
    AuditRecord::new(at(number), actor, "key.sign", format!("key:{number}"), AuditOutcome::Ok)
        .with("n", number.to_string())
}
