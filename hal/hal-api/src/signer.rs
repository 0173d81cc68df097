//! Signing with a key that stays inside the token.

use serde::{Deserialize, Serialize};

use crate::{HalResult, KeyId, SignatureScheme};

/// One signature to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignRequest {
    /// The key to sign with.
    pub key: KeyId,
    /// How to sign.
    pub scheme: SignatureScheme,
    /// The SHA-256 digest (32 bytes) where [`SignatureScheme::signs_digest`], else the message.
    pub payload: Vec<u8>,
}

/// Makes signatures.
pub trait Signer: Send + Sync {
    /// Signs and returns the signature in its plain form: ECDSA `r ‖ s`, 64 bytes big-endian
    /// (IEEE P1363), with `s` as the token gave it; Ed25519 64 bytes; RSA 256 bytes.
    ///
    /// # Errors
    /// `NotFound` for an unknown key, `Unsupported` for a scheme that does not fit the key or token,
    /// `InvalidInput` for a digest that is not 32 bytes; else as the device says.
    fn sign(&self, request: &SignRequest) -> HalResult<Vec<u8>>;
}
