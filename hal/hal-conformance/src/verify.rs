//! Verification that owes nothing to the token.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use hal_api::{PublicKey, SignatureScheme};

/// Whether a signature in the port's plain form is right for a message (not its digest).
pub fn verifies(key: &PublicKey, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> bool {
    let with = |algorithm: &'static dyn VerificationAlgorithm, point: &[u8]| {
        UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
    };
    match (key, scheme) {
        (PublicKey::P256 { point }, SignatureScheme::EcdsaSha256) => with(&ECDSA_P256_SHA256_FIXED, point),
        (PublicKey::Secp256k1 { point }, SignatureScheme::EcdsaSha256) => {
            with(&ECDSA_P256K1_SHA256_FIXED, point)
        }
        (PublicKey::Ed25519 { point }, SignatureScheme::Ed25519) => with(&ED25519, point),
        (PublicKey::Rsa2048 { modulus, exponent }, scheme) => {
            let key = RsaPublicKeyComponents { n: modulus, e: exponent };
            let parameters = match scheme {
                SignatureScheme::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
                SignatureScheme::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
                _ => return false,
            };
            key.verify(parameters, message, signature).is_ok()
        }
        _ => false,
    }
}
