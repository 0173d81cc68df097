//! Signing with keys of the folder.

use std::sync::Arc;

use hal_api::{HalError, HalErrorKind, HalResult, KeyAlgorithm, SignRequest, SignatureScheme, Signer};
use tss_esapi::constants::tss::{TPM2_RH_NULL, TPM2_ST_HASHCHECK};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{Digest, HashScheme, HashcheckTicket, Signature, SignatureScheme as TpmScheme};
use tss_esapi::tss2_esys::TPMT_TK_HASHCHECK;
use tss_esapi::{Error, WrapperErrorKind};

use crate::open::Device;
use crate::probe::capabilities;
use crate::public_area::padded;

const DIGEST_LEN: usize = 32;

/// [`Signer`] over a TPM.
pub(crate) struct TpmSigner(pub(crate) Arc<Device>);

impl Signer for TpmSigner {
    fn sign(&self, request: &SignRequest) -> HalResult<Vec<u8>> {
        let operation = format!("sign with key {} of the TPM", request.key);
        if request.scheme.signs_digest() && request.payload.len() != DIGEST_LEN {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation));
        }
        self.0.actor.check_open(&operation)?;
        let Some(key) = self.0.keys.get(&request.key) else {
            return Err(HalError::new(HalErrorKind::NotFound, operation));
        };
        if !capabilities().has_scheme(key.algorithm, request.scheme) {
            return Err(HalError::new(HalErrorKind::Unsupported, operation));
        }
        let (algorithm, scheme) = (key.algorithm, tpm_scheme(request.scheme));
        let (device, id, payload) = (Arc::clone(&self.0), request.key, request.payload.clone());
        let name = operation.clone();
        let signature = self.0.actor.call(operation, move |connection| {
            // Deleted while this call waited: the blob must not be loaded again.
            if device.keys.get(&id).is_none() {
                return Err(HalError::new(HalErrorKind::NotFound, name.clone()).into());
            }
            let handle = connection.key(&id, &key.public, &key.private)?;
            let digest = Digest::try_from(payload.as_slice())?;
            let signature =
                connection.context.execute_with_session(Some(AuthSession::Password), |context| {
                    context.sign(handle, digest, scheme, no_ticket()?)
                })?;
            Ok(plain(&signature, algorithm)?)
        })?;
        Ok(signature)
    }
}

fn tpm_scheme(scheme: SignatureScheme) -> TpmScheme {
    let hash_scheme = HashScheme::new(HashingAlgorithm::Sha256);
    match scheme {
        SignatureScheme::EcdsaSha256 => TpmScheme::EcDsa { hash_scheme },
        SignatureScheme::RsaPkcs1Sha256 => TpmScheme::RsaSsa { hash_scheme },
        SignatureScheme::RsaPssSha256 => TpmScheme::RsaPss { hash_scheme },
        // No key of the folder has it; the capability check has refused it.
        SignatureScheme::Ed25519 => TpmScheme::Null,
    }
}

/// The ticket of a digest that was not made by the TPM (TPM 2.0 part 3, section 20.2).
fn no_ticket() -> Result<HashcheckTicket, Error> {
    HashcheckTicket::try_from(TPMT_TK_HASHCHECK {
        tag: TPM2_ST_HASHCHECK,
        hierarchy: TPM2_RH_NULL,
        digest: Default::default(),
    })
}

/// A signature in the port's plain form.
pub(crate) fn plain(signature: &Signature, algorithm: KeyAlgorithm) -> Result<Vec<u8>, Error> {
    match (signature, algorithm) {
        (Signature::EcDsa(signature), KeyAlgorithm::P256) => {
            let mut bytes = padded(signature.signature_r().value(), 32)?;
            bytes.extend(padded(signature.signature_s().value(), 32)?);
            Ok(bytes)
        }
        (Signature::RsaSsa(signature) | Signature::RsaPss(signature), KeyAlgorithm::Rsa2048) => {
            padded(signature.signature().value(), 256)
        }
        _ => Err(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm)),
    }
}
