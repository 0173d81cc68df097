//! Verifying signatures, in this process and from the public key alone.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_ASN1, ECDSA_P256K1_SHA256_FIXED,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, VerificationAlgorithm,
};
use hal_api::{PublicKey, SignatureScheme};

use super::signing::{digest_of, encoding_of, wants_message};
use super::{KeyError, KeyResult, KeyService, SignInput, SignatureEncoding, VerifyCommand, spki_der};

impl KeyService {
    /// Whether a signature is one of this key over this message or digest. The token is not asked. A
    /// malformed signature is simply not valid; a high-S signature on secp256k1 is valid ECDSA.
    ///
    /// # Errors
    /// `NotFound`; `Unsupported` for a scheme, encoding or digest that does not fit the key.
    pub fn verify(&self, command: VerifyCommand) -> KeyResult<bool> {
        let key = self.find(&command.key)?;
        let scheme = command.scheme.unwrap_or_else(|| key.algorithm.default_scheme());
        let encoding = encoding_of(scheme, command.encoding)?;
        let Some(algorithm) = algorithm_of(&key.public_key, scheme, encoding) else {
            return Err(KeyError::Unsupported {
                field: "scheme",
                reason: format!("is {}, which is not one for {} keys", scheme.name(), key.algorithm.name()),
            });
        };
        if matches!(command.input, SignInput::Digest(_)) && !scheme.signs_digest() {
            return Err(wants_message());
        }
        Ok(is_valid(algorithm, &key.public_key, scheme, &command.input, &command.signature))
    }
}

/// The verifier for this key, scheme and encoding, if they fit together.
fn algorithm_of(
    key: &PublicKey,
    scheme: SignatureScheme,
    encoding: Option<SignatureEncoding>,
) -> Option<&'static dyn VerificationAlgorithm> {
    use SignatureEncoding::Raw;
    use SignatureScheme::{EcdsaSha256, Ed25519, RsaPkcs1Sha256, RsaPssSha256};
    Some(match (key, scheme, encoding) {
        (PublicKey::P256 { .. }, EcdsaSha256, Some(Raw)) => &ECDSA_P256_SHA256_FIXED,
        (PublicKey::P256 { .. }, EcdsaSha256, _) => &ECDSA_P256_SHA256_ASN1,
        (PublicKey::Secp256k1 { .. }, EcdsaSha256, Some(Raw)) => &ECDSA_P256K1_SHA256_FIXED,
        (PublicKey::Secp256k1 { .. }, EcdsaSha256, _) => &ECDSA_P256K1_SHA256_ASN1,
        (PublicKey::Ed25519 { .. }, Ed25519, _) => &ED25519,
        (PublicKey::Rsa2048 { .. }, RsaPkcs1Sha256, _) => &RSA_PKCS1_2048_8192_SHA256,
        (PublicKey::Rsa2048 { .. }, RsaPssSha256, _) => &RSA_PSS_2048_8192_SHA256,
        _ => return None,
    })
}

fn is_valid(
    algorithm: &dyn VerificationAlgorithm,
    key: &PublicKey,
    scheme: SignatureScheme,
    input: &SignInput,
    signature: &[u8],
) -> bool {
    let spki;
    let key = match key {
        PublicKey::P256 { point } | PublicKey::Secp256k1 { point } | PublicKey::Ed25519 { point } => point,
        PublicKey::Rsa2048 { .. } => {
            spki = spki_der(key);
            &spki
        }
    };
    match input {
        SignInput::Message(message) if !scheme.signs_digest() => {
            algorithm.verify_sig(key, message, signature).is_ok()
        }
        _ => Digest::import_less_safe(&digest_of(input), &SHA256)
            .and_then(|digest| algorithm.verify_digest_sig(key, &digest, signature))
            .is_ok(),
    }
}
