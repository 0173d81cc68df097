//! Builders' keys and signatures, made for the test.

use std::io::Write;
use std::time::{Duration, SystemTime};

use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::cert::{CertBuilder, CertRevocationBuilder, SubkeyRevocationBuilder};
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::serialize::stream::{Armorer, Message, Signer};
use sequoia_openpgp::types::ReasonForRevocation;
use sequoia_openpgp::{Cert, Packet};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A builder whose key is a year old and has one signing subkey.
pub(crate) fn builder(name: &str) -> Cert {
    CertBuilder::new()
        .add_userid(format!("{name} <{name}@example.org>"))
        .add_signing_subkey()
        .set_creation_time(SystemTime::now() - 365 * DAY)
        .generate()
        .unwrap()
        .0
}

/// A builder with two signing subkeys.
pub(crate) fn builder_with_two_subkeys(name: &str) -> Cert {
    let cert = CertBuilder::new().add_userid(name).add_signing_subkey().add_signing_subkey();
    cert.set_creation_time(SystemTime::now() - 365 * DAY).generate().unwrap().0
}

/// A builder whose key expired five days ago.
pub(crate) fn expired(name: &str) -> Cert {
    CertBuilder::new()
        .add_userid(name)
        .add_signing_subkey()
        .set_creation_time(SystemTime::now() - 20 * DAY)
        .set_validity_period(15 * DAY)
        .generate()
        .unwrap()
        .0
}

/// The same, revoked yesterday.
pub(crate) fn revoked(cert: Cert, reason: ReasonForRevocation) -> Cert {
    let mut primary = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let revocation = CertRevocationBuilder::new()
        .set_signature_creation_time(SystemTime::now() - DAY)
        .unwrap()
        .set_reason_for_revocation(reason, b"")
        .unwrap()
        .build(&mut primary, &cert, None)
        .unwrap();
    cert.insert_packets(revocation).unwrap().0
}

/// The same, its signing subkey retired yesterday.
pub(crate) fn with_retired_subkey(cert: Cert) -> Cert {
    let mut primary = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let subkey = cert.keys().subkeys().next().unwrap().key().clone();
    let revocation = SubkeyRevocationBuilder::new()
        .set_signature_creation_time(SystemTime::now() - DAY)
        .unwrap()
        .set_reason_for_revocation(ReasonForRevocation::KeyRetired, b"")
        .unwrap()
        .build(&mut primary, &cert, &subkey, None)
        .unwrap();
    cert.insert_packets([Packet::from(subkey.parts_into_public()), revocation.into()]).unwrap().0
}

/// The certificate as builders give it away: armoured, without secrets.
pub(crate) fn public(cert: &Cert) -> Vec<u8> {
    cert.armored().to_vec().unwrap()
}

/// A detached, armoured signature of today with the first signing key.
pub(crate) fn sign(cert: &Cert, document: &[u8]) -> Vec<u8> {
    sign_with(cert, 0, SystemTime::now(), document)
}

/// The same with another signing subkey and date; what is not valid then signs all the same.
pub(crate) fn sign_with(cert: &Cert, subkey: usize, at: SystemTime, document: &[u8]) -> Vec<u8> {
    let key = cert.keys().subkeys().nth(subkey).unwrap().key().clone();
    sign_by(key.parts_into_secret().unwrap().into_keypair().unwrap(), at, document)
}

/// The same with the primary key, which may only certify.
pub(crate) fn sign_with_primary(cert: &Cert, document: &[u8]) -> Vec<u8> {
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, None).unwrap();
    let key = valid.primary_key().key().clone().parts_into_secret().unwrap();
    sign_by(key.into_keypair().unwrap(), SystemTime::now(), document)
}

fn sign_by(key: KeyPair, at: SystemTime, document: &[u8]) -> Vec<u8> {
    let mut signature = Vec::new();
    let message = Armorer::new(Message::new(&mut signature)).kind(Kind::Signature).build().unwrap();
    let mut signer = Signer::new(message, key).unwrap().creation_time(at).detached().build().unwrap();
    signer.write_all(document).unwrap();
    signer.finalize().unwrap();
    signature
}
