//! What an OpenPGP library finds about the certificates of a signer list, and about signatures.
//!
//! Facts only: who of them counts, and whether they are enough, is for [`ota_core::trust`] to say. The library
//! is Sequoia with its standard policy; signatures are detached ones over bytes (RFC 9580, 5.2.1 and 10.4), as
//! `gpg --detach-sign` makes them. Nothing is trusted but the certificates that are handed in: no key server,
//! no web of trust, no certificate that comes along with signatures.
//!
//! **Time.** A key has to be valid at the time that is handed in, and when the signature was made. A signature
//! that was made later than that time is looked at as of its own time: the clock of a box may be behind, and a
//! later time can only make keys invalid. A signature from the future of a clock that is *right* is refused by
//! [`ota_core::trust::judge`].

mod validity;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use ota_core::fingerprint::Fingerprint;
use ota_core::signers::{SignerList, Signers};
use ota_core::trust::{Finding, Refusal, Signature};
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::packet::Signature as Packet;
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, KeyHandle};

/// What there is to know of a signer's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be used.
    Valid,
    /// It is revoked.
    Revoked,
    /// It is expired.
    Expired,
    /// It cannot be used, and why: no certificate at all, more than one, or of a kind that is not safe.
    Unusable(String),
}

/// A signer, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerFacts {
    /// The name in the list.
    pub name: String,
    /// The primary key; `None` when there is none that can be read.
    pub fingerprint: Option<Fingerprint>,
    /// Whether signatures of it can count.
    pub standing: Standing,
}

/// A signer list whose certificates were read.
#[derive(Clone, Debug)]
pub struct Certificates {
    signers: Signers,
    certs: Vec<Cert>,
}

impl Certificates {
    /// Reads the certificates of a list.
    ///
    /// # Errors
    /// What makes a list unusable ([`SignerList::with_fingerprints`]). A certificate that cannot be read is
    /// one that is missing.
    pub fn read(list: &SignerList) -> Result<Self, Refusal> {
        let certs: Vec<Cert> =
            list.signers.iter().filter_map(|signer| certificate(&signer.certificate).ok()).collect();
        let fingerprints: Option<Vec<Fingerprint>> = certs.iter().map(primary).collect();
        let signers = list.with_fingerprints(&fingerprints.unwrap_or_default())?;
        Ok(Self { signers, certs })
    }

    /// The list, against which signatures are counted.
    pub fn signers(&self) -> &Signers {
        &self.signers
    }
}

/// The signers of a list and how they stand at a time, in the list's order.
pub fn facts(list: &SignerList, at: Timestamp) -> Vec<SignerFacts> {
    list.signers
        .iter()
        .map(|signer| {
            let cert = certificate(&signer.certificate);
            let fingerprint = cert.as_ref().ok().and_then(primary);
            let standing = cert.map_or_else(Standing::Unusable, |cert| standing(&cert, system_time(at)));
            SignerFacts { name: signer.name.clone(), fingerprint, standing }
        })
        .collect()
}

/// What is found about each signature of a file over `document`, at a time. Signatures that name no key, and
/// what cannot be read, are left out: they could count for nobody.
pub fn findings(
    certificates: &[&Certificates],
    document: &[u8],
    signatures: &[u8],
    at: Timestamp,
) -> Vec<Signature> {
    let certs: Vec<&Cert> = certificates.iter().flat_map(|list| &list.certs).collect();
    packets(signatures)
        .into_iter()
        .filter_map(|packet| {
            let issuers = packet.get_issuers();
            let Some((cert, key)) = issuer(&certs, &issuers) else {
                let key = issuers.iter().find_map(|issuer| match issuer {
                    KeyHandle::Fingerprint(key) => key.to_hex().parse().ok(),
                    KeyHandle::KeyID(_) => None,
                })?;
                return Some(Signature { signer: None, key, finding: Finding::Bad });
            };
            let finding = validity::find(cert, &key, &packet, document, system_time(at));
            Some(Signature { signer: primary(cert), key: key.to_hex().parse().ok()?, finding })
        })
        .collect()
}

/// The certificate and the key in it that a signature says it was made with.
fn issuer<'a>(certs: &[&'a Cert], issuers: &[KeyHandle]) -> Option<(&'a Cert, sequoia_openpgp::Fingerprint)> {
    certs.iter().find_map(|cert| {
        let mut keys = cert.keys().map(|key| key.key().fingerprint());
        let named = |key: &sequoia_openpgp::Fingerprint| {
            issuers.iter().any(|issuer| KeyHandle::from(key).aliases(issuer))
        };
        keys.find(named).map(|key| (*cert, key))
    })
}

/// The one certificate in an armoured text.
fn certificate(armoured: &str) -> Result<Cert, String> {
    let certs: Result<Vec<Cert>, _> = CertParser::from_bytes(armoured.as_bytes()).and_then(Iterator::collect);
    match certs.map_err(|error| format!("it cannot be read: {error}"))?.as_slice() {
        [cert] => Ok(cert.clone().strip_secret_key_material()),
        certs => Err(format!("there are {} certificates instead of one", certs.len())),
    }
}

fn primary(cert: &Cert) -> Option<Fingerprint> {
    cert.fingerprint().to_hex().parse().ok()
}

fn standing(cert: &Cert, at: SystemTime) -> Standing {
    let policy = StandardPolicy::new();
    if matches!(cert.revocation_status(&policy, at), RevocationStatus::Revoked(_)) {
        return Standing::Revoked;
    }
    match cert.with_policy(&policy, at) {
        Err(error) => Standing::Unusable(format!("it is not to be used: {error:#}")),
        Ok(valid) if valid.alive().is_err() => Standing::Expired,
        Ok(_) => Standing::Valid,
    }
}

/// The signatures of a file: packets one after another, or one armoured block of them.
fn packets(file: &[u8]) -> Vec<Packet> {
    let mut found = Vec::new();
    let mut rest = PacketParser::from_bytes(file);
    while let Ok(PacketParserResult::Some(parser)) = rest {
        let Ok((packet, next)) = parser.next() else { break };
        if let sequoia_openpgp::Packet::Signature(signature) = packet {
            found.push(signature);
        }
        rest = Ok(next);
    }
    found
}

/// Times before 1970 are 1970: no key is older.
fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}
