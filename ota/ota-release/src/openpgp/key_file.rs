//! OpenPGP keys in files: armoured or binary, as `gpg --export-secret-keys` writes them.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use sequoia_openpgp::cert::amalgamation::key::PrimaryKey;
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::Password;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{SecretParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::KeyFlags;
use sequoia_openpgp::{Cert, Profile};
use zeroize::Zeroizing;

use super::SigningKey;
use crate::error::{ReleaseError, Result};
use crate::repository::put_file;

/// The mode of a file with a secret.
const PRIVATE: u32 = 0o600;

/// Asks for a secret; its argument says which.
pub type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<Zeroizing<String>>;

/// The kind of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewKey {
    /// Ed25519.
    Ed25519,
    /// NIST P-256.
    P256,
}

/// Makes a key that certifies itself and signs, without an end and without a password: for tests and
/// developers. Version 4, as GnuPG reads no later one.
///
/// # Errors
/// The library fails.
pub fn generate(name: &str, kind: NewKey, now: Timestamp) -> Result<Cert> {
    let suite = match kind {
        NewKey::Ed25519 => CipherSuite::Cv25519,
        NewKey::P256 => CipherSuite::P256,
    };
    CertBuilder::new()
        .set_profile(Profile::RFC4880)
        .and_then(|builder| {
            builder
                .set_cipher_suite(suite)
                .add_userid(name)
                .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
                .set_creation_time(SystemTime::from(now))
                .generate()
        })
        .map(|(key, _revocation)| key)
        .map_err(ReleaseError::openpgp(format!("make a key for {name}")))
}

/// Writes a key, secrets included, into a file of mode 0600.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, key: &Cert) -> Result<()> {
    let text = key.as_tsk().armored().to_vec().map(Zeroizing::new);
    put_file(path, &text.map_err(ReleaseError::openpgp("write the key"))?, PRIVATE)
}

/// Opens a key file. Of its keys the newest subkey that may sign is taken, as GnuPG does, or else the primary
/// key. `ask` is called when it has a password.
///
/// # Errors
/// No key in the file may sign now, or the password is wrong.
pub fn open(path: &Path, ask: Ask<'_>, now: Timestamp) -> Result<SigningKey> {
    let subject = path.display().to_string();
    let bytes = fs::read(path).map(Zeroizing::new).map_err(ReleaseError::file("read", path))?;
    let cert = Cert::from_bytes(bytes.as_slice())
        .map_err(ReleaseError::openpgp(format!("read a key from {subject}")))?;
    let policy = StandardPolicy::new();
    let at = SystemTime::from(now);
    let usable = cert.keys().with_policy(&policy, at).alive().revoked(false).for_signing().secret();
    let newest = usable.max_by_key(|key| (!key.primary(), key.key().creation_time()));
    let key = newest.map(|key| key.key().clone().role_into_unspecified());
    let key = key.ok_or_else(|| ReleaseError::Unusable {
        subject: subject.clone(),
        why: "it holds no secret key that may sign now: export one with `gpg --export-secret-keys`"
            .to_owned(),
    })?;
    let pair = unlocked(key, &subject, ask)?
        .into_keypair()
        .map_err(ReleaseError::openpgp(format!("use the key of {subject}")))?;
    Ok(SigningKey { certificate: cert.strip_secret_key_material(), signer: Box::new(pair) })
}

fn unlocked(
    key: Key<SecretParts, UnspecifiedRole>,
    subject: &str,
    ask: Ask<'_>,
) -> Result<Key<SecretParts, UnspecifiedRole>> {
    if key.has_unencrypted_secret() {
        return Ok(key);
    }
    let asked = ask(&format!("Password of {subject}"));
    let password = asked.map_err(ReleaseError::file("ask for the password of", Path::new(subject)))?;
    key.decrypt_secret(&Password::from(password.as_bytes())).map_err(|_| ReleaseError::Unusable {
        subject: subject.to_owned(),
        why: "its password is another one".to_owned(),
    })
}
