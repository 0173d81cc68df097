//! Keys on a token: their names, their public halves, and the port that makes and removes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{HalResult, KeyAlgorithm};

/// The name of a key on a token: 16 bytes (a UUID), stored as `CKA_ID` on PKCS#11 tokens.
/// Displayed and parsed as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub [u8; 16]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A text that is not 32 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("a key id is 32 hexadecimal digits")]
pub struct ParseKeyIdError;

impl FromStr for KeyId {
    type Err = ParseKeyIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ParseKeyIdError);
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| ParseKeyIdError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ParseKeyIdError)?;
        }
        Ok(Self(id))
    }
}

/// What a caller asks for when it makes a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySpec {
    /// The name by which every later call finds the key. Chosen by the caller, unique on the token.
    pub id: KeyId,
    /// Which kind of key pair.
    pub algorithm: KeyAlgorithm,
    /// A text for people, stored as `CKA_LABEL` where the token has one. At most 128 bytes of UTF-8.
    pub label: String,
}

/// A key as a token lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// The name of the key.
    pub id: KeyId,
    /// Which kind of key pair.
    pub algorithm: KeyAlgorithm,
    /// The text for people, as the token has it.
    pub label: String,
}

/// A public key in the plain form of its mathematics, big-endian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PublicKey {
    /// P-256: the uncompressed point `04 ‖ x ‖ y`, 65 bytes (SEC 1, section 2.3.3).
    P256 {
        /// The point.
        point: Vec<u8>,
    },
    /// secp256k1: the uncompressed point `04 ‖ x ‖ y`, 65 bytes (SEC 1, section 2.3.3).
    Secp256k1 {
        /// The point.
        point: Vec<u8>,
    },
    /// Ed25519: 32 bytes (RFC 8032, section 5.1.5).
    Ed25519 {
        /// The encoded point.
        point: Vec<u8>,
    },
    /// RSA: modulus of 256 bytes without leading zero, exponent without leading zeros (RFC 8017, section 3.1).
    Rsa2048 {
        /// The modulus `n`.
        modulus: Vec<u8>,
        /// The public exponent `e`.
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// The algorithm this is a key of.
    pub fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::P256 { .. } => KeyAlgorithm::P256,
            Self::Secp256k1 { .. } => KeyAlgorithm::Secp256k1,
            Self::Ed25519 { .. } => KeyAlgorithm::Ed25519,
            Self::Rsa2048 { .. } => KeyAlgorithm::Rsa2048,
        }
    }
}

/// Makes, finds and removes key pairs whose private half stays inside the token.
pub trait KeyStore: Send + Sync {
    /// Makes a key pair and returns its public half. When it fails, nothing of the pair remains.
    ///
    /// # Errors
    /// `AlreadyExists` when the id is taken, `Unsupported` for an algorithm outside
    /// [`crate::Capabilities`], `Full` without room; else as the device says.
    fn generate(&self, spec: &KeySpec) -> HalResult<PublicKey>;

    /// The public half of a key.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn public_key(&self, id: &KeyId) -> HalResult<PublicKey>;

    /// Every key pair the box made on this token, ordered by id.
    ///
    /// # Errors
    /// As the device says.
    fn list(&self) -> HalResult<Vec<KeyEntry>>;

    /// Removes both halves of a key pair.
    ///
    /// # Errors
    /// `NotFound` for an unknown id, so that a caller can tell a repeated deletion.
    fn delete(&self, id: &KeyId) -> HalResult<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_id_round_trips_through_its_text() {
        let id = KeyId([0xab; 16]);
        assert_eq!(id.to_string().parse::<KeyId>().expect("own text"), id);
    }

    #[test]
    fn key_id_refuses_what_is_not_hex() {
        for text in ["", "ab", "zz000000000000000000000000000000", "é0000000000000000000000000000000"] {
            assert!(text.parse::<KeyId>().is_err(), "{text}");
        }
    }
}
