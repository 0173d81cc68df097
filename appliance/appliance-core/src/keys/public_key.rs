//! Public keys as others read them: SubjectPublicKeyInfo and JSON Web Key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hal_api::{KeyId, PublicKey};
use serde_json::{Value, json};

use super::encoding::{bit_string, element, pem, sequence, unsigned_integer};

/// id-ecPublicKey 1.2.840.10045.2.1 (RFC 5480, section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1 1.2.840.10045.3.1.7 (RFC 5480, section 2.1.1.1).
const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp256k1 1.3.132.0.10 (SEC 2 v2, appendix A.2.1).
const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];
/// id-Ed25519 1.3.101.112 (RFC 8410, section 3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// rsaEncryption 1.2.840.113549.1.1.1 (RFC 3279, section 2.3.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const NULL: &[u8] = &[0x05, 0x00];

fn oid(bytes: &[u8]) -> Vec<u8> {
    element(0x06, bytes)
}

/// SubjectPublicKeyInfo in DER (RFC 5280, section 4.1.2.7).
pub fn spki_der(key: &PublicKey) -> Vec<u8> {
    let (algorithm, bits) = match key {
        PublicKey::P256 { point } => (sequence(&[oid(EC_PUBLIC_KEY), oid(SECP256R1)]), point.clone()),
        PublicKey::Secp256k1 { point } => (sequence(&[oid(EC_PUBLIC_KEY), oid(SECP256K1)]), point.clone()),
        PublicKey::Ed25519 { point } => (sequence(&[oid(ED25519)]), point.clone()),
        PublicKey::Rsa2048 { modulus, exponent } => (
            sequence(&[oid(RSA_ENCRYPTION), NULL.to_vec()]),
            sequence(&[unsigned_integer(modulus), unsigned_integer(exponent)]),
        ),
    };
    sequence(&[algorithm, bit_string(&bits)])
}

/// SubjectPublicKeyInfo as PEM, label `PUBLIC KEY` (RFC 7468, section 13).
pub fn spki_pem(key: &PublicKey) -> String {
    pem("PUBLIC KEY", &spki_der(key))
}

/// A JSON Web Key (RFC 7517; RFC 7518 for P-256 and RSA, RFC 8812 for secp256k1, RFC 8037 for Ed25519),
/// its `kid` the key's id.
pub fn jwk(key: &PublicKey, id: &KeyId) -> Value {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let half = |point: &[u8], from: usize| text(point.get(from..from + 32).unwrap_or_default());
    let kid = id.to_string();
    match key {
        PublicKey::P256 { point } => {
            json!({"kty": "EC", "crv": "P-256", "x": half(point, 1), "y": half(point, 33), "kid": kid})
        }
        PublicKey::Secp256k1 { point } => {
            json!({"kty": "EC", "crv": "secp256k1", "x": half(point, 1), "y": half(point, 33), "kid": kid})
        }
        PublicKey::Ed25519 { point } => json!({"kty": "OKP", "crv": "Ed25519", "x": text(point), "kid": kid}),
        PublicKey::Rsa2048 { modulus, exponent } => {
            json!({"kty": "RSA", "n": text(modulus), "e": text(exponent), "kid": kid})
        }
    }
}

/// Whether a token gave a key of the form that [`PublicKey`] promises.
pub(super) fn is_well_formed(key: &PublicKey) -> bool {
    match key {
        PublicKey::P256 { point } | PublicKey::Secp256k1 { point } => point.len() == 65 && point[0] == 4,
        PublicKey::Ed25519 { point } => point.len() == 32,
        PublicKey::Rsa2048 { modulus, exponent } => {
            modulus.len() == 256 && modulus[0] >= 0x80 && exponent.first().is_some_and(|first| *first != 0)
        }
    }
}

#[cfg(test)]
mod tests;
