//! The audit log: who did what with what, and how it went, in a chain that shows later changes.
//!
//! # Design
//!
//! Entries are numbered from 1 without gaps. Each carries the SHA-256 of itself and of the hash before
//! it, so that changing, removing or inserting one breaks every later hash. [`AuditLog`] appends
//! durably; what cannot be audited does not happen (`appliance/adr/0001-fail-closed-audit.md`).
//!
//! The encoding that is hashed is described in [`entry_hash`], precisely enough to write a verifier for
//! the answers of `GET /api/v1/security/audit` in any language.
//!
//! # Limits
//!
//! - Details hold names and digests, never secrets, PINs or messages.
//! - The chain is not signed. Who can write the database can replace the whole chain, or cut its end
//!   while the service is stopped; a head noted elsewhere shows both.

mod actor;
mod chain;
mod entry;
mod port;

pub use actor::{Actor, Who};
pub use chain::{ChainReport, ChainVerifier, GENESIS, entry_hash, verify_chain};
pub use entry::{AuditEntry, AuditOutcome, AuditRecord, ChainHash, ParseChainHashError};
pub use port::AuditLog;
