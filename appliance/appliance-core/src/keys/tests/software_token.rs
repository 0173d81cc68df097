//! A token made of software: keys of aws-lc-rs, and a failure on demand.

use std::sync::Arc;

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use hal_api::{
    AlgorithmSupport, Capabilities, HalError, HalErrorKind, HalResult, KeyAlgorithm, KeyEntry, KeyId,
    KeySpec, KeyStore, PinTries, PublicKey, SignRequest, SignatureScheme, Signer, Token, TokenHealth,
    TokenInfo, TokenKind, TokenProbe,
};

use crate::doubles::{Kept, lock};

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// Clones are the same token.
#[derive(Clone, Default)]
pub(super) struct SoftwareToken {
    pairs: Kept<KeyId, Arc<Pair>>,
    failure: Kept<(), HalErrorKind>,
    only: Kept<(), KeyAlgorithm>,
}

impl SoftwareToken {
    pub(super) fn port(&self, name: &str) -> Token {
        Token {
            name: name.into(),
            probe: Arc::new(self.clone()),
            keys: Arc::new(self.clone()),
            signer: Arc::new(self.clone()),
            sealer: None,
            attester: None,
        }
    }

    /// Every call fails so from now on, or none does.
    pub(super) fn fail(&self, kind: Option<HalErrorKind>) {
        match kind {
            Some(kind) => drop(lock(&self.failure).insert((), kind)),
            None => drop(lock(&self.failure).remove(&())),
        }
    }

    /// Makes keys of this algorithm only.
    pub(super) fn only(&self, algorithm: KeyAlgorithm) {
        lock(&self.only).insert((), algorithm);
    }

    pub(super) fn ids(&self) -> Vec<KeyId> {
        lock(&self.pairs).keys().copied().collect()
    }

    pub(super) fn generate(&self, id: KeyId, algorithm: KeyAlgorithm) {
        KeyStore::generate(self, &KeySpec { id, algorithm, label: String::new() }).unwrap();
    }

    fn check(&self) -> HalResult<()> {
        lock(&self.failure).get(&()).map_or(Ok(()), |kind| Err(HalError::new(*kind, "fail in this test")))
    }

    fn pair(&self, id: &KeyId) -> HalResult<Arc<Pair>> {
        let pairs = lock(&self.pairs);
        pairs.get(id).cloned().ok_or_else(|| HalError::new(HalErrorKind::NotFound, "find a key"))
    }
}

impl TokenProbe for SoftwareToken {
    fn info(&self) -> HalResult<TokenInfo> {
        self.check()?;
        Ok(TokenInfo {
            kind: TokenKind::Simulator,
            label: "soft".into(),
            manufacturer: "test".into(),
            model: "software".into(),
            serial: String::new(),
            firmware: "1.0".into(),
            mechanisms: vec![],
            pin_tries: PinTries::Untold,
        })
    }

    fn capabilities(&self) -> Capabilities {
        let only = lock(&self.only).get(&()).copied();
        let schemes = |algorithm: KeyAlgorithm| match algorithm {
            // The default is not first: the service has to put it there.
            KeyAlgorithm::Rsa2048 => vec![SignatureScheme::RsaPssSha256, SignatureScheme::RsaPkcs1Sha256],
            other => vec![other.default_scheme()],
        };
        let algorithms = KeyAlgorithm::ALL
            .into_iter()
            .filter(|algorithm| only.is_none_or(|only| only == *algorithm))
            .map(|algorithm| AlgorithmSupport { algorithm, schemes: schemes(algorithm) })
            .collect();
        Capabilities { algorithms, seals_to_pcrs: false }
    }

    fn health(&self) -> TokenHealth {
        match self.check() {
            Ok(()) => TokenHealth::Healthy,
            Err(error) => TokenHealth::Failing { kind: error.kind, reason: error.to_string() },
        }
    }

    fn close(&self) {}
}

impl KeyStore for SoftwareToken {
    fn generate(&self, spec: &KeySpec) -> HalResult<PublicKey> {
        self.check()?;
        let (pair, public) = match spec.algorithm {
            KeyAlgorithm::P256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let point = pair.public_key().as_ref().to_vec();
                (Pair::Ecdsa(pair), PublicKey::P256 { point })
            }
            KeyAlgorithm::Secp256k1 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256K1_SHA256_FIXED_SIGNING).unwrap();
                let point = pair.public_key().as_ref().to_vec();
                (Pair::Ecdsa(pair), PublicKey::Secp256k1 { point })
            }
            KeyAlgorithm::Ed25519 => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let point = pair.public_key().as_ref().to_vec();
                (Pair::Ed25519(pair), PublicKey::Ed25519 { point })
            }
            KeyAlgorithm::Rsa2048 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                // RSAPublicKey (RFC 8017, appendix A.1.1): 30 82 010a, 02 82 0101 00, modulus, 02 03 010001.
                let der = pair.public_key().as_ref().to_vec();
                let public =
                    PublicKey::Rsa2048 { modulus: der[9..265].to_vec(), exponent: der[267..].to_vec() };
                (Pair::Rsa(pair), public)
            }
        };
        lock(&self.pairs).insert(spec.id, Arc::new(pair));
        Ok(public)
    }

    fn public_key(&self, _: &KeyId) -> HalResult<PublicKey> {
        Err(HalError::new(HalErrorKind::Unsupported, "read a public key in this test"))
    }

    fn list(&self) -> HalResult<Vec<KeyEntry>> {
        Ok(vec![])
    }

    fn delete(&self, id: &KeyId) -> HalResult<()> {
        self.check()?;
        let gone = lock(&self.pairs).remove(id);
        gone.map(drop).ok_or_else(|| HalError::new(HalErrorKind::NotFound, "delete a key"))
    }
}

impl Signer for SoftwareToken {
    fn sign(&self, request: &SignRequest) -> HalResult<Vec<u8>> {
        self.check()?;
        let digest = || Digest::import_less_safe(&request.payload, &SHA256).unwrap();
        Ok(match &*self.pair(&request.key)? {
            Pair::Ecdsa(pair) => pair.sign_digest(&digest()).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(&request.payload).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match request.scheme {
                    SignatureScheme::RsaPssSha256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(padding, &digest(), &mut signature).unwrap();
                signature
            }
        })
    }
}
