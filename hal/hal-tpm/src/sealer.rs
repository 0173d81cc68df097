//! Sealing a secret into an object of the TPM, optionally bound to platform configuration registers.
//!
//! The blob is JSON: the object's public and private part as the TPM gave them, and the registers its
//! policy names. The private part carries an integrity value over the public one, and the policy's
//! digest is inside the latter, so a changed blob does not load or does not unseal.

use std::sync::Arc;

use hal_api::{HalError, HalErrorKind, HalResult, SealPolicy, Sealed, Sealer};
use serde::{Deserialize, Serialize};
use tss_esapi::Error;
use tss_esapi::constants::SessionType;
use tss_esapi::handles::{KeyHandle, ObjectHandle};
use tss_esapi::interface_types::session_handles::{AuthSession, PolicySession};
use tss_esapi::structures::{Digest, SensitiveData};
use tss_esapi::traits::Marshall as _;
use zeroize::Zeroizing;

use crate::actor::StepError;
use crate::attester::selection;
use crate::connection::Connection;
use crate::error_map::connection_is_lost;
use crate::open::Device;
use crate::public_area;

const VERSION: u32 = 1;
const MAX_SECRET: usize = 128;
const MAX_PCR: u8 = 23;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Blob {
    version: u32,
    pcrs: Vec<u8>,
    #[serde(with = "hex::serde")]
    public: Vec<u8>,
    #[serde(with = "hex::serde")]
    private: Vec<u8>,
}

/// [`Sealer`] over a TPM.
pub(crate) struct TpmSealer(pub(crate) Arc<Device>);

impl Sealer for TpmSealer {
    fn seal(&self, secret: &[u8], policy: &SealPolicy) -> HalResult<Sealed> {
        let operation = format!("seal {} bytes to the TPM", secret.len());
        let size_is_right = (1..=MAX_SECRET).contains(&secret.len());
        if !size_is_right || policy.pcrs.iter().any(|pcr| *pcr > MAX_PCR) {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation));
        }
        let mut pcrs = policy.pcrs.clone();
        pcrs.sort_unstable();
        pcrs.dedup();
        let secret = Zeroizing::new(secret.to_vec());
        self.0.actor.call(operation, move |connection| {
            let template = public_area::sealed(policy_digest(connection, &pcrs)?)?;
            connection.make_room()?;
            let primary = connection.primary();
            let made = connection.in_session(SessionType::Hmac, |connection, session| {
                let data = SensitiveData::try_from(secret.to_vec())?;
                connection.context.execute_with_session(Some(session), |context| {
                    context.create(primary, template, None, Some(data), None, None)
                })
            })?;
            let blob = Blob {
                version: VERSION,
                pcrs: pcrs.clone(),
                public: made.out_public.marshall()?,
                private: made.out_private.value().to_vec(),
            };
            let text = serde_json::to_vec(&blob).expect("numbers and hexadecimal text serialise");
            Ok(Sealed(text))
        })
    }

    fn unseal(&self, sealed: &Sealed) -> HalResult<Zeroizing<Vec<u8>>> {
        let operation = "unseal with the TPM".to_owned();
        let blob = serde_json::from_slice::<Blob>(&sealed.0)
            .ok()
            .filter(|blob| blob.version == VERSION && blob.pcrs.iter().all(|pcr| *pcr <= MAX_PCR));
        let Some(blob) = blob else {
            self.0.actor.check_open(&operation)?;
            return Err(HalError::new(HalErrorKind::PolicyMismatch, operation));
        };
        let name = operation.clone();
        self.0.actor.call(operation, move |connection| {
            connection.make_room()?;
            // Whatever the TPM has against loading this blob, the blob is not one it made.
            let object = public_area::unmarshal(&blob.public, &blob.private)
                .and_then(|(public, private)| connection.load(public, private))
                .map_err(|error| mismatch(&name, error))?;
            let secret = unseal(connection, object, &blob.pcrs);
            let flushed = connection.context.flush_context(object.into());
            let secret = secret?;
            flushed?;
            Ok(Zeroizing::new(secret.value().to_vec()))
        })
    }
}

fn mismatch(operation: &str, error: Error) -> StepError {
    if connection_is_lost(&error) {
        return StepError::Tpm(error);
    }
    StepError::Port(HalError::with_source(HalErrorKind::PolicyMismatch, operation, error))
}

/// The digest of "these registers have their present values"; none without registers.
fn policy_digest(connection: &mut Connection, pcrs: &[u8]) -> Result<Option<Digest>, Error> {
    if pcrs.is_empty() {
        return Ok(None);
    }
    connection.in_session(SessionType::Trial, |connection, session| {
        let trial = PolicySession::try_from(session)?;
        // An empty digest stands for the registers' present values.
        connection.context.policy_pcr(trial, Digest::default(), selection(pcrs)?)?;
        connection.context.policy_get_digest(trial).map(Some)
    })
}

fn unseal(connection: &mut Connection, object: KeyHandle, pcrs: &[u8]) -> Result<SensitiveData, Error> {
    let kind = if pcrs.is_empty() { SessionType::Hmac } else { SessionType::Policy };
    connection.in_session(kind, |connection, session: AuthSession| {
        if !pcrs.is_empty() {
            let policy = PolicySession::try_from(session)?;
            connection.context.policy_pcr(policy, Digest::default(), selection(pcrs)?)?;
        }
        connection
            .context
            .execute_with_session(Some(session), |context| context.unseal(ObjectHandle::from(object)))
    })
}
