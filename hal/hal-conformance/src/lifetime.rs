//! Closing and opening again.

use hal_api::{HalErrorKind, KeySpec, SealPolicy, SignRequest, Token, TokenHealth};

use crate::{Subject, expect_kind, fresh_id, quickest, signing, verifies};

/// Every call on a closed token says that it is gone; closing again is harmless.
pub fn closed_tokens_refuse(token: &Token) {
    token.probe.close();
    token.probe.close();
    let (id, algorithm) = (fresh_id(), quickest(token));
    let gone = HalErrorKind::Removed;
    expect_kind(token.probe.info(), gone, "info");
    assert!(matches!(token.probe.health(), TokenHealth::Failing { .. }), "a closed token is not healthy");
    expect_kind(token.keys.generate(&KeySpec { id, algorithm, label: String::new() }), gone, "generate");
    expect_kind(token.keys.public_key(&id), gone, "public_key");
    expect_kind(token.keys.list(), gone, "list");
    expect_kind(token.keys.delete(&id), gone, "delete");
    let request = SignRequest { key: id, scheme: algorithm.default_scheme(), payload: vec![1; 32] };
    expect_kind(token.signer.sign(&request), gone, "sign");
    if let Some(sealer) = &token.sealer {
        expect_kind(sealer.seal(b"secret", &SealPolicy::default()), gone, "seal");
    }
    if let Some(attester) = &token.attester {
        expect_kind(attester.quote(&[1; 16], &[0]), gone, "quote");
    }
}

/// Keys, sealed secrets and the attestation key are the same after closing and opening.
pub fn keys_and_seals_survive_reopening(subject: &Subject<'_>) {
    let token = (subject.open)();
    let specs: Vec<_> = token
        .probe
        .capabilities()
        .algorithms
        .iter()
        .map(|one| KeySpec { id: fresh_id(), algorithm: one.algorithm, label: "lasting".into() })
        .collect();
    let public_keys: Vec<_> =
        specs.iter().map(|spec| token.keys.generate(spec).expect("a key is made")).collect();
    let sealed = token
        .sealer
        .as_ref()
        .map(|sealer| sealer.seal(b"lasting", &SealPolicy::default()).expect("it is sealed"));
    let attestation_key =
        token.attester.as_ref().map(|attester| attester.attestation_key().expect("the key is read"));
    token.probe.close();
    drop(token);

    let token = (subject.open)();
    let listed = token.keys.list().expect("keys are listed");
    for (spec, public_key) in specs.iter().zip(&public_keys) {
        let entry = listed.iter().find(|entry| entry.id == spec.id).expect("the key is still listed");
        assert_eq!((entry.algorithm, &entry.label), (spec.algorithm, &spec.label));
        let scheme = spec.algorithm.default_scheme();
        let signature =
            token.signer.sign(&signing::request(spec.id, scheme, b"again")).expect("the key still signs");
        assert!(verifies(public_key, scheme, b"again", &signature));
        assert_eq!(&token.keys.public_key(&spec.id).expect("its public half is read"), public_key);
        token.keys.delete(&spec.id).expect("the key is removed");
    }
    if let (Some(sealer), Some(sealed)) = (&token.sealer, &sealed) {
        assert_eq!(sealer.unseal(sealed).expect("it is unsealed").as_slice(), b"lasting");
    }
    if let (Some(attester), Some(key)) = (&token.attester, &attestation_key) {
        assert_eq!(&attester.attestation_key().expect("the key is read"), key);
    }
    token.probe.close();
}
