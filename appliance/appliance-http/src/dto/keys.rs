//! Keys.

use appliance_core::keys::{KeyRecord, jwk, spki_pem};
use appliance_core::page::Page;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tokens::{KeyAlgorithm, SignatureScheme};
use super::word;
use crate::extract::RequestBody;

/// A key pair to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    #[serde(deserialize_with = "word::required")]
    pub(crate) algorithm: KeyAlgorithm,
    #[schema(min_length = 1, max_length = 64, example = "signing")]
    pub(crate) label: String,
    /// The name of the token; the first that can when absent.
    #[serde(default)]
    #[schema(example = "softhsm")]
    pub(crate) token: Option<String>,
}

impl RequestBody for CreateKey {}

/// A public key, twice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicKey {
    /// SubjectPublicKeyInfo as PEM (RFC 7468).
    pub(crate) pem: String,
    /// JSON Web Key (RFC 7517).
    #[schema(value_type = Object)]
    pub(crate) jwk: serde_json::Value,
}

/// A key pair whose private half stays in its token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    /// 32 hexadecimal digits.
    #[schema(example = "0199d9a052a27d0c9c3e6a2f0f1d7b11")]
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) algorithm: KeyAlgorithm,
    /// The name of the token it is on.
    pub(crate) token: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: String,
    /// How it can sign; the first is the default.
    pub(crate) schemes: Vec<SignatureScheme>,
    pub(crate) public_key: PublicKey,
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keys {
    pub(crate) items: Vec<Key>,
    /// Give this as `cursor` for the next page.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

impl From<KeyRecord> for Key {
    fn from(key: KeyRecord) -> Self {
        let public_key = PublicKey { pem: spki_pem(&key.public_key), jwk: jwk(&key.public_key, &key.id) };
        Self {
            id: key.id.to_string(),
            label: key.label,
            algorithm: key.algorithm.into(),
            token: key.token,
            created_at: key.created_at,
            created_by: key.created_by,
            schemes: key.schemes.into_iter().map(Into::into).collect(),
            public_key,
        }
    }
}

impl From<Page<KeyRecord>> for Keys {
    fn from(page: Page<KeyRecord>) -> Self {
        Self { items: page.items.into_iter().map(Key::from).collect(), next_cursor: page.next_cursor }
    }
}
