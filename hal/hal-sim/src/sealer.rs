//! Sealing with a key in memory: AES-256-GCM, the registers' values as associated data.
//!
//! A blob is `count ‖ registers ‖ nonce (12) ‖ ciphertext ‖ tag (16)`.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use hal_api::{HalError, HalErrorKind, HalResult, SealPolicy, Sealed, Sealer};
use zeroize::Zeroizing;

use crate::fault::Operation;
use crate::sim::{Content, Device, PCRS};

const MAX_SECRET: usize = 128;

/// [`Sealer`] of the simulator.
pub(crate) struct SimSealer(pub(crate) Arc<Device>);

impl Sealer for SimSealer {
    fn seal(&self, secret: &[u8], policy: &SealPolicy) -> HalResult<Sealed> {
        let what = "seal with the simulator";
        let size_is_right = (1..=MAX_SECRET).contains(&secret.len());
        if !size_is_right || policy.pcrs.iter().any(|pcr| usize::from(*pcr) >= PCRS) {
            return Err(HalError::new(HalErrorKind::InvalidInput, what));
        }
        let mut pcrs = policy.pcrs.clone();
        pcrs.sort_unstable();
        pcrs.dedup();
        self.0.call(Operation::Seal, what, |content| {
            seal(content, secret, &pcrs)
                .map_err(|error| HalError::with_source(HalErrorKind::Device, what, error))
        })
    }

    fn unseal(&self, sealed: &Sealed) -> HalResult<Zeroizing<Vec<u8>>> {
        let what = "unseal with the simulator";
        self.0.call(Operation::Unseal, what, |content| {
            unseal(content, &sealed.0).ok_or_else(|| HalError::new(HalErrorKind::PolicyMismatch, what))
        })
    }
}

fn seal(content: &Content, secret: &[u8], pcrs: &[u8]) -> Result<Sealed, Unspecified> {
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce)?;
    let mut text = secret.to_vec();
    key(content)?.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        bound_to(content, pcrs),
        &mut text,
    )?;
    // At most 24 registers.
    let count = pcrs.len() as u8;
    Ok(Sealed([&[count], pcrs, &nonce, &text].concat()))
}

fn unseal(content: &Content, blob: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (count, rest) = blob.split_first()?;
    let (pcrs, rest) = rest.split_at_checked(usize::from(*count))?;
    if pcrs.iter().any(|pcr| usize::from(*pcr) >= PCRS) {
        return None;
    }
    let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let secret = key(content).ok()?.open_in_place(nonce, bound_to(content, pcrs), &mut text).ok()?;
    Some(Zeroizing::new(secret.to_vec()))
}

fn key(content: &Content) -> Result<LessSafeKey, Unspecified> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content.sealing_key)?))
}

fn bound_to(content: &Content, pcrs: &[u8]) -> Aad<Vec<u8>> {
    let values = pcrs.iter().flat_map(|pcr| content.pcrs[usize::from(*pcr)]);
    Aad::from(pcrs.iter().copied().chain(values).collect())
}
