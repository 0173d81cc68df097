//! Keys in an HSM as OpenPGP keys: [`Signer`] of the OpenPGP library over the HAL's.
//!
//! An OpenPGP fingerprint covers the time at which the key was made, which tokens do not know. So the
//! certificate comes first ([`certificate`]), and a key of the token is used as the one whose public half a
//! certificate has ([`open`]).
//!
//! Limits: P-256, Ed25519 (as RFC 9580's EdDSALegacy, which version 4 keys and GnuPG have) and RSA-2048.
//! OpenPGP has no secp256k1.

use std::sync::Arc;
use std::time::SystemTime;

use hal_api::{KeyEntry, KeyId, PublicKey, SignRequest, SignatureScheme, Token};
use jiff::Timestamp;
use sequoia_openpgp::crypto::Signer;
use sequoia_openpgp::crypto::mpi::{self, MPI};
use sequoia_openpgp::packet::key::{Key4, PrimaryRole, PublicParts, UnspecifiedRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, UserID};
use sequoia_openpgp::types::{Curve, HashAlgorithm, KeyFlags, PublicKeyAlgorithm, SignatureType};
use sequoia_openpgp::{Cert, Packet};

use super::{HASH, SigningKey};
use crate::error::{ReleaseError, Result};

/// Makes the certificate of a key in a token: a version 4 certificate whose primary key is the token's,
/// certified by itself, that may certify and sign, and does not end.
///
/// # Errors
/// The key is none that OpenPGP has, or the token fails.
pub fn certificate(token: &Token, key: &KeyEntry, name: &str, now: Timestamp) -> Result<Cert> {
    let at = SystemTime::from(now);
    let primary = openpgp_key(&token.keys.public_key(&key.id)?, at)?;
    let mut signer = HsmSigner::new(token, key, primary.clone().role_into_unspecified());
    let certify = || -> sequoia_openpgp::Result<Cert> {
        let bare = Cert::try_from(vec![Packet::from(primary)])?;
        let user = UserID::from(name);
        let binding = SignatureBuilder::new(SignatureType::PositiveCertification)
            .set_hash_algo(HASH)
            .set_signature_creation_time(at)?
            .set_primary_userid(true)?
            .set_key_flags(KeyFlags::empty().set_certification().set_signing())?;
        let binding = user.bind(&mut signer, &bare, binding)?;
        Ok(bare.insert_packets([Packet::from(user), binding.into()])?.0)
    };
    certify().map_err(ReleaseError::openpgp(format!("certify the key {}", key.label)))
}

/// The signing key whose public half is both the token's and the primary key of one of the certificates.
///
/// # Errors
/// No certificate has the key.
pub fn open(
    token: &Token,
    key: &KeyEntry,
    certificates: impl IntoIterator<Item = Cert>,
) -> Result<SigningKey> {
    let public = token.keys.public_key(&key.id)?;
    let expected = openpgp_key(&public, SystemTime::UNIX_EPOCH)?;
    let certificate =
        certificates.into_iter().find(|cert| cert.primary_key().key().mpis() == expected.mpis());
    let certificate = certificate.ok_or_else(|| ReleaseError::Unusable {
        subject: format!("the key {} of the token {}", key.label, token.name),
        why: "no certificate of the signer list is for it: `signer-certificate` makes one, `rotate --add` adds it"
            .to_owned(),
    })?;
    let primary = certificate.primary_key().key().clone().role_into_unspecified();
    let signer = HsmSigner::new(token, key, primary);
    Ok(SigningKey { certificate, signer: Box::new(signer) })
}

/// The token's key in OpenPGP's form.
fn openpgp_key(public: &PublicKey, created: SystemTime) -> Result<Key<PublicParts, PrimaryRole>> {
    let made = match public {
        PublicKey::P256 { point } => {
            let point = mpi::PublicKey::ECDSA { curve: Curve::NistP256, q: MPI::new(point) };
            Key4::new(created, PublicKeyAlgorithm::ECDSA, point)
        }
        PublicKey::Ed25519 { point } => Key4::import_public_ed25519(point, created),
        PublicKey::Rsa2048 { modulus, exponent } => Key4::import_public_rsa(exponent, modulus, created),
        PublicKey::Secp256k1 { .. } => {
            return Err(ReleaseError::Unusable {
                subject: "a secp256k1 key".to_owned(),
                why: "OpenPGP has no such keys: take P-256, Ed25519 or RSA-2048".to_owned(),
            });
        }
    };
    made.map(Key::from).map_err(ReleaseError::openpgp("read the token's public key"))
}

struct HsmSigner {
    public: Key<PublicParts, UnspecifiedRole>,
    signer: Arc<dyn hal_api::Signer>,
    id: KeyId,
    scheme: SignatureScheme,
}

impl HsmSigner {
    fn new(token: &Token, key: &KeyEntry, public: Key<PublicParts, UnspecifiedRole>) -> Self {
        let scheme = key.algorithm.default_scheme();
        Self { public, signer: Arc::clone(&token.signer), id: key.id, scheme }
    }
}

impl Signer for HsmSigner {
    fn public(&self) -> &Key<PublicParts, UnspecifiedRole> {
        &self.public
    }

    fn acceptable_hashes(&self) -> &[HashAlgorithm] {
        &[HASH]
    }

    /// OpenPGP's Ed25519 signs the digest, too (RFC 9580, 5.2.3.3), so that it is the token's message.
    fn sign(&mut self, hash: HashAlgorithm, digest: &[u8]) -> sequoia_openpgp::Result<mpi::Signature> {
        if hash != HASH {
            return Err(sequoia_openpgp::Error::UnsupportedHashAlgorithm(hash).into());
        }
        let request = SignRequest { key: self.id, scheme: self.scheme, payload: digest.to_vec() };
        let signature = self.signer.sign(&request)?;
        let half = signature.len() / 2;
        let (first, second) = (MPI::new(&signature[..half]), MPI::new(&signature[half..]));
        Ok(match self.scheme {
            SignatureScheme::EcdsaSha256 => mpi::Signature::ECDSA { r: first, s: second },
            SignatureScheme::Ed25519 => mpi::Signature::EdDSA { r: first, s: second },
            SignatureScheme::RsaPkcs1Sha256 | SignatureScheme::RsaPssSha256 => {
                mpi::Signature::RSA { s: MPI::new(&signature) }
            }
        })
    }
}
