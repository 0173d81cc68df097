//! Which mechanisms stand for which algorithm and scheme, and what is handed to them.

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use hal_api::{AlgorithmSupport, Capabilities, KeyAlgorithm, SignatureScheme};

/// `DigestInfo` of a SHA-256 digest without the digest (RFC 8017, section 9.2, note 1).
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// Length of a SHA-256 digest and of the PSS salt, in bytes.
pub(crate) const DIGEST_LEN: usize = 32;

/// The mechanism that signs with a scheme.
pub(crate) fn signing(scheme: SignatureScheme) -> Mechanism<'static> {
    match scheme {
        SignatureScheme::EcdsaSha256 => Mechanism::Ecdsa,
        SignatureScheme::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)),
        SignatureScheme::RsaPkcs1Sha256 => Mechanism::RsaPkcs,
        SignatureScheme::RsaPssSha256 => Mechanism::RsaPkcsPss(PkcsPssParams {
            hash_alg: MechanismType::SHA256,
            mgf: PkcsMgfType::MGF1_SHA256,
            s_len: 32.into(),
        }),
    }
}

/// What the mechanism is handed for a payload: `CKM_RSA_PKCS` pads and does not know the hash.
pub(crate) fn input(scheme: SignatureScheme, payload: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    match scheme {
        SignatureScheme::RsaPkcs1Sha256 => [&SHA256_DIGEST_INFO, payload].concat().into(),
        _ => payload.into(),
    }
}

/// What a token with these mechanisms can do. `has_secp256k1`: whether it made a key on that curve;
/// mechanism lists do not name curves.
pub(crate) fn capabilities(mechanisms: &[MechanismType], has_secp256k1: bool) -> Capabilities {
    let has = |all: &[MechanismType]| all.iter().all(|one| mechanisms.contains(one));
    let mut algorithms = Vec::new();
    let mut add = |algorithm, schemes: Vec<SignatureScheme>| {
        if !schemes.is_empty() {
            algorithms.push(AlgorithmSupport { algorithm, schemes });
        }
    };
    if has(&[MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA]) {
        add(KeyAlgorithm::P256, vec![SignatureScheme::EcdsaSha256]);
        if has_secp256k1 {
            add(KeyAlgorithm::Secp256k1, vec![SignatureScheme::EcdsaSha256]);
        }
    }
    if has(&[MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, MechanismType::EDDSA]) {
        add(KeyAlgorithm::Ed25519, vec![SignatureScheme::Ed25519]);
    }
    if has(&[MechanismType::RSA_PKCS_KEY_PAIR_GEN]) {
        let schemes = [
            (MechanismType::RSA_PKCS, SignatureScheme::RsaPkcs1Sha256),
            (MechanismType::RSA_PKCS_PSS, SignatureScheme::RsaPssSha256),
        ];
        add(
            KeyAlgorithm::Rsa2048,
            schemes
                .into_iter()
                .filter(|(mechanism, _)| has(&[*mechanism]))
                .map(|(_, scheme)| scheme)
                .collect(),
        );
    }
    Capabilities { algorithms, seals_to_pcrs: false }
}

/// Whether the token can keep an AES key and use it for sealing.
pub(crate) fn can_seal(mechanisms: &[MechanismType]) -> bool {
    mechanisms.contains(&MechanismType::AES_KEY_GEN) && mechanisms.contains(&MechanismType::AES_GCM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pkcs1_gets_the_digest_info_and_others_the_payload_alone() {
        let digest = [7; DIGEST_LEN];
        let prefixed = input(SignatureScheme::RsaPkcs1Sha256, &digest);
        assert_eq!(prefixed.len(), 51);
        assert!(prefixed.ends_with(&digest));
        assert_eq!(&*input(SignatureScheme::EcdsaSha256, &digest), &digest);
    }

    #[test]
    fn capabilities_follow_the_mechanism_list() {
        let card = [MechanismType::RSA_PKCS_KEY_PAIR_GEN, MechanismType::RSA_PKCS];
        let capabilities = capabilities(&card, false);
        assert!(capabilities.has_scheme(KeyAlgorithm::Rsa2048, SignatureScheme::RsaPkcs1Sha256));
        assert!(!capabilities.has_scheme(KeyAlgorithm::Rsa2048, SignatureScheme::RsaPssSha256));
        assert!(!capabilities.has_algorithm(KeyAlgorithm::P256));
        assert!(!can_seal(&card));
    }

    #[test]
    fn a_key_pair_mechanism_without_a_signing_one_offers_nothing() {
        assert!(capabilities(&[MechanismType::RSA_PKCS_KEY_PAIR_GEN], true).algorithms.is_empty());
    }
}
