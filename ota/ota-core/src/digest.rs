//! SHA-256 digests, and the root hash, which is one.
//!
//! No hashing here: whoever reads the bytes computes the digest and hands it in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// A SHA-256 digest (FIPS 180-4), written as 64 small hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(pub [u8; 32]);

/// A text is not 64 small hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not 64 small hexadecimal digits")]
pub struct BadDigest;

impl FromStr for Sha256 {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let mut bytes = [0; 32];
        // Capital digits would give one digest two spellings.
        if text.bytes().any(|letter| letter.is_ascii_uppercase()) {
            return Err(BadDigest);
        }
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadDigest)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = BadDigest;

    fn try_from(text: String) -> Result<Self, BadDigest> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The root hash of a root's dm-verity tree: it names the root, and its halves are the partition UUIDs of
/// root and verity (Discoverable Partitions Specification, UAPI.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RootHash(pub Sha256);

impl RootHash {
    /// The UUID of the root's partition: the first half.
    pub fn root_uuid(&self) -> Uuid {
        self.half(0)
    }

    /// The UUID of the verity partition: the second half.
    pub fn verity_uuid(&self) -> Uuid {
        self.half(16)
    }

    fn half(&self, from: usize) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0.0[from..from + 16]);
        Uuid::from_bytes(bytes)
    }
}

impl FromStr for RootHash {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        text.parse().map(Self)
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_of_a_root_hash_are_the_partition_uuids() {
        let hash: RootHash =
            "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef".parse().unwrap();
        assert_eq!(hash.root_uuid().to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(hash.verity_uuid().to_string(), "01234567-89ab-cdef-0123-456789abcdef");
    }

    #[test]
    fn a_digest_has_one_spelling() {
        let text = "a".repeat(64);
        assert_eq!(text.parse::<Sha256>().unwrap().to_string(), text);
        for bad in ["A".repeat(64), "a".repeat(63), "a".repeat(66), "g".repeat(64), String::new()] {
            assert!(bad.parse::<Sha256>().is_err(), "{bad}");
        }
    }
}
