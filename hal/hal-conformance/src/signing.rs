//! Signatures: right, refused, and many at once.

use aws_lc_rs::digest::{SHA256, digest};
use hal_api::{HalErrorKind, KeyId, SignRequest, SignatureScheme, Token};

use crate::{TestKey, chain, expect_kind, quickest, verifies};

const SCHEMES: [SignatureScheme; 4] = [
    SignatureScheme::EcdsaSha256,
    SignatureScheme::Ed25519,
    SignatureScheme::RsaPkcs1Sha256,
    SignatureScheme::RsaPssSha256,
];

/// A request to sign a message, whose digest is taken here where the scheme wants one.
pub fn request(key: KeyId, scheme: SignatureScheme, message: &[u8]) -> SignRequest {
    let payload =
        if scheme.signs_digest() { digest(&SHA256, message).as_ref().to_vec() } else { message.to_vec() };
    SignRequest { key, scheme, payload }
}

/// Every scheme of every algorithm offered gives signatures that verify, and only for their message.
pub fn every_scheme_verifies(token: &Token) {
    for support in token.probe.capabilities().algorithms {
        let key = TestKey::new(token, support.algorithm);
        for scheme in support.schemes {
            // Several, because a number with leading zeros comes only now and then.
            for round in 0..8_u8 {
                let message = [b"message ", &[round][..]].concat();
                let signature = token
                    .signer
                    .sign(&request(key.id, scheme, &message))
                    .unwrap_or_else(|error| panic!("{}: {}", scheme.name(), chain(&error)));
                assert!(verifies(&key.public_key, scheme, &message, &signature), "{}", scheme.name());
                assert!(!verifies(&key.public_key, scheme, b"other", &signature), "{}", scheme.name());
            }
        }
        if support.algorithm.default_scheme() == SignatureScheme::Ed25519 {
            let long = vec![7; 10_000];
            let signature =
                token.signer.sign(&request(key.id, SignatureScheme::Ed25519, &long)).expect("a long message");
            assert!(verifies(&key.public_key, SignatureScheme::Ed25519, &long, &signature));
        }
    }
}

/// Schemes over a digest want exactly 32 bytes.
pub fn digests_of_other_sizes_are_refused(token: &Token) {
    let capabilities = token.probe.capabilities();
    for support in
        capabilities.algorithms.into_iter().filter(|one| one.algorithm.default_scheme().signs_digest())
    {
        let key = TestKey::new(token, support.algorithm);
        for scheme in support.schemes {
            for size in [0, 31, 33, 64] {
                let request = SignRequest { key: key.id, scheme, payload: vec![1; size] };
                expect_kind(token.signer.sign(&request), HalErrorKind::InvalidInput, scheme.name());
            }
        }
    }
}

/// A key signs with its own schemes only.
pub fn schemes_of_other_keys_are_unsupported(token: &Token) {
    for support in token.probe.capabilities().algorithms {
        let key = TestKey::new(token, support.algorithm);
        for scheme in SCHEMES.into_iter().filter(|scheme| !support.schemes.contains(scheme)) {
            let what = format!("{} with a {} key", scheme.name(), support.algorithm.name());
            let request = SignRequest { key: key.id, scheme, payload: vec![1; 32] };
            expect_kind(token.signer.sign(&request), HalErrorKind::Unsupported, &what);
        }
    }
}

/// Eight threads, two keys of the quickest algorithm and one of each other: all signatures are right.
pub fn eight_threads_sign_at_once(token: &Token) {
    let capabilities = token.probe.capabilities();
    let mut keys: Vec<_> =
        capabilities.algorithms.iter().map(|support| TestKey::new(token, support.algorithm)).collect();
    keys.push(TestKey::new(token, quickest(token)));
    let keys = &keys;
    std::thread::scope(|scope| {
        for thread in 0..8_usize {
            scope.spawn(move || {
                for round in 0..12 {
                    let key = &keys[(thread + round) % keys.len()];
                    let scheme = key.public_key.algorithm().default_scheme();
                    let message = format!("{thread} {round}");
                    let signature = token
                        .signer
                        .sign(&request(key.id, scheme, message.as_bytes()))
                        .unwrap_or_else(|error| panic!("thread {thread}: {}", chain(&error)));
                    assert!(verifies(&key.public_key, scheme, message.as_bytes(), &signature), "{message}");
                }
            });
        }
    });
}
