//! Key algorithms and signature schemes the box knows.

use serde::{Deserialize, Serialize};

/// A kind of key pair. The serialised name is what the REST API and the database use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// NIST P-256, also secp256r1 (FIPS 186-5).
    #[serde(rename = "p256")]
    P256,
    /// The curve of Bitcoin (SEC 2 v2, section 2.4.1).
    #[serde(rename = "secp256k1")]
    Secp256k1,
    /// Ed25519 (RFC 8032).
    #[serde(rename = "ed25519")]
    Ed25519,
    /// RSA with a modulus of 2048 bits and the public exponent 65537 (RFC 8017).
    #[serde(rename = "rsa2048")]
    Rsa2048,
}

impl KeyAlgorithm {
    /// Every algorithm, in the order in which people are shown them.
    pub const ALL: [Self; 4] = [Self::P256, Self::Secp256k1, Self::Ed25519, Self::Rsa2048];

    /// The serialised name, as in the REST API.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa2048",
        }
    }

    /// The scheme used when the caller names none.
    pub fn default_scheme(self) -> SignatureScheme {
        match self {
            Self::P256 | Self::Secp256k1 => SignatureScheme::EcdsaSha256,
            Self::Ed25519 => SignatureScheme::Ed25519,
            Self::Rsa2048 => SignatureScheme::RsaPkcs1Sha256,
        }
    }
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SignatureScheme {
    /// ECDSA over a SHA-256 digest, on P-256 or secp256k1.
    #[serde(rename = "ecdsa_sha256")]
    EcdsaSha256,
    /// Pure Ed25519 over the message itself (RFC 8032, section 5.1.6).
    #[serde(rename = "ed25519")]
    Ed25519,
    /// RSASSA-PKCS1-v1_5 over a SHA-256 digest (RFC 8017, section 8.2).
    #[serde(rename = "rsa_pkcs1_sha256")]
    RsaPkcs1Sha256,
    /// RSASSA-PSS, SHA-256, MGF1 with SHA-256, salt of 32 bytes (RFC 8017, section 8.1).
    #[serde(rename = "rsa_pss_sha256")]
    RsaPssSha256,
}

impl SignatureScheme {
    /// The serialised name, as in the REST API.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaSha256 => "ecdsa_sha256",
            Self::Ed25519 => "ed25519",
            Self::RsaPkcs1Sha256 => "rsa_pkcs1_sha256",
            Self::RsaPssSha256 => "rsa_pss_sha256",
        }
    }

    /// Whether a signer is handed the 32-byte SHA-256 digest (true) or the message itself (false).
    pub fn signs_digest(self) -> bool {
        self != Self::Ed25519
    }
}
