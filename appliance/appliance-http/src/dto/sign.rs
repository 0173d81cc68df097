//! Signing and verifying.

use appliance_core::keys;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tokens::SignatureScheme;
use super::word;
use crate::extract::RequestBody;
use crate::problem::{Problem, ProblemResult};

/// How an ECDSA signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SignatureEncoding {
    /// ASN.1 (RFC 3279).
    Der,
    /// `r ‖ s`, 64 bytes (IEEE P1363).
    Raw,
}

/// What to sign: `message` or `digest`, exactly one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignRequest {
    /// The message, base64.
    #[serde(default)]
    #[schema(format = Byte)]
    pub(crate) message: Option<String>,
    /// Its SHA-256 digest, 32 bytes in base64. Not for Ed25519.
    #[serde(default)]
    #[schema(format = Byte)]
    pub(crate) digest: Option<String>,
    /// The key's default when absent.
    #[serde(default, deserialize_with = "word::optional")]
    pub(crate) scheme: Option<SignatureScheme>,
    /// ECDSA only; `der` when absent.
    #[serde(default, deserialize_with = "word::optional")]
    pub(crate) encoding: Option<SignatureEncoding>,
}

impl RequestBody for SignRequest {}

/// What to verify: `message` or `digest`, exactly one, and the signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyRequest {
    /// The message, base64.
    #[serde(default)]
    #[schema(format = Byte)]
    pub(crate) message: Option<String>,
    /// Its SHA-256 digest, 32 bytes in base64. Not for Ed25519.
    #[serde(default)]
    #[schema(format = Byte)]
    pub(crate) digest: Option<String>,
    /// The signature, base64.
    #[schema(format = Byte)]
    pub(crate) signature: String,
    /// The key's default when absent.
    #[serde(default, deserialize_with = "word::optional")]
    pub(crate) scheme: Option<SignatureScheme>,
    /// ECDSA only; `der` when absent.
    #[serde(default, deserialize_with = "word::optional")]
    pub(crate) encoding: Option<SignatureEncoding>,
}

impl RequestBody for VerifyRequest {}

/// A signature.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Signature {
    pub(crate) key_id: String,
    pub(crate) scheme: SignatureScheme,
    /// How an ECDSA signature is written; null for others.
    #[schema(required)]
    pub(crate) encoding: Option<SignatureEncoding>,
    /// Base64.
    #[schema(format = Byte)]
    pub(crate) signature: String,
}

/// Whether a signature is one of this key over this input.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    pub(crate) valid: bool,
}

impl From<SignatureEncoding> for keys::SignatureEncoding {
    fn from(encoding: SignatureEncoding) -> Self {
        match encoding {
            SignatureEncoding::Der => Self::Der,
            SignatureEncoding::Raw => Self::Raw,
        }
    }
}

impl From<keys::SignatureEncoding> for SignatureEncoding {
    fn from(encoding: keys::SignatureEncoding) -> Self {
        match encoding {
            keys::SignatureEncoding::Der => Self::Der,
            keys::SignatureEncoding::Raw => Self::Raw,
        }
    }
}

/// What is signed or verified.
pub(crate) fn input(message: Option<&str>, digest: Option<&str>) -> ProblemResult<keys::SignInput> {
    match (message, digest) {
        (Some(message), None) => Ok(keys::SignInput::Message(binary("message", message)?)),
        (None, Some(digest)) => {
            let bytes = binary("digest", digest)?;
            let length = bytes.len();
            let wrong = |_| Problem::field("digest", format!("has {length} bytes; a SHA-256 digest has 32"));
            bytes.try_into().map(keys::SignInput::Digest).map_err(wrong)
        }
        (Some(_), Some(_)) => {
            Err(Problem::field("digest", "is there beside `message`; send only one of them"))
        }
        (None, None) => Err(Problem::field("message", "is missing; send it, or `digest` instead")),
    }
}

/// Bytes from standard base64 with padding (RFC 4648, section 4).
pub(crate) fn binary(field: &str, text: &str) -> ProblemResult<Vec<u8>> {
    let wrong = |_| Problem::field(field, "is not base64 (standard alphabet, with padding)");
    STANDARD.decode(text).map_err(wrong)
}
