//! What every token adapter must do: one suite, run by each adapter's tests on its own device.
//!
//! # Design
//!
//! A check is a public function that panics with what it expected; [`run`] does all that fit the token's
//! capabilities. Each check makes its own keys and removes them, so checks may run on a token in use.
//! Signatures are verified by aws-lc-rs from the public key alone, never by the token that made them.
//!
//! # Example
//!
//! ```
//! fn my_adapter_conforms(open: &dyn Fn() -> hal_api::Token) {
//!     hal_conformance::run(&hal_conformance::Subject { open, extend_pcr: None });
//! }
//! ```

pub mod attestation;
pub mod epochs;
pub mod keys;
pub mod lifetime;
mod quote;
pub mod sealing;
pub mod signing;
mod verify;

use std::sync::atomic::{AtomicU64, Ordering};

use hal_api::{HalError, HalErrorKind, KeyAlgorithm, KeyId, KeySpec, Token};

pub use verify::verifies;

/// The token under test.
pub struct Subject<'a> {
    /// Opens it; called again after each close. Its content must survive that.
    pub open: &'a dyn Fn() -> Token,
    /// Extends a register of the SHA-256 bank while no token is open, where the test can.
    pub extend_pcr: Option<&'a dyn Fn(u8)>,
}

/// Every check that fits the token.
///
/// # Panics
/// When a check fails.
pub fn run(subject: &Subject<'_>) {
    let token = (subject.open)();
    for check in [
        keys::info_is_filled_in,
        keys::every_algorithm_offered_makes_keys,
        keys::algorithms_not_offered_are_unsupported,
        keys::an_id_is_given_once,
        keys::unknown_ids_are_not_found,
        keys::labels_keep_their_text_and_bound,
        keys::listing_is_ordered_and_complete,
        keys::a_deleted_key_is_gone,
        signing::every_scheme_verifies,
        signing::digests_of_other_sizes_are_refused,
        signing::schemes_of_other_keys_are_unsupported,
        signing::eight_threads_sign_at_once,
    ] {
        check(&token);
    }
    if let Some(sealer) = &token.sealer {
        sealing::secrets_come_back(sealer.as_ref());
        sealing::sizes_out_of_bounds_are_refused(sealer.as_ref());
        sealing::changed_blobs_are_refused(sealer.as_ref());
        sealing::sealing_adds_no_key_pair(&token, sealer.as_ref());
        if token.probe.capabilities().seals_to_pcrs {
            sealing::secrets_come_back_under_registers(sealer.as_ref());
        } else {
            sealing::registers_are_unsupported(sealer.as_ref());
        }
    }
    if let Some(attester) = &token.attester {
        attestation::the_key_stays_the_same(attester.as_ref());
        attestation::quotes_hold_nonce_and_registers(attester.as_ref());
        attestation::bad_nonces_and_registers_are_refused(attester.as_ref());
        attestation::keys_are_certified(&token, attester.as_ref());
    }
    token.probe.close();
    lifetime::closed_tokens_refuse(&token);
    drop(token);
    lifetime::keys_and_seals_survive_reopening(subject);
    if let Some(extend) = subject.extend_pcr {
        sealing::a_changed_register_keeps_the_secret(subject, extend);
    }
}

/// A key id that no other call gives, in this process and in others.
pub fn fresh_id() -> KeyId {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id[..8]).expect("the machine has randomness");
    id[8..].copy_from_slice(&COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    KeyId(id)
}

/// A key of the token that is removed on drop.
struct TestKey<'a> {
    token: &'a Token,
    id: KeyId,
    public_key: hal_api::PublicKey,
}

impl<'a> TestKey<'a> {
    fn new(token: &'a Token, algorithm: KeyAlgorithm) -> Self {
        let id = fresh_id();
        let public_key = token
            .keys
            .generate(&KeySpec { id, algorithm, label: "conformance".into() })
            .unwrap_or_else(|error| panic!("making a {} key: {}", algorithm.name(), chain(&error)));
        Self { token, id, public_key }
    }
}

impl Drop for TestKey<'_> {
    fn drop(&mut self) {
        // The check that failed has said why; one that deletes the key itself is no failure.
        let _ = self.token.keys.delete(&self.id);
    }
}

#[track_caller]
fn expect_kind<T>(result: Result<T, HalError>, kind: HalErrorKind, what: &str) {
    match result {
        Ok(_) => panic!("{what}: succeeded, expected {kind:?}"),
        Err(error) => assert_eq!(error.kind, kind, "{what}: {}", chain(&error)),
    }
}

fn chain(error: &HalError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The algorithm that costs least among those the token offers.
fn quickest(token: &Token) -> KeyAlgorithm {
    let capabilities = token.probe.capabilities();
    KeyAlgorithm::ALL
        .into_iter()
        .find(|algorithm| capabilities.has_algorithm(*algorithm))
        .expect("a token offers at least one algorithm")
}
