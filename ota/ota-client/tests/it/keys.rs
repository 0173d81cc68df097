//! Keys of signers, right and wrong.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use sequoia_openpgp::cert::{CertBuilder, CertRevocationBuilder};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::serialize::stream::{Message, Signer};
use sequoia_openpgp::types::{HashAlgorithm, ReasonForRevocation};
use sequoia_openpgp::{Cert, Packet};

/// Keys are made then.
pub(crate) const MADE: &str = "2026-09-01T00:00:00Z";
/// Releases are signed then.
pub(crate) const SIGNED: &str = "2026-11-20T00:00:00Z";

pub(crate) fn time(text: &str) -> SystemTime {
    let at: Timestamp = text.parse().unwrap();
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap())
}

/// A signer with a signing subkey.
pub(crate) fn signer(name: &str) -> Cert {
    made(CertBuilder::new().add_userid(name).add_signing_subkey())
}

/// A signer with two signing subkeys.
pub(crate) fn signer_with_two_subkeys(name: &str) -> Cert {
    made(CertBuilder::new().add_userid(name).add_signing_subkey().add_signing_subkey())
}

/// A signer whose key ended a month after it was made: it is expired when releases are signed.
pub(crate) fn expired(name: &str) -> Cert {
    let days = Duration::from_secs(30 * 24 * 60 * 60);
    made(CertBuilder::new().add_userid(name).add_signing_subkey().set_validity_period(days))
}

fn made(builder: CertBuilder<'_>) -> Cert {
    builder.set_creation_time(time(MADE)).generate().unwrap().0
}

/// The same, revoked after it signed.
pub(crate) fn revoked(cert: &Cert) -> Cert {
    let mut primary = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let revocation = CertRevocationBuilder::new()
        .set_signature_creation_time(time("2026-11-20T12:00:00Z"))
        .unwrap()
        .set_reason_for_revocation(ReasonForRevocation::KeyRetired, b"")
        .unwrap()
        .build(&mut primary, cert, None)
        .unwrap();
    cert.clone().insert_packets([Packet::from(revocation)]).unwrap().0
}

/// The certificate as it stands in a list: armoured, without secrets.
pub(crate) fn public(cert: &Cert) -> String {
    String::from_utf8(cert.armored().to_vec().unwrap()).unwrap()
}

/// How a signature is made.
pub(crate) struct How<'a> {
    /// Which of the signing subkeys; `None` for the primary key, which may only certify.
    pub(crate) subkey: Option<usize>,
    pub(crate) at: &'a str,
    pub(crate) hash: HashAlgorithm,
}

impl Default for How<'_> {
    fn default() -> Self {
        Self { subkey: Some(0), at: SIGNED, hash: HashAlgorithm::SHA256 }
    }
}

/// A detached signature, binary.
pub(crate) fn sign(cert: &Cert, document: &[u8]) -> Vec<u8> {
    sign_as(cert, document, &How::default())
}

/// The same, made otherwise; what is not valid signs all the same.
pub(crate) fn sign_as(cert: &Cert, document: &[u8], how: &How<'_>) -> Vec<u8> {
    let key = match how.subkey {
        Some(subkey) => cert.keys().subkeys().nth(subkey).unwrap().key().clone().role_into_unspecified(),
        None => cert.primary_key().key().clone().role_into_unspecified(),
    };
    let pair = key.parts_into_secret().unwrap().into_keypair().unwrap();
    let mut signature = Vec::new();
    let signer = Signer::new(Message::new(&mut signature), pair).unwrap();
    let signer = signer.hash_algo(how.hash).unwrap().creation_time(time(how.at));
    let mut signer = signer.detached().build().unwrap();
    signer.write_all(document).unwrap();
    signer.finalize().unwrap();
    signature
}
