//! Keys: pairs whose private half is made in a token and never leaves it, and the signatures made with them.
//!
//! # Design
//!
//! [`KeyService`] holds the rules. What it needs of the world are tokens (`hal_api::Token`), a
//! [`KeyCatalog`] that keeps the list of keys, an audit log, and a sink for events.
//!
//! - A key's record is durable before the key is made, and its deletion is noted before the key is
//!   destroyed (`appliance/adr/0002-keys-in-two-steps.md`); [`KeyService::recover`] finishes what a
//!   power cut left half done.
//! - Signing looks at memory only, asks the token, and appends to the audit log. A signature that
//!   cannot be noted there is not handed out.
//! - Verifying never asks the token: it is done here, from the public key, by another implementation
//!   than the one that signed.
//!
//! # Limits
//!
//! All records are held in memory, about a kilobyte each. One service owns the catalog.

mod catalog;
pub mod encoding;
mod error;
mod idempotency;
mod public_key;
mod record;
mod recovery;
mod service;
mod signature;
mod signing;
mod token_status;
mod tokens;
mod verification;

pub use catalog::{CatalogEntry, KeyCatalog, KeyState};
pub use error::{KeyError, KeyResult};
pub use idempotency::{Begun, IDEMPOTENCY_LIFETIME, Idempotency, IdempotentRequest, StoredAnswer};
pub use public_key::{jwk, spki_der, spki_pem};
pub use record::{KeyRecord, NewKey};
pub use recovery::Recovered;
pub use service::KeyService;
pub use signature::{SignCommand, SignInput, Signature, SignatureEncoding, VerifyCommand};
pub use token_status::{TokenState, TokenStatus};
pub use tokens::TokenLogin;

#[cfg(test)]
mod tests;
