//! Key pairs in memory.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use hal_api::{KeyAlgorithm, PublicKey, SignatureScheme};

/// One key pair.
pub(crate) enum SimKey {
    P256(EcdsaKeyPair),
    Secp256k1(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa2048(RsaKeyPair),
}

impl SimKey {
    pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<Self, Unspecified> {
        Ok(match algorithm {
            KeyAlgorithm::P256 => Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            KeyAlgorithm::Secp256k1 => {
                Self::Secp256k1(EcdsaKeyPair::generate(&ECDSA_P256K1_SHA256_FIXED_SIGNING)?)
            }
            KeyAlgorithm::Ed25519 => Self::Ed25519(Ed25519KeyPair::generate()?),
            KeyAlgorithm::Rsa2048 => Self::Rsa2048(RsaKeyPair::generate(KeySize::Rsa2048)?),
        })
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        match self {
            Self::P256(pair) => PublicKey::P256 { point: pair.public_key().as_ref().to_vec() },
            Self::Secp256k1(pair) => PublicKey::Secp256k1 { point: pair.public_key().as_ref().to_vec() },
            Self::Ed25519(pair) => PublicKey::Ed25519 { point: pair.public_key().as_ref().to_vec() },
            Self::Rsa2048(pair) => {
                // RSAPublicKey in DER (RFC 8017, appendix A.1.1): for 2048 bits and the exponent 65537
                // the modulus always lies at 9..265 and the exponent in the last three bytes.
                let der = pair.public_key().as_ref();
                PublicKey::Rsa2048 { modulus: der[9..265].to_vec(), exponent: der[der.len() - 3..].to_vec() }
            }
        }
    }

    /// `payload` as [`hal_api::SignRequest`] has it, its size checked; the scheme fits the key.
    pub(crate) fn sign(&self, scheme: SignatureScheme, payload: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let digest = || Digest::import_less_safe(payload, &SHA256);
        match self {
            Self::P256(pair) | Self::Secp256k1(pair) => Ok(pair.sign_digest(&digest()?)?.as_ref().to_vec()),
            Self::Ed25519(pair) => Ok(pair.sign(payload).as_ref().to_vec()),
            Self::Rsa2048(pair) => {
                let padding = match scheme {
                    SignatureScheme::RsaPssSha256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(padding, &digest()?, &mut signature)?;
                Ok(signature)
            }
        }
    }
}
