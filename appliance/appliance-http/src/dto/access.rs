//! Owning the box, signing in, API keys.

use appliance_core::access;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::extract::RequestBody;

/// Whether the box has an owner, and what to compare before typing the claim code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimState {
    pub(crate) claimed: bool,
    /// Wrong codes that may still be typed before a pause.
    pub(crate) tries_left: u32,
    /// How long the pause still lasts.
    #[schema(required)]
    pub(crate) retry_after_seconds: Option<u64>,
    pub(crate) certificate: Certificate,
}

/// The box's certificate, as the console shows it too: the same words there and here mean that nobody
/// sits in between.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Certificate {
    /// SHA-256 of the server's certificate (DER), 32 bytes in hexadecimal with colons.
    #[schema(example = "AB:CD:EF")]
    pub(crate) sha256: String,
    /// The same fingerprint's first 66 bits as six English words.
    pub(crate) words: Vec<String>,
    /// SHA-256 of the certificate of the box's own authority, which `/ca.crt` holds.
    pub(crate) ca_sha256: String,
}

/// What makes somebody the box's first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimRequest {
    /// The code on the box's console.
    #[schema(example = "ABCD-EFGH")]
    pub(crate) code: String,
    #[schema(example = "ada")]
    pub(crate) username: String,
    #[schema(format = Password)]
    pub(crate) password: String,
}

impl RequestBody for ClaimRequest {
    const LIMIT: usize = 16 << 10;
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInRequest {
    #[schema(example = "ada")]
    pub(crate) username: String,
    #[schema(format = Password)]
    pub(crate) password: String,
}

impl RequestBody for SignInRequest {
    const LIMIT: usize = 16 << 10;
}

mirror! {
    /// What somebody may do: an administrator everything.
    #[serde(rename_all = "lowercase")]
    Role of access::Role { Administrator }
}

/// Somebody who may use the box.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    pub(crate) id: String,
    #[schema(example = "ada")]
    pub(crate) username: String,
    pub(crate) role: Role,
}

/// A session that was opened; its secret is in the cookie.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenedSession {
    pub(crate) user: User,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
}

/// How somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Via {
    /// With a cookie.
    Session,
    /// With an API key.
    ApiKey,
}

/// Who is signed in, and how.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    pub(crate) user: User,
    pub(crate) via: Via,
    /// Null for an API key that never expires.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub(crate) expires_at: Option<Timestamp>,
}

/// An API key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateApiKey {
    #[schema(min_length = 1, max_length = 64, example = "laptop")]
    pub(crate) label: String,
    /// Never expires when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    pub(crate) expires_in_days: Option<u32>,
}

impl RequestBody for CreateApiKey {}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    pub(crate) label: String,
    /// The secret's beginning, to tell keys apart.
    #[schema(example = "anya_AbCd")]
    pub(crate) prefix: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub(crate) last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub(crate) expires_at: Option<Timestamp>,
}

/// An API key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    #[serde(flatten)]
    pub(crate) key: ApiKey,
    /// The key itself; it is shown this once and kept as a hash only.
    #[schema(example = "anya_…")]
    pub(crate) secret: String,
}

/// API keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeys {
    pub(crate) items: Vec<ApiKey>,
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

impl From<access::User> for User {
    fn from(user: access::User) -> Self {
        Self { id: user.id, username: user.username, role: user.role.into() }
    }
}

impl From<&access::Via> for Via {
    fn from(via: &access::Via) -> Self {
        match via {
            access::Via::Session => Self::Session,
            access::Via::ApiKey { .. } => Self::ApiKey,
        }
    }
}

impl From<access::ApiKey> for ApiKey {
    fn from(key: access::ApiKey) -> Self {
        Self {
            id: key.id,
            label: key.label,
            prefix: key.prefix,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            expires_at: key.expires_at,
        }
    }
}

impl From<access::CreatedApiKey> for CreatedApiKey {
    fn from(created: access::CreatedApiKey) -> Self {
        Self { key: created.key.into(), secret: created.secret.to_string() }
    }
}
