//! Sealing under an AES-256 key that stays inside the token.
//!
//! A sealed blob is `01 ‖ nonce (12) ‖ ciphertext ‖ tag (16)`: AES-256-GCM (NIST SP 800-38D) with
//! [`SEAL_CONTEXT`] as associated data. The key is made at the first seal and listed nowhere.

use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use hal_api::{HalError, HalErrorKind, HalResult, SealPolicy, Sealed, Sealer};
use zeroize::Zeroizing;

use crate::device::{Device, StepError};
use crate::key_template;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
const MAX_SECRET: usize = 128;
/// Binds a blob to its use, so that no other ciphertext of the same key passes for one.
const SEAL_CONTEXT: &[u8] = b"anya box seal 1";

/// [`Sealer`] over a PKCS#11 token.
pub(crate) struct Pkcs11Sealer {
    device: Arc<Device>,
    /// Held while the key is looked for or made, so that it is made once.
    finding: Mutex<()>,
}

impl Pkcs11Sealer {
    pub(crate) fn new(device: Arc<Device>) -> Self {
        Self { device, finding: Mutex::new(()) }
    }

    fn key_or_new(&self, session: &Session) -> Result<ObjectHandle, Error> {
        let _one_at_a_time = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        match find_key(session)? {
            Some(key) => Ok(key),
            None => session.generate_key(&Mechanism::AesKeyGen, &key_template::sealing_key()),
        }
    }
}

impl Sealer for Pkcs11Sealer {
    fn seal(&self, secret: &[u8], policy: &SealPolicy) -> HalResult<Sealed> {
        let operation = || format!("seal {} bytes to token \"{}\"", secret.len(), self.device.pool.label());
        if secret.is_empty() || secret.len() > MAX_SECRET {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation()));
        }
        if !policy.pcrs.is_empty() {
            return Err(HalError::new(HalErrorKind::Unsupported, operation()));
        }
        self.device.run_logged_in(operation, |session, _| {
            let key = self.key_or_new(session)?;
            let mut nonce = [0; NONCE_LEN];
            session.generate_random_slice(&mut nonce)?;
            let mut blob = vec![VERSION];
            blob.extend_from_slice(&nonce);
            blob.extend(session.encrypt(&gcm(&mut nonce)?, key, secret)?);
            Ok(Sealed(blob))
        })
    }

    fn unseal(&self, sealed: &Sealed) -> HalResult<Zeroizing<Vec<u8>>> {
        let operation = || format!("unseal with token \"{}\"", self.device.pool.label());
        let mismatch = || HalError::new(HalErrorKind::PolicyMismatch, operation());
        let Some((nonce, ciphertext)) = parts(&sealed.0) else { return Err(mismatch()) };
        self.device.run_logged_in(operation, |session, _| {
            // Without the key the blob is another token's.
            let Some(key) = find_key(session)? else { return Err(mismatch().into()) };
            let mut nonce = nonce;
            match session.decrypt(&gcm(&mut nonce)?, key, ciphertext) {
                Ok(secret) => Ok(Zeroizing::new(secret)),
                Err(error) if is_wrong_tag(&error) => {
                    let error = HalError::with_source(HalErrorKind::PolicyMismatch, operation(), error);
                    Err(StepError::Port(error))
                }
                Err(error) => Err(error.into()),
            }
        })
    }
}

fn find_key(session: &Session) -> Result<Option<ObjectHandle>, Error> {
    Ok(session.find_objects(&key_template::find_sealing_key())?.first().copied())
}

fn gcm(nonce: &mut [u8; NONCE_LEN]) -> Result<Mechanism<'_>, Error> {
    Ok(Mechanism::AesGcm(GcmParams::new(nonce, SEAL_CONTEXT, (8 * TAG_LEN as u64).into())?))
}

/// Nonce and ciphertext of a blob that is well formed.
fn parts(blob: &[u8]) -> Option<([u8; NONCE_LEN], &[u8])> {
    let (&VERSION, rest) = blob.split_first()? else { return None };
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
    let secret_len = ciphertext.len().checked_sub(TAG_LEN)?;
    (1..=MAX_SECRET).contains(&secret_len).then_some((*nonce, ciphertext))
}

/// A wrong tag is `CKR_ENCRYPTED_DATA_INVALID` by the standard and `CKR_GENERAL_ERROR` from SoftHSM.
/// Only decryption itself counts: before it the same codes are the device's.
fn is_wrong_tag(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid
                | RvError::EncryptedDataLenRange
                | RvError::GeneralError
                | RvError::FunctionFailed
                | RvError::SignatureInvalid,
            Function::Decrypt
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_of_another_shape_are_refused_before_the_token_sees_them() {
        let good = [&[VERSION][..], &[0; NONCE_LEN], &[0; TAG_LEN + 1]].concat();
        assert!(parts(&good).is_some());
        assert!(parts(&[]).is_none());
        assert!(parts(&[2; 40]).is_none());
        assert!(parts(&good[..good.len() - 1]).is_none());
        assert!(parts(&[&good[..], &[0; MAX_SECRET]].concat()).is_none());
    }

    #[test]
    fn only_decryption_tells_a_wrong_tag() {
        assert!(is_wrong_tag(&Error::Pkcs11(RvError::GeneralError, Function::Decrypt)));
        assert!(!is_wrong_tag(&Error::Pkcs11(RvError::GeneralError, Function::FindObjects)));
        assert!(!is_wrong_tag(&Error::Pkcs11(RvError::SessionHandleInvalid, Function::Decrypt)));
    }
}
