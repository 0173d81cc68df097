//! Signing: one lease of a session, one cached handle, one `C_Sign`.

use std::sync::Arc;

use hal_api::{HalError, HalErrorKind, HalResult, KeyAlgorithm, SignRequest, Signer};

use crate::device::{Device, StepError};
use crate::error_map::handle_is_stale;
use crate::{mechanism, object};

/// [`Signer`] over a PKCS#11 token.
pub(crate) struct Pkcs11Signer(pub(crate) Arc<Device>);

impl Signer for Pkcs11Signer {
    fn sign(&self, request: &SignRequest) -> HalResult<Vec<u8>> {
        let operation = || format!("sign with key {} on token \"{}\"", request.key, self.0.pool.label());
        if request.scheme.signs_digest() && request.payload.len() != mechanism::DIGEST_LEN {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation()));
        }
        let mechanism = mechanism::signing(request.scheme);
        let input = mechanism::input(request.scheme, &request.payload);
        self.0.run(operation, |session, generation| {
            let mut fresh = false;
            loop {
                let key = object::find(&self.0, session, generation, &request.key)?;
                let algorithm = key.public_key.algorithm();
                if !self.0.capabilities.has_scheme(algorithm, request.scheme) {
                    return Err(HalError::new(HalErrorKind::Unsupported, operation()).into());
                }
                let signature = match session.sign(&mechanism, key.private, &input) {
                    Ok(signature) => signature,
                    // Another program may have removed the key, or removed and made it again.
                    Err(error) if handle_is_stale(&error) && !fresh => {
                        self.0.forget(&request.key);
                        fresh = true;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                return if signature.len() == signature_len(algorithm) {
                    Ok(signature)
                } else {
                    let problem = format!("{} bytes of signature from the token", signature.len());
                    Err(StepError::Port(HalError::with_source(HalErrorKind::Device, operation(), problem)))
                };
            }
        })
    }
}

/// Length in bytes of a signature in the port's plain form.
fn signature_len(algorithm: KeyAlgorithm) -> usize {
    if algorithm == KeyAlgorithm::Rsa2048 { 256 } else { 64 }
}
