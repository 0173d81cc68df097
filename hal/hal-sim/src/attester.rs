//! Attestation in the form of a TPM: a marshalled `TPMS_ATTEST` (TPM 2.0 part 2, section 10.12.12),
//! signed by a P-256 key.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use hal_api::{
    Attestation, Attester, HalError, HalErrorKind, HalResult, KeyId, PcrValue, PublicKey, SignatureScheme,
};

use crate::fault::Operation;
use crate::sim::{Content, Device, PCRS};

const TPM_GENERATED: u32 = 0xff54_4347;
const ST_ATTEST_CERTIFY: u16 = 0x8017;
const ST_ATTEST_QUOTE: u16 = 0x8018;
const ALG_SHA256: u16 = 0x000b;

/// [`Attester`] of the simulator.
pub(crate) struct SimAttester(pub(crate) Arc<Device>);

impl Attester for SimAttester {
    fn attestation_key(&self) -> HalResult<PublicKey> {
        self.0.call(Operation::AttestationKey, "read the simulator's attestation key", |content| {
            Ok(content.attestation_key.public_key())
        })
    }

    fn quote(&self, nonce: &[u8], pcrs: &[u8]) -> HalResult<Attestation> {
        let what = "quote the simulator's registers";
        if !(8..=32).contains(&nonce.len()) || pcrs.iter().any(|pcr| usize::from(*pcr) >= PCRS) {
            return Err(HalError::new(HalErrorKind::InvalidInput, what));
        }
        let mut pcrs = pcrs.to_vec();
        pcrs.sort_unstable();
        pcrs.dedup();
        self.0.call(Operation::Quote, what, |content| {
            let value =
                |index: &u8| PcrValue { index: *index, digest: content.pcrs[usize::from(*index)].to_vec() };
            let values: Vec<_> = pcrs.iter().map(value).collect();
            let body = quote_info(&values);
            attest(content, what, ST_ATTEST_QUOTE, nonce, &body, values)
        })
    }

    fn certify(&self, key: &KeyId, nonce: &[u8]) -> HalResult<Attestation> {
        let what = format!("certify key {key} of the simulator");
        if !(8..=32).contains(&nonce.len()) {
            return Err(HalError::new(HalErrorKind::InvalidInput, what));
        }
        self.0.call(Operation::Certify, &what, |content| {
            let (key, _) =
                content.keys.get(key).ok_or_else(|| HalError::new(HalErrorKind::NotFound, &what))?;
            let name = sized(&name(&key.public_key()));
            let body = [&name[..], &name].concat();
            attest(content, &what, ST_ATTEST_CERTIFY, nonce, &body, Vec::new())
        })
    }
}

fn attest(
    content: &Content,
    what: &str,
    kind: u16,
    nonce: &[u8],
    body: &[u8],
    pcrs: Vec<PcrValue>,
) -> HalResult<Attestation> {
    let attestation_key = content.attestation_key.public_key();
    let mut statement = TPM_GENERATED.to_be_bytes().to_vec();
    statement.extend(kind.to_be_bytes());
    statement.extend(sized(&name(&attestation_key)));
    statement.extend(sized(nonce));
    // TPMS_CLOCK_INFO: clock, reset and restart count, safe; then the firmware version.
    statement.extend([0; 16]);
    statement.push(1);
    statement.extend([0; 8]);
    statement.extend(body);
    let signature = content
        .attestation_key
        .sign(SignatureScheme::EcdsaSha256, digest(&SHA256, &statement).as_ref())
        .map_err(|error| HalError::with_source(HalErrorKind::Device, what, error))?;
    Ok(Attestation { statement, signature, scheme: SignatureScheme::EcdsaSha256, attestation_key, pcrs })
}

/// `TPMS_QUOTE_INFO`: one selection of the SHA-256 bank and the digest over the values.
fn quote_info(values: &[PcrValue]) -> Vec<u8> {
    let mut bits = [0; 3];
    for value in values {
        bits[usize::from(value.index / 8)] |= 1 << (value.index % 8);
    }
    let all: Vec<u8> = values.iter().flat_map(|value| value.digest.iter().copied()).collect();
    let mut info = 1_u32.to_be_bytes().to_vec();
    info.extend(ALG_SHA256.to_be_bytes());
    info.push(3);
    info.extend(bits);
    info.extend(sized(digest(&SHA256, &all).as_ref()));
    info
}

/// `TPM2B`: the length, then the bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    // Nonces, names and digests: at most 34 bytes.
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

/// A name as a TPM forms it, over the plain key: the simulator has no public area.
fn name(key: &PublicKey) -> Vec<u8> {
    let bytes = match key {
        PublicKey::P256 { point } | PublicKey::Secp256k1 { point } | PublicKey::Ed25519 { point } => point,
        PublicKey::Rsa2048 { modulus, .. } => modulus,
    };
    [&ALG_SHA256.to_be_bytes(), digest(&SHA256, bytes).as_ref()].concat()
}
