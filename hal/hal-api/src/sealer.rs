//! Sealing: encrypting a small secret so that only this token, in an allowed state, gives it back.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::HalResult;

/// The state a secret is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealPolicy {
    /// TPM platform configuration registers of the SHA-256 bank (0–23) whose present values must
    /// hold when the secret is unsealed. Empty: bound to the token alone.
    pub pcrs: Vec<u8>,
}

/// A sealed secret: opaque, safe to keep in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub Vec<u8>);

/// Seals and unseals small secrets.
pub trait Sealer: Send + Sync {
    /// Seals 1 to 128 bytes.
    ///
    /// # Errors
    /// `InvalidInput` for another size, `Unsupported` for a policy with PCRs on a token without them.
    fn seal(&self, secret: &[u8], policy: &SealPolicy) -> HalResult<Sealed>;

    /// Gives the secret back.
    ///
    /// # Errors
    /// `PolicyMismatch` when the blob was changed, belongs to another token, or its policy does not hold.
    fn unseal(&self, sealed: &Sealed) -> HalResult<Zeroizing<Vec<u8>>>;
}
