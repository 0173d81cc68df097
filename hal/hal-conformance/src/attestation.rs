//! Attestation: statements that hold what was asked, signed by one lasting key.

use aws_lc_rs::digest::{SHA256, digest};
use hal_api::{Attestation, Attester, HalErrorKind, Token};

use crate::quote::{About, Statement, parse};
use crate::{TestKey, expect_kind, fresh_id, verifies};

fn checked(attestation: &Attestation, attester: &dyn Attester, nonce: &[u8]) -> Statement {
    let key = attester.attestation_key().expect("the attestation key is read");
    assert_eq!(attestation.attestation_key, key);
    assert!(
        verifies(&key, attestation.scheme, &attestation.statement, &attestation.signature),
        "the statement is signed by the attestation key"
    );
    let statement = parse(&attestation.statement).expect("the statement is a TPMS_ATTEST");
    assert_eq!(statement.nonce, nonce, "the statement holds the nonce");
    statement
}

/// The attestation key is the same each time.
pub fn the_key_stays_the_same(attester: &dyn Attester) {
    let keys = [(); 2].map(|()| attester.attestation_key().expect("the attestation key is read"));
    assert_eq!(keys[0], keys[1]);
}

/// A quote names the registers asked for, and its digest is that of the values beside it.
pub fn quotes_hold_nonce_and_registers(attester: &dyn Attester) {
    for (nonce, asked) in
        [(vec![1; 8], vec![7_u8, 0, 7]), (vec![2; 32], (0..24).collect()), (vec![3; 20], vec![])]
    {
        let attestation = attester.quote(&nonce, &asked).expect("registers are quoted");
        let mut expected = asked.clone();
        expected.sort_unstable();
        expected.dedup();
        let indices: Vec<_> = attestation.pcrs.iter().map(|value| value.index).collect();
        assert_eq!(indices, expected);
        let About::Quote { pcrs, digest: over } = checked(&attestation, attester, &nonce).about else {
            panic!("a quote is about registers");
        };
        assert_eq!(pcrs, expected);
        let values: Vec<u8> =
            attestation.pcrs.iter().flat_map(|value| value.digest.iter().copied()).collect();
        assert_eq!(values.len(), 32 * expected.len());
        assert_eq!(over, digest(&SHA256, &values).as_ref(), "the quoted digest is that of the values");
    }
}

/// Nonces of 8 to 32 bytes, registers to 23.
pub fn bad_nonces_and_registers_are_refused(attester: &dyn Attester) {
    for size in [0, 7, 33] {
        expect_kind(
            attester.quote(&vec![1; size], &[0]),
            HalErrorKind::InvalidInput,
            &format!("nonce of {size}"),
        );
        expect_kind(
            attester.certify(&fresh_id(), &vec![1; size]),
            HalErrorKind::InvalidInput,
            "certify's nonce",
        );
    }
    expect_kind(attester.quote(&[1; 16], &[24]), HalErrorKind::InvalidInput, "register 24");
}

/// A statement about each kind of key, and none about keys that are not there.
pub fn keys_are_certified(token: &Token, attester: &dyn Attester) {
    for support in token.probe.capabilities().algorithms {
        let key = TestKey::new(token, support.algorithm);
        let other = TestKey::new(token, support.algorithm);
        let names = [&key, &other].map(|key| {
            let attestation = attester.certify(&key.id, &[9; 16]).expect("a key is certified");
            assert!(attestation.pcrs.is_empty());
            match checked(&attestation, attester, &[9; 16]).about {
                About::Certify { name } => name,
                About::Quote { .. } => panic!("a certificate is about a key"),
            }
        });
        assert_eq!(names[0].len(), 34, "a name is an algorithm and a SHA-256 digest");
        assert_ne!(names[0], names[1], "each key has a name of its own");
    }
    expect_kind(attester.certify(&fresh_id(), &[9; 16]), HalErrorKind::NotFound, "an unknown key");
}
