//! The PIN of the box's own PKCS#11 token: random, made once, never shown to anyone.
//!
//! With a TPM it is kept sealed; without one, in a file of mode 0600, which protects it from other
//! users of the machine but not from who takes the disk. A copy that the recovery key opens outlives the TPM
//! ([`recovery`]).

pub(crate) mod recovery;

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use hal_api::volume::RecoveryKey;
use hal_api::{HalErrorKind, SealPolicy, Sealed, Sealer};
use zeroize::Zeroizing;

use crate::data_folder::{read_if_there, write_private};

const PLAIN: &str = "softhsm-pin";
const SEALED: &str = "softhsm-pin.sealed";

/// Gives the PIN; makes it when there is none and `may_make` says that the token is new. With the recovery key
/// that just opened the volume, a PIN that the TPM does not give is taken from its copy and sealed anew.
///
/// # Errors
/// One line with the cure: sealed and no TPM, sealed by another TPM, or missing beside a token that
/// was initialised with it.
pub(crate) fn load_or_make(
    folder: &Path,
    sealer: Option<&dyn Sealer>,
    recovery_key: Option<&RecoveryKey>,
    may_make: bool,
) -> Result<Zeroizing<String>> {
    let plain = folder.join(PLAIN);
    let sealed = folder.join(SEALED);
    if let Some(blob) = read_if_there(&sealed)? {
        let pin = match (unseal(&sealed, blob, sealer), recovery_key) {
            (Err(error), Some(key)) => {
                let pin = recovery::open(folder, key)?.ok_or(error)?;
                if let Some(sealer) = sealer {
                    seal(&sealed, &pin, sealer)?;
                }
                pin
            }
            (unsealed, _) => unsealed?,
        };
        // A power cut between sealing and removing leaves both.
        if plain.exists() {
            std::fs::remove_file(&plain).context("cannot remove the unsealed PIN")?;
        }
        return Ok(pin);
    }
    let pin = match read_if_there(&plain)? {
        Some(pin) => text(Zeroizing::new(pin), &plain)?,
        None if may_make => random()?,
        None => bail!(
            "the token's PIN is missing: {} is gone while its token is still there; restore the file from a backup",
            plain.display()
        ),
    };
    match sealer {
        Some(sealer) => {
            seal(&sealed, &pin, sealer)?;
            if plain.exists() {
                std::fs::remove_file(&plain).context("cannot remove the unsealed PIN")?;
            }
        }
        None => write_private(&plain, pin.as_bytes())?,
    }
    Ok(pin)
}

fn seal(path: &Path, pin: &str, sealer: &dyn Sealer) -> Result<()> {
    let blob =
        sealer.seal(pin.as_bytes(), &SealPolicy::default()).context("cannot seal the PIN with the TPM")?;
    write_private(path, &blob.0)
}

fn unseal(path: &Path, blob: Vec<u8>, sealer: Option<&dyn Sealer>) -> Result<Zeroizing<String>> {
    let Some(sealer) = sealer else {
        bail!("the token's PIN is sealed by a TPM and none is in use; start with the same --tpm as before");
    };
    match sealer.unseal(&Sealed(blob)) {
        Ok(pin) => text(pin, path),
        Err(error) if error.kind == HalErrorKind::PolicyMismatch => bail!(
            "the token's PIN was sealed by another TPM: {} does not open; bring that TPM back or restore a backup",
            path.display()
        ),
        Err(error) => Err(error).context("cannot unseal the token's PIN"),
    }
}

fn text(bytes: Zeroizing<Vec<u8>>, path: &Path) -> Result<Zeroizing<String>> {
    let text = std::str::from_utf8(&bytes).map_err(|_| anyhow!("{} does not hold a PIN", path.display()))?;
    Ok(Zeroizing::new(text.trim_end().to_owned()))
}

/// A new PIN: 128 random bits as 32 hexadecimal digits.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn random() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0_u8; 16]);
    getrandom::fill(&mut *bytes).map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
    Ok(Zeroizing::new(hex::encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use hal_api::{HalError, HalResult};

    use super::*;

    /// Turns bytes round; enough to tell sealed from plain.
    struct Mirror;

    impl Sealer for Mirror {
        fn seal(&self, secret: &[u8], _: &SealPolicy) -> HalResult<Sealed> {
            Ok(Sealed(secret.iter().rev().copied().collect()))
        }

        fn unseal(&self, sealed: &Sealed) -> HalResult<Zeroizing<Vec<u8>>> {
            if sealed.0.is_empty() {
                return Err(HalError::new(HalErrorKind::PolicyMismatch, "unseal"));
            }
            Ok(Zeroizing::new(sealed.0.iter().rev().copied().collect()))
        }
    }

    #[test]
    fn the_pin_stays_the_same_and_is_sealed_once_there_is_a_tpm() {
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_make(folder.path(), None, None, true).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(load_or_make(folder.path(), None, None, false).unwrap(), first);
        assert_eq!(load_or_make(folder.path(), Some(&Mirror), None, false).unwrap(), first);
        assert!(!folder.path().join(PLAIN).exists(), "the plain file is gone once sealed");
        assert_eq!(load_or_make(folder.path(), Some(&Mirror), None, false).unwrap(), first);
    }

    #[test]
    fn what_cannot_be_opened_is_told_with_the_cure() {
        let folder = tempfile::tempdir().unwrap();
        let told = |sealer: Option<&dyn Sealer>| {
            load_or_make(folder.path(), sealer, None, false).unwrap_err().to_string()
        };
        assert!(told(None).contains("restore the file from a backup"));
        std::fs::write(folder.path().join(SEALED), "").unwrap();
        assert!(told(None).contains("start with the same --tpm"));
        assert!(told(Some(&Mirror)).contains("sealed by another TPM"));
    }

    #[test]
    fn the_recovery_key_brings_the_pin_to_another_tpm() {
        let folder = tempfile::tempdir().unwrap();
        let key = RecoveryKey::parse(&"c".repeat(64)).unwrap();
        let pin = load_or_make(folder.path(), Some(&Mirror), None, true).unwrap();
        recovery::keep(folder.path(), &pin, &key).unwrap();
        // What another TPM sealed.
        std::fs::write(folder.path().join(SEALED), "").unwrap();
        assert!(load_or_make(folder.path(), Some(&Mirror), None, false).is_err());
        let other = RecoveryKey::parse(&"b".repeat(64)).unwrap();
        assert!(load_or_make(folder.path(), Some(&Mirror), Some(&other), false).is_err());
        assert_eq!(load_or_make(folder.path(), None, Some(&key), false).unwrap(), pin, "without a TPM");
        assert_eq!(load_or_make(folder.path(), Some(&Mirror), Some(&key), false).unwrap(), pin);
        assert_eq!(load_or_make(folder.path(), Some(&Mirror), None, false).unwrap(), pin, "sealed anew");
    }
}
