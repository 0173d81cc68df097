//! Attestation: quotes of registers and certificates of keys, signed by the attestation key.

use std::sync::Arc;

use hal_api::{
    Attestation, Attester, HalError, HalErrorKind, HalResult, KeyAlgorithm, KeyId, PcrValue, PublicKey,
    SignatureScheme,
};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    Attest, Data, PcrSelectionList, PcrSlot, Signature, SignatureScheme as TpmScheme,
};
use tss_esapi::traits::Marshall as _;
use tss_esapi::{Error, WrapperErrorKind};

use crate::connection::Connection;
use crate::open::Device;
use crate::{public_area, signer};

/// How often a quote is made again when registers changed while they were read.
const QUOTE_TRIES: usize = 3;
const MAX_PCR: u8 = 23;

/// [`Attester`] over a TPM.
pub(crate) struct TpmAttester(pub(crate) Arc<Device>);

impl Attester for TpmAttester {
    fn attestation_key(&self) -> HalResult<PublicKey> {
        let operation = "read the TPM's attestation key".to_owned();
        self.0.actor.call(operation, |connection| Ok(attestation_key(connection)?))
    }

    fn quote(&self, nonce: &[u8], pcrs: &[u8]) -> HalResult<Attestation> {
        let operation = "quote the TPM's registers".to_owned();
        if !nonce_is_right(nonce) || pcrs.iter().any(|pcr| *pcr > MAX_PCR) {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation));
        }
        let mut pcrs = pcrs.to_vec();
        pcrs.sort_unstable();
        pcrs.dedup();
        let (nonce, name) = (nonce.to_vec(), operation.clone());
        self.0.actor.call(operation, move |connection| {
            for _ in 0..QUOTE_TRIES {
                let key = connection.attestation_key()?;
                let (before, values) = read_pcrs(connection, &pcrs)?;
                let (data, chosen) = (Data::try_from(nonce.as_slice())?, selection(&pcrs)?);
                let signed =
                    connection.context.execute_with_session(Some(AuthSession::Password), |context| {
                        context.quote(key, data, TpmScheme::Null, chosen)
                    })?;
                // Otherwise the values beside the quote might not be the quoted ones.
                if read_pcrs(connection, &pcrs)?.0 == before {
                    return Ok(attestation(connection, signed, values)?);
                }
            }
            Err(HalError::new(HalErrorKind::Busy, name.clone()).into())
        })
    }

    fn certify(&self, key: &KeyId, nonce: &[u8]) -> HalResult<Attestation> {
        let operation = format!("certify key {key} of the TPM");
        if !nonce_is_right(nonce) {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation));
        }
        let (device, id, nonce, name) = (Arc::clone(&self.0), *key, nonce.to_vec(), operation.clone());
        self.0.actor.call(operation, move |connection| {
            let Some(key) = device.keys.get(&id) else {
                return Err(HalError::new(HalErrorKind::NotFound, name.clone()).into());
            };
            let subject = connection.key(&id, &key.public, &key.private)?;
            // With two places, loading this one keeps the one above.
            let signing = connection.attestation_key()?;
            let data = Data::try_from(nonce.as_slice())?;
            let password = Some(AuthSession::Password);
            let signed = connection.context.execute_with_sessions((password, password, None), |context| {
                context.certify(subject.into(), signing, data, TpmScheme::Null)
            })?;
            Ok(attestation(connection, signed, Vec::new())?)
        })
    }
}

fn nonce_is_right(nonce: &[u8]) -> bool {
    (8..=32).contains(&nonce.len())
}

fn attestation_key(connection: &mut Connection) -> Result<PublicKey, Error> {
    let handle = connection.attestation_key()?;
    let (public, ..) = connection.context.execute_without_session(|context| context.read_public(handle))?;
    public_area::plain(&public)
}

fn attestation(
    connection: &mut Connection,
    (statement, signature): (Attest, Signature),
    pcrs: Vec<PcrValue>,
) -> Result<Attestation, Error> {
    Ok(Attestation {
        statement: statement.marshall()?,
        signature: signer::plain(&signature, KeyAlgorithm::P256)?,
        scheme: SignatureScheme::EcdsaSha256,
        attestation_key: attestation_key(connection)?,
        pcrs,
    })
}

/// These registers of the SHA-256 bank.
pub(crate) fn selection(pcrs: &[u8]) -> Result<PcrSelectionList, Error> {
    let slots = pcrs.iter().map(|pcr| {
        let bit = 1_u32.checked_shl(u32::from(*pcr)).unwrap_or_default();
        PcrSlot::try_from(bit)
    });
    let slots = slots.collect::<Result<Vec<_>, _>>()?;
    PcrSelectionList::builder().with_selection(HashingAlgorithm::Sha256, &slots).build()
}

/// The registers' values and the TPM's count of changes to any register.
fn read_pcrs(connection: &mut Connection, pcrs: &[u8]) -> Result<(u32, Vec<PcrValue>), Error> {
    let mut values = Vec::with_capacity(pcrs.len());
    let mut counter = 0;
    // An answer has room for eight values (TPML_DIGEST).
    for some in pcrs.chunks(8) {
        let chosen = selection(some)?;
        let (now, _, digests) =
            connection.context.execute_without_session(|context| context.pcr_read(chosen))?;
        if digests.len() != some.len() {
            return Err(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm));
        }
        counter = now;
        let digests = digests.value().iter().map(|digest| digest.value().to_vec());
        values.extend(some.iter().zip(digests).map(|(index, digest)| PcrValue { index: *index, digest }));
    }
    Ok((counter, values))
}
