//! A second copy of the PIN, which the recovery key opens.
//!
//! The TPM that sealed the PIN may be replaced. The recovery key then opens the data partition, and the keys
//! on the token must not be lost with the TPM: so whenever a recovery key is made, the PIN is encrypted
//! under it. The copy lies on the data partition, which is encrypted itself.
//!
//! AES-256-GCM (NIST SP 800-38D) with a random nonce of 12 bytes in front; its key is HKDF-SHA-256 (RFC 5869)
//! of the recovery key, which has 256 random bits and needs no slow derivation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use hal_api::volume::{DataVolume, RecoveryKey, VolumeStatus};
use hal_api::{HalError, HalErrorKind, HalResult};
use zeroize::Zeroizing;

use crate::data_folder::{read_if_there, write_private};

const FILE: &str = "softhsm-pin.recovery";
/// Binds key and copy to this use; the number changes with the form.
const PURPOSE: &[u8] = b"anya: PIN under the recovery key, 1";

/// Keeps the PIN for whoever has this recovery key, in place of the one before.
pub(crate) fn keep(folder: &Path, pin: &str, key: &RecoveryKey) -> Result<()> {
    let mut nonce = [0_u8; NONCE_LEN];
    getrandom::fill(&mut nonce).map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
    let mut copy = pin.as_bytes().to_vec();
    aead_key(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(PURPOSE), &mut copy)
        .map_err(|_| anyhow!("cannot encrypt the PIN under the recovery key"))?;
    write_private(&folder.join(FILE), &[nonce.as_slice(), &copy].concat())
}

/// The PIN, where this recovery key opens its copy.
pub(crate) fn open(folder: &Path, key: &RecoveryKey) -> Result<Option<Zeroizing<String>>> {
    let Some(file) = read_if_there(&folder.join(FILE))? else { return Ok(None) };
    let Some((nonce, copy)) = file.split_first_chunk::<NONCE_LEN>() else { return Ok(None) };
    let mut copy = Zeroizing::new(copy.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let Ok(pin) = aead_key(key)?.open_in_place(nonce, Aad::from(PURPOSE), &mut copy) else { return Ok(None) };
    let pin = std::str::from_utf8(pin).context("the copy of the PIN is no text")?;
    Ok(Some(Zeroizing::new(pin.to_owned())))
}

fn aead_key(key: &RecoveryKey) -> Result<LessSafeKey> {
    let derived = Salt::new(HKDF_SHA256, &[]).extract(key.expose().as_bytes());
    let derived = derived.expand(&[PURPOSE], &AES_256_GCM).map_err(|_| anyhow!("cannot derive a key"))?;
    Ok(LessSafeKey::new(UnboundKey::from(derived)))
}

/// The volume, keeping the PIN under each recovery key that is made.
pub(crate) struct KeepsPin {
    pub(crate) volume: Arc<dyn DataVolume>,
    /// Where secrets lie.
    pub(crate) folder: PathBuf,
    pub(crate) pin: Zeroizing<String>,
}

impl DataVolume for KeepsPin {
    fn status(&self) -> HalResult<VolumeStatus> {
        self.volume.status()
    }

    fn unlock(&self, key: &RecoveryKey) -> HalResult<VolumeStatus> {
        self.volume.unlock(key)
    }

    /// A key that is told opens both: where the PIN cannot be kept, the key is not told.
    fn make_recovery_key(&self) -> HalResult<RecoveryKey> {
        let key = self.volume.make_recovery_key()?;
        keep(&self.folder, &self.pin, &key).map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "cannot keep the PIN under the recovery key");
            HalError::new(HalErrorKind::Device, "keep the PIN under the recovery key")
        })?;
        Ok(key)
    }

    fn reseal(&self, key: &RecoveryKey) -> HalResult<()> {
        self.volume.reseal(key)
    }

    fn erase(&self) -> HalResult<()> {
        self.volume.erase()
    }

    fn restart(&self) -> HalResult<()> {
        self.volume.restart()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: char) -> RecoveryKey {
        RecoveryKey::parse(&letter.to_string().repeat(64)).unwrap()
    }

    #[test]
    fn the_newest_recovery_key_alone_opens_the_copy_and_the_pin_is_not_in_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(open(folder.path(), &key('c')).unwrap(), None);
        keep(folder.path(), "0123456789abcdef", &key('c')).unwrap();
        let kept = std::fs::read(folder.path().join(FILE)).unwrap();
        assert!(!String::from_utf8_lossy(&kept).contains("0123456789"));
        assert_eq!(open(folder.path(), &key('c')).unwrap().unwrap().as_str(), "0123456789abcdef");
        assert_eq!(open(folder.path(), &key('b')).unwrap(), None);
        keep(folder.path(), "0123456789abcdef", &key('b')).unwrap();
        assert_eq!(open(folder.path(), &key('c')).unwrap(), None);
        std::fs::write(folder.path().join(FILE), &kept[..20]).unwrap();
        assert_eq!(open(folder.path(), &key('c')).unwrap(), None, "a copy that was cut opens nothing");
    }
}
