//! Who may use the box: claiming it, signing in, sessions and API keys.
//!
//! # Design
//!
//! [`AccessService`] holds the rules over an [`AccessStore`]. Users, sessions and API keys are held in
//! memory, so that [`AccessService::authenticate`] costs a hash and a look-up; every change is on the
//! disk before it is answered.
//!
//! - Nobody owns a box by being first: the claim code, shown on the console only, makes the first
//!   administrator ([`claim`]).
//! - Passwords are kept as Argon2id hashes ([`password`]); the secrets of sessions and API keys are 256
//!   random bits, kept as SHA-256 ([`secret`]).
//! - Guessing is slowed by user name, without a way for strangers to lock the owner out for long
//!   ([`throttle`]).
//!
//! # Limits
//!
//! One role, administrator. Sessions end after 12 hours without use, and after 7 days in any case.

mod api_keys;
pub mod claim;
mod claiming;
mod entropy;
mod error;
pub mod password;
mod principal;
pub mod secret;
mod service;
mod sessions;
mod store;
pub mod throttle;
mod user;

pub use api_keys::{ApiKey, CreatedApiKey};
pub use claiming::{ClaimState, OpenedSession};
pub use entropy::{Entropy, EntropyError, SystemEntropy};
pub use error::{AccessError, AccessResult};
pub use principal::{Credential, Principal, Via};
pub use secret::{Secret, SecretHash};
pub use service::AccessService;
pub use sessions::{SESSION_IDLE, SESSION_LIFETIME};
pub use store::{AccessSnapshot, AccessStore, ApiKeyRecord, SessionRecord, Touch, UserRecord};
pub use user::{Role, User};

#[cfg(test)]
mod tests;
