//! Whether one signature of one certificate counts: now, and when it was made.

use std::time::SystemTime;

use sequoia_openpgp::cert::amalgamation::ValidAmalgamation;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::parse::stream::{
    DetachedVerifierBuilder, MessageLayer, MessageStructure, VerificationError, VerificationHelper,
};
use sequoia_openpgp::policy::Policy;
use sequoia_openpgp::serialize::MarshalInto;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Fingerprint, KeyHandle, Packet};

/// Whether a detached signature of `document` by a key of `cert` is good; the reason when it is not.
pub(super) fn verify(
    cert: &Cert,
    signature: Signature,
    document: &[u8],
    policy: &dyn Policy,
    at: SystemTime,
) -> Result<(), String> {
    let tell = |error: anyhow::Error| format!("{error:#}");
    let packet = Packet::from(signature).to_vec().map_err(tell)?;
    let outcome = Outcome { cert, policy, at };
    DetachedVerifierBuilder::from_bytes(&packet)
        .and_then(|builder| builder.with_policy(policy, at, outcome))
        .and_then(|mut verifier| verifier.verify_bytes(document))
        .map_err(tell)
}

/// What Sequoia asks while it verifies: for the certificate, and whether the result will do.
struct Outcome<'a> {
    cert: &'a Cert,
    policy: &'a dyn Policy,
    at: SystemTime,
}

impl Outcome<'_> {
    /// Sequoia looks at the time when the signature was made; this looks at the time of asking.
    fn valid_now(&self, key: &Fingerprint) -> anyhow::Result<()> {
        let cert = self.cert.with_policy(self.policy, self.at)?;
        cert.alive()?;
        anyhow::ensure!(
            !matches!(cert.revocation_status(), RevocationStatus::Revoked(_)),
            "the certificate is revoked"
        );
        let mut keys = cert.keys().filter(|candidate| candidate.key().fingerprint() == *key);
        let key = keys.next().ok_or_else(|| anyhow::anyhow!("the key is not valid any more"))?;
        key.alive()?;
        anyhow::ensure!(
            !matches!(key.revocation_status(), RevocationStatus::Revoked(_)),
            "the signing key is revoked"
        );
        Ok(())
    }
}

impl VerificationHelper for Outcome<'_> {
    fn get_certs(&mut self, _ids: &[KeyHandle]) -> anyhow::Result<Vec<Cert>> {
        Ok(vec![self.cert.clone()])
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> anyhow::Result<()> {
        let mut layers = structure.into_iter();
        let (Some(MessageLayer::SignatureGroup { mut results }), None) = (layers.next(), layers.next())
        else {
            anyhow::bail!("this is not a detached signature");
        };
        let (Some(result), None) = (results.pop(), results.pop()) else {
            anyhow::bail!("this is not one detached signature");
        };
        match result {
            Ok(good) => self.valid_now(&good.ka.key().fingerprint()),
            Err(
                VerificationError::UnboundKey { error, .. }
                | VerificationError::BadKey { error, .. }
                | VerificationError::BadSignature { error, .. }
                | VerificationError::MalformedSignature { error, .. },
            ) => Err(error),
            Err(other) => anyhow::bail!("{other}"),
        }
    }
}
