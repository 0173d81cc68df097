//! The box's state in SQLite: the list of keys, the audit log, who may use the box, what the owner
//! decided, and answers kept for repeated requests.
//!
//! # Design
//!
//! [`Store`] implements the storage ports of `appliance-core`, one file each.
//!
//! - **One writer.** A thread owns the only connection that writes. It takes all changes that wait, runs
//!   each in a savepoint, commits once, and then answers all of them (group commit): what was answered
//!   is on the disk (`synchronous=FULL`), and 32 callers share one flush.
//! - **Readers** have connections of their own; in WAL mode they never wait for the writer.
//! - The audit log is append-only by triggers; its chain's head is in the writer's memory.
//! - Migrations are numbered SQL files, run in order in one transaction, after a copy was made; `user_version`
//!   says how far a database is, and `data_schema` who can still read it. See [`Standing`].
//!
//! # Limits
//!
//! One process at a time owns a database. A full disk fails changes with `Full`, and reading goes on.

mod access_store;
mod audit_log;
mod columns;
mod error;
mod error_map;
mod idempotency;
mod key_catalog;
mod migrations;
mod open;
mod reader;
mod settings;
mod store;
mod upgrade;
mod writer;

pub use error::StoreError;
pub use migrations::Standing;
pub use store::{Store, StoreHealth};
