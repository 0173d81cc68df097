//! Signing with keys in memory.

use std::sync::Arc;

use hal_api::{HalError, HalErrorKind, HalResult, SignRequest, Signer};

use crate::fault::Operation;
use crate::probe::capabilities;
use crate::sim::Device;

const DIGEST_LEN: usize = 32;

/// [`Signer`] of the simulator.
pub(crate) struct SimSigner(pub(crate) Arc<Device>);

impl Signer for SimSigner {
    fn sign(&self, request: &SignRequest) -> HalResult<Vec<u8>> {
        let what = format!("sign with key {} of the simulator", request.key);
        let fail = |kind| HalError::new(kind, &what);
        if request.scheme.signs_digest() && request.payload.len() != DIGEST_LEN {
            return Err(fail(HalErrorKind::InvalidInput));
        }
        self.0.call(Operation::Sign, &what, |content| {
            let (key, _) = content.keys.get(&request.key).ok_or_else(|| fail(HalErrorKind::NotFound))?;
            if !capabilities().has_scheme(key.public_key().algorithm(), request.scheme) {
                return Err(fail(HalErrorKind::Unsupported));
            }
            key.sign(request.scheme, &request.payload)
                .map_err(|error| HalError::with_source(HalErrorKind::Device, &what, error))
        })
    }
}
