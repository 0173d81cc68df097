//! What is found about one signature.
//!
//! [`Finding::Good`] is Sequoia's own verdict, by its streaming verifier, and on top of it that key and
//! certificate are valid *now* as well: who has stolen a key that is revoked can sign with a date from before.
//! Whatever is not good is looked at once more, in single steps, to say why.

use std::time::SystemTime;

use ota_core::trust::Finding;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::parse::stream::{
    DetachedVerifierBuilder, MessageLayer, MessageStructure, VerificationHelper,
};
use sequoia_openpgp::policy::{HashAlgoSecurity, Policy, StandardPolicy};
use sequoia_openpgp::serialize::MarshalInto;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Fingerprint, KeyHandle, Packet};

/// What is found about a signature over `document` that says it was made with this key of this certificate.
pub(super) fn find(
    cert: &Cert,
    key: &Fingerprint,
    signature: &Signature,
    document: &[u8],
    now: SystemTime,
) -> Finding {
    let policy = StandardPolicy::new();
    let at = signature.signature_creation_time().map_or(now, |made| made.max(now));
    let own = cert.keys().find(|candidate| candidate.key().fingerprint() == *key);
    let over_it = own.is_some_and(|own| signature.verify_message(own.key(), document).is_ok());
    if !over_it {
        return Finding::Bad;
    }
    if policy.signature(signature, HashAlgoSecurity::CollisionResistance).is_err() {
        return Finding::Weak;
    }
    let now = standing(cert, key, &policy, at);
    if now != Finding::Good {
        return now;
    }
    if verified(cert, key, signature, document, &policy, at) {
        return Finding::Good;
    }
    let made = signature.signature_creation_time().unwrap_or(at);
    match standing(cert, key, &policy, made) {
        // It was made with a key that may not sign, or has itself expired.
        Finding::Good => Finding::Bad,
        then => then,
    }
}

/// How key and certificate stand at a time.
fn standing(cert: &Cert, key: &Fingerprint, policy: &dyn Policy, at: SystemTime) -> Finding {
    let revoked = |status| matches!(status, RevocationStatus::Revoked(_));
    if revoked(cert.revocation_status(policy, at)) {
        return Finding::Revoked;
    }
    let Ok(valid) = cert.with_policy(policy, at) else {
        return if cert.with_policy(policy, None).is_ok() { Finding::Expired } else { Finding::Weak };
    };
    let Some(key) = valid.keys().find(|candidate| candidate.key().fingerprint() == *key) else {
        return Finding::Weak;
    };
    if revoked(key.revocation_status()) {
        return Finding::Revoked;
    }
    if valid.alive().is_err() || key.alive().is_err() {
        return Finding::Expired;
    }
    Finding::Good
}

/// Whether Sequoia takes it: a signature by this key, which may sign data.
fn verified(
    cert: &Cert,
    key: &Fingerprint,
    signature: &Signature,
    document: &[u8],
    policy: &dyn Policy,
    at: SystemTime,
) -> bool {
    let Ok(packet) = Packet::from(signature.clone()).to_vec() else { return false };
    DetachedVerifierBuilder::from_bytes(&packet)
        .and_then(|builder| builder.with_policy(policy, at, OneSignature { cert, key }))
        .and_then(|mut verifier| verifier.verify_bytes(document))
        .is_ok()
}

/// What Sequoia asks while it verifies: for the certificate, and whether the result will do.
struct OneSignature<'a> {
    cert: &'a Cert,
    key: &'a Fingerprint,
}

impl VerificationHelper for OneSignature<'_> {
    fn get_certs(&mut self, _ids: &[KeyHandle]) -> anyhow::Result<Vec<Cert>> {
        Ok(vec![self.cert.clone()])
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> anyhow::Result<()> {
        let mut layers = structure.into_iter();
        let (Some(MessageLayer::SignatureGroup { mut results }), None) = (layers.next(), layers.next())
        else {
            anyhow::bail!("this is not a detached signature");
        };
        match (results.pop(), results.pop()) {
            (Some(Ok(good)), None) if good.ka.key().fingerprint() == *self.key => Ok(()),
            _ => anyhow::bail!("this is not one good signature by the key"),
        }
    }
}
