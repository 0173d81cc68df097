//! Who signs: an OpenPGP key in a file, or a key in an HSM that an OpenPGP certificate names.
//!
//! Signatures are detached, binary, of version 4 (RFC 9580, 5.2.3; the version that GnuPG reads too) and over
//! SHA-256, which every token signs. They are single packets, so that the signatures of several people are
//! one file after another.

pub mod hsm;
pub mod key_file;

use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use ota_core::fingerprint::Fingerprint;
use sequoia_openpgp::Packet;
use sequoia_openpgp::crypto::Signer;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::{MarshalInto, SerializeInto};
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};

pub use sequoia_openpgp::Cert;

use crate::error::{ReleaseError, Result};
use crate::repository::{PUBLIC, put_file};

/// The one hash of all signatures.
const HASH: HashAlgorithm = HashAlgorithm::SHA256;

/// A key that can sign, and the certificate that says whose it is.
pub struct SigningKey {
    certificate: Cert,
    signer: Box<dyn Signer + Send + Sync>,
}

impl SigningKey {
    /// The fingerprint of the certificate's primary key, by which signers are counted.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.certificate)
    }

    /// Whose key it is: the name in the certificate, and the fingerprint.
    pub fn owner(&self) -> String {
        let name = self.certificate.userids().next();
        let name = name
            .map_or_else(String::new, |user| format!("{} ", String::from_utf8_lossy(user.userid().value())));
        format!("{name}({})", self.certificate.fingerprint())
    }

    /// A detached signature over a document: one OpenPGP packet.
    ///
    /// # Errors
    /// The key or its token fails.
    pub fn sign(&mut self, document: &[u8], now: Timestamp) -> Result<Vec<u8>> {
        let step = format!("sign with the key of {}", self.owner());
        SignatureBuilder::new(SignatureType::Binary)
            .set_hash_algo(HASH)
            .set_signature_creation_time(SystemTime::from(now))
            .and_then(|builder| builder.sign_message(&mut self.signer, document))
            .and_then(|signature| MarshalInto::to_vec(&Packet::from(signature)))
            .map_err(ReleaseError::openpgp(step))
    }
}

/// The fingerprint of a certificate's primary key.
pub(crate) fn fingerprint(certificate: &Cert) -> Fingerprint {
    certificate.fingerprint().to_hex().parse().expect("a fingerprint of OpenPGP has 40 or 64 digits")
}

/// Whether a certificate has a key that may sign now.
pub(crate) fn can_sign(certificate: &Cert, now: Timestamp) -> bool {
    let policy = StandardPolicy::new();
    let valid = certificate.keys().with_policy(&policy, SystemTime::from(now));
    valid.alive().revoked(false).for_signing().next().is_some()
}

/// Reads a certificate, and leaves out the secrets that may be beside it.
///
/// # Errors
/// Bytes that are no certificate; `subject` says where they are from.
pub fn certificate(subject: &str, bytes: &[u8]) -> Result<Cert> {
    Cert::from_bytes(bytes)
        .map(Cert::strip_secret_key_material)
        .map_err(ReleaseError::openpgp(format!("read a certificate from {subject}")))
}

/// Writes a certificate into a file, armoured and without secrets.
///
/// # Errors
/// It cannot be written.
pub fn write_certificate(path: &Path, certificate: &Cert) -> Result<()> {
    put_file(path, armoured(certificate)?.as_bytes(), PUBLIC)
}

/// The armoured text of a certificate, without secrets.
pub(crate) fn armoured(certificate: &Cert) -> Result<String> {
    SerializeInto::to_vec(&certificate.armored())
        .and_then(|bytes| Ok(String::from_utf8(bytes)?))
        .map_err(ReleaseError::openpgp("write the certificate"))
}
