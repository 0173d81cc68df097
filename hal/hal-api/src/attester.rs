//! Attestation: statements about the machine and its keys, signed by a key that never leaves it.

use serde::{Deserialize, Serialize};

use crate::{HalResult, KeyId, PublicKey, SignatureScheme};

/// The value of one platform configuration register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcrValue {
    /// Which register, 0–23.
    pub index: u8,
    /// Its SHA-256 bank value, 32 bytes.
    pub digest: Vec<u8>,
}

/// A signed statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// What was signed, as the device made it: a marshalled `TPMS_ATTEST` (TPM 2.0 part 2, section
    /// 10.12.12), which holds the nonce.
    pub statement: Vec<u8>,
    /// The signature over the statement, in the plain form of [`crate::Signer::sign`].
    pub signature: Vec<u8>,
    /// How it was signed.
    pub scheme: SignatureScheme,
    /// The attestation key's public half.
    pub attestation_key: PublicKey,
    /// The registers quoted, in ascending order; empty for a statement about a key.
    pub pcrs: Vec<PcrValue>,
}

/// Makes signed statements.
pub trait Attester: Send + Sync {
    /// The public half of the attestation key, the same for the life of the token.
    ///
    /// # Errors
    /// As the device says.
    fn attestation_key(&self) -> HalResult<PublicKey>;

    /// A statement of the registers' values. `nonce`: 8 to 32 bytes from who asks.
    ///
    /// # Errors
    /// `InvalidInput` for a nonce of another size or a register above 23.
    fn quote(&self, nonce: &[u8], pcrs: &[u8]) -> HalResult<Attestation>;

    /// A statement that a key was made in this token and cannot leave it (TPM2_Certify).
    ///
    /// # Errors
    /// `NotFound` for an unknown key, `InvalidInput` for a nonce of another size than 8 to 32 bytes.
    fn certify(&self, key: &KeyId, nonce: &[u8]) -> HalResult<Attestation>;
}
