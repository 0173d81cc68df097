//! Sealing: what comes back, and what must not.

use hal_api::{HalErrorKind, SealPolicy, Sealed, Sealer, Token};

use crate::{Subject, expect_kind};

/// The registers that the checks bind to: none that an operating system extends while a test runs.
const PCRS: [u8; 2] = [16, 7];
/// A register that user space may extend and reset (PC Client profile: debug).
const DEBUG_PCR: u8 = 16;

fn anywhere() -> SealPolicy {
    SealPolicy::default()
}

/// Secrets of every allowed size come back, and no blob shows its secret.
pub fn secrets_come_back(sealer: &dyn Sealer) {
    for size in [1, 32, 127, 128] {
        let secret = vec![0xa5; size];
        let sealed = sealer.seal(&secret, &anywhere()).expect("an allowed size is sealed");
        assert_eq!(sealer.unseal(&sealed).expect("it is unsealed").as_slice(), secret);
        if size > 8 {
            assert!(!sealed.0.windows(size).any(|part| part == secret), "the blob shows the secret");
        }
    }
    let twice = [(); 2].map(|()| sealer.seal(b"secret", &anywhere()).expect("it is sealed"));
    assert_ne!(twice[0], twice[1], "equal secrets must not be seen in their blobs");
}

/// 1 to 128 bytes.
pub fn sizes_out_of_bounds_are_refused(sealer: &dyn Sealer) {
    for size in [0, 129, 4096] {
        expect_kind(
            sealer.seal(&vec![1; size], &anywhere()),
            HalErrorKind::InvalidInput,
            &format!("{size} bytes"),
        );
    }
}

/// Blobs changed in any place, cut short, or made up.
pub fn changed_blobs_are_refused(sealer: &dyn Sealer) {
    let sealed = sealer.seal(b"a secret of the box", &anywhere()).expect("it is sealed");
    let len = sealed.0.len();
    // Every place costs a call of the device each, so a spread of them.
    for place in (0..len).step_by((len / 24).max(1)).chain([len - 1]) {
        let mut changed = sealed.clone();
        changed.0[place] ^= 0x01;
        expect_kind(sealer.unseal(&changed), HalErrorKind::PolicyMismatch, &format!("byte {place} of {len}"));
    }
    for short in [0, 1, len / 2, len - 1] {
        let cut = Sealed(sealed.0[..short].to_vec());
        expect_kind(sealer.unseal(&cut), HalErrorKind::PolicyMismatch, &format!("cut to {short} bytes"));
    }
    for garbage in [vec![0; 64], b"{\"version\":1}".to_vec(), vec![0xff; 4096]] {
        expect_kind(sealer.unseal(&Sealed(garbage)), HalErrorKind::PolicyMismatch, "a made-up blob");
    }
    assert!(sealer.unseal(&sealed).is_ok(), "the true blob still opens after all that");
}

/// What seals is not a key pair of the caller.
pub fn sealing_adds_no_key_pair(token: &Token, sealer: &dyn Sealer) {
    let before = token.keys.list().expect("keys are listed");
    sealer.seal(b"secret", &anywhere()).expect("it is sealed");
    assert_eq!(token.keys.list().expect("keys are listed"), before);
}

/// For tokens without registers.
pub fn registers_are_unsupported(sealer: &dyn Sealer) {
    let policy = SealPolicy { pcrs: vec![7] };
    expect_kind(sealer.seal(b"secret", &policy), HalErrorKind::Unsupported, "a policy with registers");
}

/// For tokens with registers: bound to present values, in any order, repeated or not.
pub fn secrets_come_back_under_registers(sealer: &dyn Sealer) {
    for pcrs in [PCRS.to_vec(), vec![7, 7, 16], (0..24).collect()] {
        let sealed = sealer.seal(b"secret", &SealPolicy { pcrs }).expect("it is sealed");
        assert_eq!(sealer.unseal(&sealed).expect("nothing changed").as_slice(), b"secret");
    }
    let policy = SealPolicy { pcrs: vec![24] };
    expect_kind(sealer.seal(b"secret", &policy), HalErrorKind::InvalidInput, "register 24");
}

/// A secret bound to a register stays closed once that is extended; others open.
pub fn a_changed_register_keeps_the_secret(subject: &Subject<'_>, extend: &dyn Fn(u8)) {
    let token = (subject.open)();
    let sealer = token.sealer.as_deref().expect("a token with registers seals");
    let bound = sealer.seal(b"bound", &SealPolicy { pcrs: PCRS.to_vec() }).expect("it is sealed");
    let other = sealer.seal(b"other", &SealPolicy { pcrs: vec![7] }).expect("it is sealed");
    token.probe.close();
    extend(DEBUG_PCR);
    let token = (subject.open)();
    let sealer = token.sealer.as_deref().expect("a token with registers seals");
    expect_kind(sealer.unseal(&bound), HalErrorKind::PolicyMismatch, "a register changed");
    assert_eq!(sealer.unseal(&other).expect("its register did not change").as_slice(), b"other");
    token.probe.close();
}
