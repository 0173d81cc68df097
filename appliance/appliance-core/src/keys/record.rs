//! Keys as people and programs see them.

use hal_api::{KeyAlgorithm, KeyId, PublicKey, SignatureScheme};
use jiff::Timestamp;

/// A key that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Which kind of key pair.
    pub algorithm: KeyAlgorithm,
    /// The text for people, 1 to 64 characters ([`crate::label::check_label`]).
    pub label: String,
    /// The name of the token; the first that can when `None`.
    pub token: Option<String>,
}

/// A key that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id.
    pub id: KeyId,
    /// The text for people.
    pub label: String,
    /// Which kind of key pair.
    pub algorithm: KeyAlgorithm,
    /// The name of the token it is on.
    pub token: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The name of the person who made it.
    pub created_by: String,
    /// How it can sign, the default first. Empty while its token is switched off.
    pub schemes: Vec<SignatureScheme>,
    /// Its public half; [`super::spki_pem`] and [`super::jwk`] write it down.
    pub public_key: PublicKey,
}
