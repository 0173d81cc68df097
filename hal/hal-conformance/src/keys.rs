//! Making, listing and removing keys.

use hal_api::{HalErrorKind, KeyAlgorithm, KeyEntry, KeyId, KeySpec, PublicKey, SignRequest, Token};

use crate::{TestKey, expect_kind, fresh_id, quickest};

/// The token says who it is and is healthy.
pub fn info_is_filled_in(token: &Token) {
    let info = token.probe.info().expect("an open token tells about itself");
    for text in [&info.label, &info.manufacturer, &info.model, &info.firmware] {
        assert!(!text.is_empty() && text.trim() == text, "texts are filled in and trimmed: {info:?}");
    }
    assert!(!info.mechanisms.is_empty() && info.mechanisms.is_sorted(), "{:?}", info.mechanisms);
    assert_eq!(token.probe.health(), hal_api::TokenHealth::Healthy);
    for support in token.probe.capabilities().algorithms {
        assert!(support.schemes.contains(&support.algorithm.default_scheme()), "{support:?}");
    }
}

/// A key of every algorithm in the capabilities, with a public half in its plain form.
pub fn every_algorithm_offered_makes_keys(token: &Token) {
    for support in token.probe.capabilities().algorithms {
        let key = TestKey::new(token, support.algorithm);
        assert_eq!(key.public_key.algorithm(), support.algorithm);
        match &key.public_key {
            PublicKey::P256 { point } | PublicKey::Secp256k1 { point } => {
                assert!(point.len() == 65 && point[0] == 4, "{point:?}");
            }
            PublicKey::Ed25519 { point } => assert_eq!(point.len(), 32),
            PublicKey::Rsa2048 { modulus, exponent } => {
                assert!(modulus.len() == 256 && modulus[0] & 0x80 != 0, "{modulus:?}");
                assert_eq!(exponent, &[1, 0, 1]);
            }
        }
        let again = token.keys.public_key(&key.id).expect("a key just made is found");
        assert_eq!(again, key.public_key, "the same public key each time");
    }
}

/// What is not in the capabilities is refused as such and leaves nothing.
pub fn algorithms_not_offered_are_unsupported(token: &Token) {
    let capabilities = token.probe.capabilities();
    for algorithm in KeyAlgorithm::ALL.into_iter().filter(|one| !capabilities.has_algorithm(*one)) {
        let spec = KeySpec { id: fresh_id(), algorithm, label: "no".into() };
        expect_kind(token.keys.generate(&spec), HalErrorKind::Unsupported, algorithm.name());
        expect_kind(token.keys.public_key(&spec.id), HalErrorKind::NotFound, "after a refusal");
    }
}

/// The second key of an id is refused and the first one stays.
pub fn an_id_is_given_once(token: &Token) {
    let key = TestKey::new(token, quickest(token));
    let spec = KeySpec { id: key.id, algorithm: quickest(token), label: "second".into() };
    expect_kind(token.keys.generate(&spec), HalErrorKind::AlreadyExists, "a second key of one id");
    let kept = token.keys.public_key(&key.id).expect("the first key stays");
    assert_eq!(kept, key.public_key);
}

/// Every call with an id that was never given.
pub fn unknown_ids_are_not_found(token: &Token) {
    let id = fresh_id();
    expect_kind(token.keys.public_key(&id), HalErrorKind::NotFound, "public_key of an unknown id");
    expect_kind(token.keys.delete(&id), HalErrorKind::NotFound, "delete of an unknown id");
    let scheme = quickest(token).default_scheme();
    let request = SignRequest { key: id, scheme, payload: vec![1; 32] };
    expect_kind(token.signer.sign(&request), HalErrorKind::NotFound, "sign with an unknown id");
}

/// Labels are UTF-8 up to 128 bytes, as they were given.
pub fn labels_keep_their_text_and_bound(token: &Token) {
    let algorithm = quickest(token);
    for label in ["", "Ключ 🔑 \"quoted\" \\ / % ", &"x".repeat(128)] {
        let spec = KeySpec { id: fresh_id(), algorithm, label: label.into() };
        token.keys.generate(&spec).expect("a label of allowed length");
        let entry = entry(token, &spec.id).expect("the key is listed");
        token.keys.delete(&spec.id).expect("a key just made is removed");
        assert_eq!(entry, KeyEntry { id: spec.id, algorithm, label: label.into() });
    }
    let spec = KeySpec { id: fresh_id(), algorithm, label: "x".repeat(129) };
    expect_kind(token.keys.generate(&spec), HalErrorKind::InvalidInput, "a label of 129 bytes");
}

/// Listings hold every key, ordered by id.
pub fn listing_is_ordered_and_complete(token: &Token) {
    let keys: Vec<_> = (0..5).map(|_| TestKey::new(token, quickest(token))).collect();
    let listed = token.keys.list().expect("keys are listed");
    assert!(listed.is_sorted_by_key(|entry| entry.id), "{listed:?}");
    for key in &keys {
        assert_eq!(listed.iter().filter(|entry| entry.id == key.id).count(), 1, "{listed:?}");
    }
}

/// After its deletion a key is nowhere, and its id can be given again.
pub fn a_deleted_key_is_gone(token: &Token) {
    let key = TestKey::new(token, quickest(token));
    let scheme = quickest(token).default_scheme();
    let request = SignRequest { key: key.id, scheme, payload: vec![1; 32] };
    token.signer.sign(&request).expect("the key signs before it is removed");
    token.keys.delete(&key.id).expect("a key just made is removed");
    expect_kind(token.signer.sign(&request), HalErrorKind::NotFound, "sign with a removed key");
    expect_kind(token.keys.public_key(&key.id), HalErrorKind::NotFound, "public half of a removed key");
    expect_kind(token.keys.delete(&key.id), HalErrorKind::NotFound, "a second deletion");
    assert!(entry(token, &key.id).is_none(), "a removed key is not listed");
    let spec = KeySpec { id: key.id, algorithm: quickest(token), label: String::new() };
    let second = token.keys.generate(&spec).expect("the id is free again");
    assert_ne!(second, key.public_key, "a new key, not the old one");
}

fn entry(token: &Token, id: &KeyId) -> Option<KeyEntry> {
    token.keys.list().expect("keys are listed").into_iter().find(|entry| entry.id == *id)
}
